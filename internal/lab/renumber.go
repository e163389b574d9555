//go:build linux

package lab

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// tcpOf returns the TCP part of a frame that route has accepted, and its pseudo-header's
// addresses.
func tcpOf(frame []byte) (tcp, addresses []byte) {
	ip := frame[14:]
	if binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IP {
		header := int(ip[0]&15) * 4
		return ip[header:binary.BigEndian.Uint16(ip[2:])], ip[12:20]
	}
	return ip[40 : 40+int(binary.BigEndian.Uint16(ip[4:]))], ip[8:40]
}

// renumber adds to a segment's numbers, those of its SACK blocks too, what a firewall adds
// that hides the numbers of both hosts.
func renumber(frame []byte, dir Direction, add [2]uint32) {
	if add == [2]uint32{} || len(frame) < 54 {
		return
	}
	tcp, addresses := tcpOf(frame)
	own, other := add[0], -add[1] // the server counts in numbers that the client does not know
	if dir == ToClient {
		own, other = add[1], -add[0]
	}
	more := func(b []byte, n uint32) { binary.BigEndian.PutUint32(b, binary.BigEndian.Uint32(b)+n) }
	more(tcp[4:], own)
	if tcp[13]&16 != 0 {
		more(tcp[8:], other)
	}
	const end, noOperation, sack = 0, 1, 5
	for options := tcp[20 : int(tcp[12]>>4)*4]; len(options) > 1 && options[0] != end; {
		if options[0] == noOperation {
			options = options[1:]
			continue
		}
		n := int(options[1])
		if n < 2 || n > len(options) {
			break
		}
		if options[0] == sack {
			for i := 2; i+4 <= n; i += 4 {
				more(options[i:], other)
			}
		}
		options = options[n:]
	}
	seal(tcp, addresses)
}

// seal fills in the TCP checksum.
func seal(tcp, addresses []byte) {
	tcp[16], tcp[17] = 0, 0
	sum := uint32(unix.IPPROTO_TCP) + uint32(len(tcp))
	for _, b := range [][]byte{addresses, tcp} {
		for i := range b {
			sum += uint32(b[i]) << (8 * (1 - i%2))
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(tcp[16:], ^uint16(sum))
}

// secondAnswer makes the SYN-ACK of another host that answers the SYN in the frame, from a
// TTL of three hops away.
func secondAnswer(syn []byte, dir Direction) []byte {
	data := append([]byte(nil), syn...)
	frame := data[virtioHeader:]
	ip, hops := frame[14:], 7
	width, at := 16, 8
	if binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IP {
		width, at, hops = 4, 12, 8
	}
	for i := range width {
		ip[at+i], ip[at+width+i] = ip[at+width+i], ip[at+i]
	}
	if width == 4 {
		old := ip[hops]
		ip[hops] = 61
		sum := uint32(binary.BigEndian.Uint16(ip[10:])) + uint32(old)<<8 + 0xffff - 61<<8
		for sum > 0xffff {
			sum = sum>>16 + sum&0xffff
		}
		binary.BigEndian.PutUint16(ip[10:], uint16(sum))
	} else {
		ip[hops] = 61
	}
	tcp, addresses := tcpOf(frame)
	seq := binary.BigEndian.Uint32(tcp[4:])
	for i := range 2 {
		tcp[i], tcp[2+i] = tcp[2+i], tcp[i]
	}
	binary.BigEndian.PutUint32(tcp[4:], seq*2654435761+12345)
	binary.BigEndian.PutUint32(tcp[8:], seq+1)
	tcp[13] |= 16
	for options := tcp[20 : int(tcp[12]>>4)*4]; len(options) > 1 && options[0] != 0; { // it echoes the timestamp
		if options[0] == 1 {
			options = options[1:]
			continue
		}
		if options[0] == 8 && len(options) >= 10 {
			copy(options[6:10], options[2:6])
			binary.BigEndian.PutUint32(options[2:], 77_000_000)
			break
		}
		if options[1] < 2 || int(options[1]) > len(options) {
			break
		}
		options = options[options[1]:]
	}
	seal(tcp, addresses)
	readdress(frame, 1-dir)
	return data
}
