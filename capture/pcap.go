package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// The magic numbers of the pcap format, as a little-endian file begins.
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Kuznetzov's patch of 1999: longer record headers
)

const (
	pcapHeaderLen = 24

	// maxCaptured bounds what one pcap record may hold, as libpcap does. The
	// snap length in the header is no bound: pcapgo refuses records that
	// exceed it, and allocates gigabytes where it claims them.
	maxCaptured = 262144
)

// pcapFile reads the classic pcap format.
type pcapFile struct {
	file
	big       bool   // fields are big-endian
	recordLen int    // length of a record's header
	nanos     uint64 // nanoseconds in a unit of the fractional part
	swapped   swap
	linkType  int
}

// swap says whether the lengths in a record's header stand in the old order.
type swap uint8

const (
	swapNo    swap = iota // captured length first, as since version 2.4
	swapYes               // length on the wire first: before 2.3, and DG/UX
	swapMaybe             // 2.3 was written both ways: the captured length is the lesser
)

// newPcap reads the file header that f stands at.
func newPcap(f file) (*pcapFile, error) {
	r := &pcapFile{file: f, recordLen: 16, nanos: 1000}
	if !r.has(pcapHeaderLen) {
		return nil, r.short(0, "the pcap file header", pcapHeaderLen)
	}
	h := r.unread()
	r.big = h[0] == 0xa1
	switch r.u32(h) {
	case magicNano:
		r.nanos = 1
		r.info.Nanoseconds = true
	case magicModified:
		r.recordLen = 24
	}
	major, minor := r.u32(h[4:]), uint32(0)
	if r.big {
		major, minor = major>>16, major&0xffff
	} else {
		major, minor = major&0xffff, major>>16
	}
	// pcapgo accepts version 2.4 alone.
	switch {
	case major == 2 && minor < 3, major == 543 && minor == 0:
		r.swapped = swapYes
	case major == 2 && minor == 3:
		r.swapped = swapMaybe
	case major == 2 && minor == 4:
	default:
		return nil, &InputError{Name: f.info.Name, Kind: ErrFormat,
			Detail: fmt.Sprintf("pcap version %d.%d (2.0 to 2.4 are known)", major, minor)}
	}
	// A snap length of 0 means none; so does, in practice, anything beyond int32.
	if snap := r.u32(h[16:]); snap <= 1<<31-1 {
		r.info.SnapLen = int(snap)
	}
	// The upper six bits tell of a frame check sequence behind each packet.
	r.linkType = canonicalLinkType(int(r.u32(h[20:]) & 0x03ffffff))
	r.info.LinkTypes = []string{LinkTypeName(r.linkType)}
	r.pos += pcapHeaderLen
	return r, nil
}

func (r *pcapFile) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if r.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

// Next delivers the next record.
func (r *pcapFile) Next(p *Packet) error {
	if r.ended != nil {
		return r.ended
	}
	if !r.has(r.recordLen) {
		return r.short(r.offset(), "a record's header", int64(r.recordLen))
	}
	h := r.buf[r.pos : r.pos+16]
	sec, frac, captured, length := r.u32(h), r.u32(h[4:]), r.u32(h[8:]), r.u32(h[12:])
	if r.swapped != swapNo && (r.swapped == swapYes || captured > length) {
		captured, length = length, captured
	}
	if captured > maxCaptured {
		return r.damaged(r.offset(), "a record claims %d captured bytes, %d is the most there can be", captured, maxCaptured)
	}
	size := r.recordLen + int(captured)
	if !r.has(size) {
		return r.short(r.offset(), "a record", int64(size))
	}
	body := r.pos + r.recordLen
	r.pos += size
	r.number++

	p.Data = r.buf[body:r.pos:r.pos]
	p.Time = int64(uint64(sec)*1e9 + uint64(frac)*r.nanos)
	// Some writers put a length below what they captured: pcapgo gives up on
	// those files, and nothing behind us should meet such a packet.
	p.Length = int(max(length, captured))
	p.LinkType = r.linkType
	p.Interface = 0
	p.Source = 0
	p.Number = r.number
	p.Comment, p.Options, p.Process = "", nil, nil
	return nil
}

// Info describes the file.
func (r *pcapFile) Info() []Info {
	info := r.describe()
	info.LinkTypes = slices.Clone(info.LinkTypes)
	return []Info{info}
}
