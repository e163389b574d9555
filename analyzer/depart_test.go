package analyzer_test

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// inVLAN puts VLAN tags on a connection's packets, on none, on all, or otherwise on
// one direction than on the other.
func inVLAN(c []packet, choose func(n int) int) []packet {
	tags := [][2]byte{{}, {}, {5, 5}, {5, 5}, {6, 5}, {0, 6}}[choose(6)]
	c = slices.Clone(c)
	for i, p := range c {
		tag := tags[0]
		if !bytes.Equal(p.data[34:36], c[0].data[34:36]) {
			tag = tags[1]
		}
		if tag != 0 {
			c[i].data = slices.Insert(bytes.Clone(p.data), 12, 0x81, 0, 0, tag)
		}
	}
	return c
}

// Where things are in the packets: Ethernet, IPv4 without options, TCP.
const (
	atTOS    = 15
	atIPLen  = 16
	atIPID   = 18
	atTTL    = 22
	atSeq    = 38
	atAck    = 42
	atFlags  = 47
	atWindow = 48
	atUrgent = 52
	atOpts   = 54
)

// asTLS has a connection end as those of TLS often do: behind the first FIN the other side's
// close_notify, and the RST that answers it.
func asTLS(c []packet) []packet {
	be := binary.BigEndian
	fin := slices.IndexFunc(c, func(p packet) bool { return p.data[atFlags]&1 != 0 })
	if fin < 0 {
		return c
	}
	next := func(d []byte) (n uint32) { // the number behind the packet's
		n = be.Uint32(d[atSeq:]) + uint32(int(be.Uint16(d[atIPLen:]))-20-int(d[46]>>4)*4)
		return n + uint32(d[atFlags]&1) + uint32(d[atFlags]>>1&1)
	}
	closing := c[fin].data
	var peer []byte // the other side's latest
	for _, p := range c[:fin] {
		if !bytes.Equal(p.data[34:36], closing[34:36]) {
			peer = p.data
		}
	}
	header := atOpts - 20 + int(peer[46]>>4)*4
	alert := append(bytes.Clone(peer[:header]), 21, 3, 3, 0, 26)
	alert = append(alert, make([]byte, 26)...)
	be.PutUint16(alert[atIPLen:], uint16(len(alert)-14))
	be.PutUint32(alert[atSeq:], next(peer))
	be.PutUint32(alert[atAck:], next(closing))
	alert[atFlags] = 0x18
	rst := bytes.Clone(closing[:atOpts])
	rst[46], rst[atFlags] = 5<<4, 4
	be.PutUint16(rst[atIPLen:], 40)
	be.PutUint32(rst[atSeq:], next(closing))
	be.PutUint32(rst[atAck:], 0)
	be.PutUint16(rst[atWindow:], 0)
	at := c[fin].time
	return append(slices.Clone(c[:fin+1]), packet{at + 300_000, alert}, packet{at + 310_000, rst})
}

// unanswered has the server of a connection close without an answer to the client's last data,
// after a greeting or without one, or behind an answer or the beginning of one, or with a fatal alert of TLS.
func unanswered(c []packet, choose func(n int) int) []packet {
	be := binary.BigEndian
	asks := slices.IndexFunc(c, func(p packet) bool { return dataOf(p) > 0 })
	if asks < 3 || c[asks].data[34] == 0 && c[asks].data[35] == 80 { // no handshake, or the server speaks first
		return c
	}
	out := slices.Clone(c[:asks])
	client, server := c[asks].data, c[1].data
	at, mine, theirs := c[asks].time, be.Uint32(client[atSeq:]), be.Uint32(client[atAck:])
	say := func(like []byte, flags byte, data []byte) {
		header := atOpts - 20 + int(like[46]>>4)*4
		if len(like) == len(server) && &like[0] == &server[0] { // the SYN-ACK's options are others
			header = atOpts - 20 + int(client[46]>>4)*4
			like = append(bytes.Clone(server[:atOpts]), client[atOpts:header]...)
			like[46] = client[46]
			be.PutUint16(like[atWindow:], 501)
			if header-atOpts >= 12 {
				copy(like[header-8:], client[header-4:header])
				copy(like[header-4:], client[header-8:header-4])
			}
		}
		d := append(bytes.Clone(like[:header]), data...)
		own, peer := &mine, &theirs
		if d[34] == 0 && d[35] == 80 {
			own, peer = peer, own
		}
		be.PutUint16(d[atIPLen:], uint16(len(d)-14))
		be.PutUint16(d[atIPID:], be.Uint16(d[atIPID:])+uint16(100+len(out)))
		be.PutUint32(d[atSeq:], *own)
		be.PutUint32(d[atAck:], *peer)
		d[atFlags] = flags
		*own += uint32(len(data)) + uint32(flags&1)
		at += 100_000
		out = append(out, packet{at, d})
	}
	if choose(2) == 0 {
		say(server, 0x18, make([]byte, 40))
		say(client, 0x10, nil)
	}
	request := append([]byte("GET /one HTTP/1.1\r\n"), bytes.Repeat([]byte{'a'}, choose(160))...)
	if choose(4) > 0 { // its header ends
		request = append(request, "\r\n\r\n"...)
	}
	if choose(4) == 0 {
		request = bytes.Repeat([]byte{7}, len(request))
	}
	say(client, 0x18, request)
	say(server, 0x10, nil)
	if choose(3) == 0 { // an answer, or some of it
		say(server, 0x18, append([]byte("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n"), make([]byte, 100*(2+choose(2)))...))
	}
	if choose(4) == 0 {
		say(server, 0x18, []byte{21, 3, 3, 0, 2, 2, 40}) // handshake_failure of TLS
	}
	say(server, 0x11, nil)
	say(client, 0x11, nil)
	say(server, 0x10, nil)
	return out
}

// dataOf returns how many octets of data a packet has.
func dataOf(p packet) int {
	return int(binary.BigEndian.Uint16(p.data[atIPLen:])) - 20 - int(p.data[46]>>4)*4
}

// depart changes one thing about a connection. With some changes it stays clean.
func depart(c []packet, choose func(n int) int) []packet {
	if len(c) == 0 || len(c) > 200 { // it may be doubled each time
		return c
	}
	c = slices.Clone(c)
	i := choose(len(c))
	c[i].data = bytes.Clone(c[i].data)
	few := []uint32{1, ^uint32(0), 2, 1448, ^uint32(1447), 100_000, 1 << 31}[choose(7)]
	switch kind := choose(22); kind {
	case 0, 1, 2, 3, 4, 19, 20, 21:
		c = rearrange(c, i, kind, few, choose)
	default:
		alter(c, i, kind, few, choose)
	}
	if len(c) == 0 {
		return nil
	}
	return c
}

// rearrange changes which packets there are, and when.
func rearrange(c []packet, i, kind int, few uint32, choose func(n int) int) []packet {
	d, be := c[i].data, binary.BigEndian
	switch kind {
	case 0: // lost before the tap
		c = slices.Delete(c, i, i+1)
	case 1: // retransmitted, soon or late
		again := packet{c[i].time + []fsm.Time{1000, 3_000_000, 300_000_000, 70 * fsm.Second}[choose(4)], bytes.Clone(d)}
		be.PutUint16(again.data[atIPID:], be.Uint16(d[atIPID:])+uint16(1+choose(50)))
		c = append(c, again)
	case 2: // captured twice
		c = append(c, packet{c[i].time + fsm.Time(choose(100_000)), d})
	case 3: // overtaken
		if i > 0 {
			c[i].time, c[i-1].time = c[i-1].time, c[i].time
		}
	case 4: // everything later
		wait := []fsm.Time{40_000_000, 200_000_000, fsm.Second, 61 * fsm.Second, 200 * fsm.Second}[choose(5)]
		for k := i; k < len(c); k++ {
			c[k].time += wait
		}
	case 19: // the end is not captured
		c = c[:i]
	case 20: // nor the beginning
		c = c[i:]
	case 21: // the same once more, from the start
		span := c[len(c)-1].time - c[0].time + []fsm.Time{1, fsm.Second, 130 * fsm.Second}[choose(3)]
		for _, p := range slices.Clone(c) {
			q := bytes.Clone(p.data)
			be.PutUint16(q[atIPID:], be.Uint16(q[atIPID:])+200)
			if few&1 != 0 { // other numbers
				be.PutUint32(q[atSeq:], be.Uint32(q[atSeq:])+1_000_000)
				if q[atFlags]&16 != 0 {
					be.PutUint32(q[atAck:], be.Uint32(q[atAck:])+1_000_000)
				}
			}
			c = append(c, packet{p.time + span, q})
		}
	}
	return c
}

// alter changes what is in a packet, or the same in many.
func alter(c []packet, i, kind int, few uint32, choose func(n int) int) {
	d, be := c[i].data, binary.BigEndian
	header := min(max(atOpts, atOpts-20+int(d[46]>>4)*4), len(d))
	switch kind {
	case 5:
		be.PutUint32(d[atSeq:], be.Uint32(d[atSeq:])+few)
	case 6:
		be.PutUint32(d[atAck:], be.Uint32(d[atAck:])+few)
	case 7:
		d[atFlags] ^= 1 << choose(8)
	case 8:
		d[46] ^= 1 << choose(4)
	case 9:
		be.PutUint16(d[atWindow:], []uint16{0, 1, 3, 501, 503, 65535, 30}[choose(7)])
	case 10: // all windows of the side
		w := []uint16{0, 1, 20, 100, 65535}[choose(5)]
		for k := range c {
			if bytes.Equal(c[k].data[34:36], d[34:36]) {
				c[k].data = bytes.Clone(c[k].data)
				be.PutUint16(c[k].data[atWindow:], w)
			}
		}
	case 11:
		if header > atOpts {
			d[atOpts+choose(header-atOpts)] ^= 1 << choose(8)
		}
	case 12: // timestamps
		if header-atOpts >= 12 {
			at := header - 8 + 4*choose(2)
			be.PutUint32(d[at:], be.Uint32(d[at:])+few)
		}
	case 13: // without options
		for k := atOpts; k < header; k++ {
			d[k] = 1
		}
	case 14: // without options on any segment
		for k := range c {
			p := bytes.Clone(c[k].data)
			for o := atOpts; o < min(len(p), atOpts-20+int(p[46]>>4)*4); o++ {
				p[o] = 1
			}
			c[k].data = p
		}
	case 15:
		d[atTOS] ^= 1 << choose(8)
	case 16:
		d[atTTL] -= uint8(1 + choose(30))
	case 17: // cut off or drawn out
		if room := len(d) - header; room > 0 {
			d = d[:len(d)-1-choose(room)]
		} else {
			d = append(d, make([]byte, 1+choose(2000))...)
		}
		be.PutUint16(d[atIPLen:], uint16(len(d)-14))
		c[i].data = d
	case 18:
		be.PutUint16(d[atUrgent:], uint16(1+choose(100)))
	}
}
