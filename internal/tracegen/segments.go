package tracegen

import (
	"encoding/binary"
	"io"
)

const (
	fin = 1
	syn = 2
	rst = 4
	psh = 8
	ack = 16
	urg = 32
)

const (
	maxSegment = 1448 // bytes of payload beside timestamps
	window     = 502  // as advertised; scaled by windowScale
)

// windowScale is the shift count that both sides' SYNs carry.
const windowScale = 7

// segments writes a capture (pcap, nanoseconds, Ethernet), a segment at a time.
type segments struct {
	w       io.Writer
	now     int64
	err     error // the first one of w
	body    [maxSegment]byte
	options [40]byte
	frame   [maxHeaders + maxSegment]byte
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

// write writes one segment of c, with the options that Linux sends.
func (s *segments) write(c *conn, side int, flags byte, length int) {
	p := packet{
		source: c.client, target: c.server, sourcePort: c.port, targetPort: 80,
		seq: c.seq[side], flags: flags, window: window, payload: length, fromServer: side == 1,
	}
	if p.fromServer {
		p.source, p.target, p.sourcePort, p.targetPort = p.target, p.source, p.targetPort, p.sourcePort
	}
	c.id[side]++
	p.id = c.id[side]
	if flags&ack != 0 {
		p.ack = c.seq[1-side] - c.behind[side]
	}
	if flags&syn != 0 {
		p.options = s.synOptions(c.stamp[1-side], windowScale)
	} else {
		p.options = s.timestamps(c.stamp[1-side])
	}
	c.stamp[side] = s.clock()
	s.put(&shape{}, &p)
	c.seq[side] += uint32(length)
	if flags&(syn|fin) != 0 {
		c.seq[side]++
	}
}

// clock is what goes into timestamps: milliseconds.
func (s *segments) clock() uint32 { return uint32(s.now / 1e6) }

// synOptions are a SYN's options: MSS 1460, SACK permitted, timestamps, window
// scale. They are valid until the next options are made.
func (s *segments) synOptions(echo uint32, scale byte) []byte {
	o := s.options[:20]
	copy(o, []byte{2, 4, 5, 180, 4, 2, 8, 10})
	binary.BigEndian.PutUint32(o[8:], s.clock())
	binary.BigEndian.PutUint32(o[12:], echo)
	copy(o[16:], []byte{1, 3, 3, scale})
	return o
}

// timestamps are the options of any other segment, valid until the next options
// are made.
func (s *segments) timestamps(echo uint32) []byte {
	o := s.options[:12]
	copy(o, []byte{1, 1, 8, 10})
	binary.BigEndian.PutUint32(o[4:], s.clock())
	binary.BigEndian.PutUint32(o[8:], echo)
	return o
}
