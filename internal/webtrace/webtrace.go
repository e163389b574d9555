// Package webtrace makes the capture that speed is measured on: short HTTP
// connections of many clients to a few servers, some hundreds under way at a
// time, with right checksums. The same arguments give the same octets.
package webtrace

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
)

// Write writes a capture (pcap, nanoseconds, Ethernet) of at least n packets to
// w: whole connections, of 11 packets and more.
func Write(w io.Writer, n int, seed uint64) error {
	g := &generator{w: w, rng: rand.New(rand.NewPCG(seed, 1)), now: 1_790_000_000_000_000_000}
	header := make([]byte, 24)
	binary.LittleEndian.PutUint32(header, 0xa1b23c4d)
	binary.LittleEndian.PutUint16(header[4:], 2)
	binary.LittleEndian.PutUint16(header[6:], 4)
	binary.LittleEndian.PutUint32(header[16:], 262144)
	binary.LittleEndian.PutUint32(header[20:], 1)
	if _, err := w.Write(header); err != nil {
		return err
	}
	for i := range g.body {
		g.body[i] = 'a' + byte(i%26)
	}
	active := make([]*conn, concurrent)
	for i := range active {
		active[i] = g.connect()
	}
	for left := concurrent; left > 0; {
		i := g.rng.IntN(len(active))
		c := active[i]
		if c == nil {
			continue
		}
		if !g.step(c) {
			active[i] = nil
			if g.packets < n {
				active[i] = g.connect()
			} else {
				left--
			}
		}
		if g.err != nil {
			return g.err
		}
	}
	return nil
}

const concurrent = 400

type generator struct {
	w       io.Writer
	rng     *rand.Rand
	now     int64
	packets int
	conns   uint32
	err     error
	body    [1448]byte
	frame   [16 + 14 + 20 + 32 + 8 + 1448]byte
}

// conn is one HTTP exchange, played a segment at a time.
type conn struct {
	client, server   uint32
	port             uint16
	seq              [2]uint32 // next number of client and server
	stage, responses int
	id               [2]uint16
	stamp            [2]uint32 // latest timestamps
}

func (g *generator) connect() *conn {
	g.conns++
	return &conn{
		client: 0x0a000000 | (g.conns/28000)<<8 | g.conns%200 + 2, server: 0x0a640000 | g.conns%16 + 1, port: uint16(32768 + g.conns%28000),
		seq: [2]uint32{g.rng.Uint32(), g.rng.Uint32()}, responses: 1 + g.rng.IntN(12),
	}
}

const (
	fin = 1
	syn = 2
	psh = 8
	ack = 16
)

// step sends the connection's next segment and reports whether more follow.
func (g *generator) step(c *conn) bool {
	switch s := c.stage; {
	case s == 0:
		g.send(c, 0, syn, 0)
	case s == 1:
		g.send(c, 1, syn|ack, 0)
	case s == 2:
		g.send(c, 0, ack, 0)
	case s == 3:
		g.send(c, 0, psh|ack, 80+g.rng.IntN(400))
	case s == 4:
		g.send(c, 1, ack, 0)
	case s < 5+2*c.responses:
		if s%2 == 1 {
			g.send(c, 1, ack, 1448)
		} else {
			g.send(c, 0, ack, 0)
		}
	default:
		switch s - 5 - 2*c.responses {
		case 0:
			g.send(c, 1, psh|ack, 1+g.rng.IntN(1400))
		case 1:
			g.send(c, 0, ack, 0)
		case 2:
			g.send(c, 0, fin|ack, 0)
		case 3:
			g.send(c, 1, fin|ack, 0)
		case 4:
			g.send(c, 0, ack, 0)
			return false
		}
	}
	c.stage++
	return true
}

// send writes one segment from side 0, the client, or 1, the server.
func (g *generator) send(c *conn, side int, flags byte, length int) {
	g.now += int64(1000 + g.rng.IntN(4000))
	options := 12
	if flags&syn != 0 {
		options = 20
	}
	total := 20 + 20 + options + length
	b := g.frame[:16+14+total]
	le, be := binary.LittleEndian, binary.BigEndian
	le.PutUint32(b, uint32(g.now/1e9))
	le.PutUint32(b[4:], uint32(g.now%1e9))
	le.PutUint32(b[8:], uint32(14+total))
	le.PutUint32(b[12:], uint32(14+total))
	eth := b[16:]
	copy(eth, []byte{2, 0, 0, 0, 0, byte(side), 2, 0, 0, 0, 0, byte(1 - side), 8, 0})
	ip := eth[14:]
	src, dst := c.client, c.server
	sport, dport := c.port, uint16(80)
	if side == 1 {
		src, dst, sport, dport = dst, src, dport, sport
	}
	c.id[side]++
	ip[0], ip[1] = 0x45, 0
	be.PutUint16(ip[2:], uint16(total))
	be.PutUint16(ip[4:], c.id[side])
	be.PutUint16(ip[6:], 0x4000)
	ip[8], ip[9], ip[10], ip[11] = 64, 6, 0, 0
	be.PutUint32(ip[12:], src)
	be.PutUint32(ip[16:], dst)
	be.PutUint16(ip[10:], ^fold(sum(0, ip[:20])))
	tcp := ip[20:total]
	be.PutUint16(tcp, sport)
	be.PutUint16(tcp[2:], dport)
	be.PutUint32(tcp[4:], c.seq[side])
	be.PutUint32(tcp[8:], 0)
	if flags&ack != 0 {
		be.PutUint32(tcp[8:], c.seq[1-side])
	}
	tcp[12], tcp[13] = byte((20+options)/4)<<4, flags
	be.PutUint16(tcp[14:], 502)
	be.PutUint32(tcp[16:], 0)
	o := tcp[20:]
	if flags&syn != 0 {
		copy(o, []byte{2, 4, 5, 180, 4, 2, 8, 10})
		copy(o[16:], []byte{1, 3, 3, 7})
		o = o[8:]
	} else {
		copy(o, []byte{1, 1, 8, 10})
		o = o[4:]
	}
	ms := uint32(g.now / 1e6)
	be.PutUint32(o, ms)
	be.PutUint32(o[4:], c.stamp[1-side])
	c.stamp[side] = ms
	copy(tcp[20+options:], g.body[:length])
	pseudo := sum(uint64(6+len(tcp)), ip[12:20])
	be.PutUint16(tcp[16:], ^fold(sum(pseudo, tcp)))
	c.seq[side] += uint32(length)
	if flags&(syn|fin) != 0 {
		c.seq[side]++
	}
	g.packets++
	if _, err := g.w.Write(b); err != nil {
		g.err = err
	}
}

func sum(acc uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

func fold(acc uint64) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc)
}
