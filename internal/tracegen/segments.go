package tracegen

import (
	"encoding/binary"
	"io"

	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
)

const (
	fin = 1
	syn = 2
	psh = 8
	ack = 16
)

const (
	maxSegment = 1448 // octets of payload beside timestamps
	window     = 502  // as advertised; scaled by windowScale
)

// windowScale is the shift count that both sides' SYNs carry.
const windowScale = 7

// segments writes a capture (pcap, nanoseconds, Ethernet), a segment at a time.
type segments struct {
	w     io.Writer
	now   int64
	err   error // the first one of w
	body  [maxSegment]byte
	frame [16 + 14 + 20 + 32 + 8 + maxSegment]byte
}

// begin writes the file's header.
func (s *segments) begin(w io.Writer) {
	s.w, s.now = w, 1_790_000_000_000_000_000
	for i := range s.body {
		s.body[i] = 'a' + byte(i%26)
	}
	header := make([]byte, 24)
	le := binary.LittleEndian
	le.PutUint32(header, 0xa1b23c4d)
	le.PutUint16(header[4:], 2)
	le.PutUint16(header[6:], 4)
	le.PutUint32(header[16:], 262144)
	le.PutUint32(header[20:], 1)
	_, s.err = w.Write(header)
}

// write writes one segment of c.
func (s *segments) write(c *conn, side int, flags byte, length int) {
	options := 12
	if flags&syn != 0 {
		options = 20
	}
	total := 20 + 20 + options + length
	b := s.frame[:16+14+total]
	le, be := binary.LittleEndian, binary.BigEndian
	le.PutUint32(b, uint32(s.now/1e9))
	le.PutUint32(b[4:], uint32(s.now%1e9))
	le.PutUint32(b[8:], uint32(14+total))
	le.PutUint32(b[12:], uint32(14+total))
	copy(b[16:], []byte{2, 0, 0, 0, 0, byte(side), 2, 0, 0, 0, 0, byte(1 - side), 8, 0})
	ip := b[16+14:]
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
	be.PutUint16(ip[10:], ^checksum.Fold(checksum.Sum(0, ip[:20])))
	tcp := ip[20:total]
	be.PutUint16(tcp, sport)
	be.PutUint16(tcp[2:], dport)
	be.PutUint32(tcp[4:], c.seq[side])
	be.PutUint32(tcp[8:], 0)
	if flags&ack != 0 {
		be.PutUint32(tcp[8:], c.seq[1-side]-c.behind[side])
	}
	tcp[12], tcp[13] = byte((20+options)/4)<<4, flags
	be.PutUint16(tcp[14:], window)
	be.PutUint32(tcp[16:], 0)
	o := tcp[20:]
	if flags&syn != 0 {
		copy(o, []byte{2, 4, 5, 180, 4, 2, 8, 10}) // MSS 1460, SACK permitted, timestamps
		copy(o[16:], []byte{1, 3, 3, windowScale})
		o = o[8:]
	} else {
		copy(o, []byte{1, 1, 8, 10})
		o = o[4:]
	}
	ms := uint32(s.now / 1e6)
	be.PutUint32(o, ms)
	be.PutUint32(o[4:], c.stamp[1-side])
	c.stamp[side] = ms
	copy(tcp[20+options:], s.body[:length])
	pseudo := checksum.Sum(uint64(6+len(tcp)), ip[12:20])
	be.PutUint16(tcp[16:], ^checksum.Fold(checksum.Sum(pseudo, tcp)))
	c.seq[side] += uint32(length)
	if flags&(syn|fin) != 0 {
		c.seq[side]++
	}
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
}
