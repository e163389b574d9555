package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// The block types of pcapng that are read; all others are passed over.
const (
	blockSection   = 0x0a0d0d0a // the same in both byte orders
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockStats     = 5
	blockEnhanced  = 6
)

const (
	byteOrderMagic = 0x1a2b3c4d

	// maxBlock bounds the blocks that are read whole, as libpcap does. Blocks
	// that are passed over may be of any length.
	maxBlock = 16 << 20

	// Bounds on what a file can make us keep.
	maxInterfaces = 1 << 20 // in one section
	maxNotes      = 256     // comments, interface names, link types of a file, each
	maxNoteLen    = 4096
	maxComment    = 1 << 14 // of one packet, beyond its first comment
)

// The block types that hold no packet, and that Wireshark (4.0) numbers all the same as
// frames: custom blocks, an entry of systemd's journal, and system calls as sysdig and Falco
// record them. Each takes a number, or ours would not be those of Wireshark's first column.
// The others that are passed over take none, sysdig's events with flags (0x208) included, and
// what Wireshark 4.7 has of processes in custom blocks, which it reads without a number.
const (
	blockJournal       = 9
	blockCustom        = 0x00000bad
	blockCustomNoCopy  = 0x40000bad
	blockSysdig        = 0x204
	blockSysdigV2      = 0x216
	blockSysdigV2Large = 0x221
)

// numbered reports whether a block that is passed over takes a frame's number.
func numbered(kind uint32) bool {
	switch kind {
	case blockJournal, blockCustom, blockCustomNoCopy, blockSysdig, blockSysdigV2, blockSysdigV2Large:
		return true
	}
	return false
}

// The option codes that are read.
const (
	optEnd          = 0
	optComment      = 1
	optIfName       = 2
	optIfDescr      = 3
	optIfTsresol    = 9
	optIfTsoffset   = 14
	optEPBDropped   = 4
	optISBReceived  = 4
	optISBIfDropped = 5
	optISBOSDropped = 7
)

// ngFile reads the pcapng format.
type ngFile struct {
	file
	big        bool      // byte order of this section
	ifaces     []ngIface // of this section
	ifaceBase  int       // interfaces of the sections before
	sections   int
	earlier    counters // of the sections before
	others     uint64   // frames so far that hold no packet
	hasDropped bool
	links      map[int]bool
	kept       []byte     // Options of the latest packet
	processes  *processes // nil until the file tells of one
	told       []byte     // comments of a section after the first, as options: they go with its first interface
}

// ngIface is what packets need to know of their interface. There may be many,
// so it is kept small.
type ngIface struct {
	timescale
	linkType int32
	snapLen  uint32
	stats    counters // from its last statistics block
	dropped  uint64   // told packet by packet
}

// counters are what the capturing host counted.
type counters struct{ received, dropped uint64 }

// unknownCount in a counter's place says that it is not known.
const unknownCount = math.MaxUint64

// sum adds counters, which may be anything: it stays at the most that there can be.
func sum(a, b uint64) uint64 { return a + min(b, math.MaxUint64-a) }

// newPcapng takes a file whose first block is a section header.
func newPcapng(f file) (*ngFile, error) {
	r := &ngFile{file: f, links: map[int]bool{}}
	if !r.has(12) {
		return nil, r.short(0, "the section header", 12)
	}
	r.readBlock(nil) // the section header: no packet
	return r, r.ended
}

func (r *ngFile) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if r.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (r *ngFile) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if r.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (r *ngFile) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if r.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// Next delivers the next packet, taking in the blocks before it.
func (r *ngFile) Next(p *Packet) error {
	for r.ended == nil {
		if r.readBlock(p) {
			return nil
		}
	}
	return r.ended
}

// readBlock reads one block. It reports whether that was a packet, which is
// then in p; if not, ended tells whether reading goes on.
func (r *ngFile) readBlock(p *Packet) bool {
	at := r.offset()
	if !r.has(8) {
		r.short(at, "a block's header", 8)
		return false
	}
	kind := r.u32(r.buf[r.pos:])
	if kind == blockSection {
		// The length can be read only once the byte order is known.
		if !r.has(12) {
			r.short(at, "a section header", 12)
			return false
		}
		switch magic := binary.LittleEndian.Uint32(r.buf[r.pos+8:]); magic {
		case byteOrderMagic:
			r.big = false
		case bits.ReverseBytes32(byteOrderMagic):
			r.big = true
		default:
			r.damaged(at, "a section header with the byte-order magic 0x%08x", magic)
			return false
		}
	}
	total := r.u32(r.buf[r.pos+4:])
	if total < 12 || total%4 != 0 {
		r.damaged(at, "a block of type 0x%08x claims a length of %d", kind, total)
		return false
	}
	fixed := blockFixed(kind)
	if isProcessBlock(kind, total) {
		fixed = 4
	}
	if fixed == 0 {
		r.passOver(at, kind, total)
		return false
	}
	if int64(total) < int64(fixed)+12 || total > maxBlock {
		r.damaged(at, "a block of type 0x%08x claims a length of %d", kind, total)
		return false
	}
	if !r.has(int(total)) {
		r.short(at, fmt.Sprintf("a block of type 0x%08x", kind), int64(total))
		return false
	}
	block := r.buf[r.pos : r.pos+int(total) : r.pos+int(total)]
	if tail := r.u32(block[total-4:]); tail != total {
		r.damaged(at, "a block of type 0x%08x has the length %d before and %d behind it", kind, total, tail)
		return false
	}
	r.pos += int(total)
	body := block[8 : total-4]
	switch kind {
	case blockEnhanced:
		return r.enhanced(p, at, body)
	case blockPacket:
		return r.obsolete(p, at, body)
	case blockSimple:
		return r.simple(p, at, body)
	case blockSection:
		r.section(at, body)
	case blockInterface:
		r.iface(at, body)
	case blockStats:
		r.stats(body)
	case blockCustom:
		if !r.customBlock(body) {
			r.others++
		}
	case blockDarwin:
		r.darwinBlock(body)
	}
	return false
}

// blockFixed returns the length of the fixed part of a block's body, or 0 for a
// type that is not read.
func blockFixed(kind uint32) int {
	switch kind {
	case blockEnhanced, blockPacket:
		return 20
	case blockSection:
		return 16
	case blockInterface:
		return 8
	case blockSimple:
		return 4
	case blockStats:
		return 12
	}
	return 0
}

// passOver drops a block without keeping it in memory.
func (r *ngFile) passOver(at int64, kind, total uint32) {
	if !r.skip(int64(total)-4) || !r.has(4) {
		r.short(at, fmt.Sprintf("a block of type 0x%08x", kind), int64(total))
		return
	}
	tail := r.u32(r.buf[r.pos:])
	if tail != total {
		r.damaged(at, "a block of type 0x%08x has the length %d before and %d behind it", kind, total, tail)
		return
	}
	r.pos += 4
	if numbered(kind) {
		r.others++
	}
}

// section begins a new section: its interfaces are numbered from 0 again.
func (r *ngFile) section(at int64, body []byte) {
	if major, minor := r.u16(body[4:]), r.u16(body[6:]); major != 1 {
		r.damaged(at, "a section of pcapng version %d.%d (1.x is known)", major, minor)
		return
	}
	r.earlier = r.counted()
	r.ifaceBase += len(r.ifaces)
	r.ifaces = r.ifaces[:0]
	later := r.sections > 0
	r.sections++
	r.told = nil
	if r.processes != nil {
		r.processes.nextSection()
	}
	r.options(body[16:], func(code uint16, value []byte) {
		if code != optComment {
			return
		}
		r.info.Comments = note(r.info.Comments, value)
		if later { // A Writer has written the head of its only section by then.
			r.told = r.keepOption(r.told, keptOfInterface, code, value)
		}
	})
}

// iface takes in an interface description.
func (r *ngFile) iface(at int64, body []byte) {
	if len(r.ifaces) == maxInterfaces {
		r.damaged(at, "a section with more than %d interfaces", maxInterfaces)
		return
	}
	d := ngIface{
		linkType:  int32(canonicalLinkType(int(r.u16(body)))),
		snapLen:   r.u32(body[4:]),
		timescale: microseconds,
	}
	var offset int64
	var name, descr []byte
	kept := r.told
	r.told = nil
	r.options(body[8:], func(code uint16, value []byte) {
		kept = r.keepOption(kept, keptOfInterface, code, value)
		switch {
		case code == optComment:
			r.info.Comments = note(r.info.Comments, value)
		case code == optIfName:
			name = value
		case code == optIfDescr:
			descr = value
		case code == optIfTsresol && len(value) == 1:
			d.timescale = newTimescale(value[0])
		case code == optIfTsoffset && len(value) == 8:
			offset = int64(r.u64(value))
		}
	})
	d.offset = offset
	if len(name) == 0 {
		name = descr
	}
	if len(name) == 0 {
		name = fmt.Appendf(nil, "#%d", r.ifaceBase+len(r.ifaces))
	}
	r.info.Interfaces = note(r.info.Interfaces, name)
	if len(r.info.Described) < maxNotes {
		r.info.Described = append(r.info.Described, kept)
	}
	if d.snapLen <= 1<<31-1 {
		r.info.SnapLen = max(r.info.SnapLen, int(d.snapLen))
	}
	if d.finerThanMicro() {
		r.info.Nanoseconds = true
	}
	if link := int(d.linkType); !r.links[link] {
		r.links[link] = true
		r.info.LinkTypes = note(r.info.LinkTypes, []byte(LinkTypeName(link)))
	}
	r.ifaces = append(r.ifaces, d)
}

// stats takes in the counters of an interface. They count from the start of
// the capture, so the last block holds.
func (r *ngFile) stats(body []byte) {
	id := r.u32(body)
	if uint64(id) >= uint64(len(r.ifaces)) {
		return // nothing to count them for, and no packet is lost by it
	}
	var c counters
	seen := false
	r.options(body[12:], func(code uint16, value []byte) {
		if len(value) != 8 || r.u64(value) == unknownCount {
			return
		}
		switch code {
		case optISBReceived:
			c.received = r.u64(value)
		case optISBIfDropped, optISBOSDropped:
			c.dropped = sum(c.dropped, r.u64(value))
			seen = true
		}
	})
	if seen || c.received > 0 {
		r.ifaces[id].stats = c
	}
	r.hasDropped = r.hasDropped || seen
}

// enhanced delivers an enhanced packet block.
func (r *ngFile) enhanced(p *Packet, at int64, body []byte) bool {
	id := r.u32(body)
	data, options, ok := r.data(at, id, body[20:], r.u32(body[12:]))
	if !ok {
		return false
	}
	d := &r.ifaces[id]
	r.deliver(p, int(id), data, r.u32(body[16:]), d.nanos(uint64(r.u32(body[4:]))<<32|uint64(r.u32(body[8:]))))
	if len(options) >= 4 {
		r.packetOptions(p, d, options)
	}
	return true
}

// obsolete delivers a packet block of the format's first years, which has the
// count of packets dropped since the one before in its fixed part.
func (r *ngFile) obsolete(p *Packet, at int64, body []byte) bool {
	id := uint32(r.u16(body))
	data, options, ok := r.data(at, id, body[20:], r.u32(body[12:]))
	if !ok {
		return false
	}
	d := &r.ifaces[id]
	if dropped := r.u16(body[2:]); dropped != 0xffff { // that means "not known"
		d.dropped = sum(d.dropped, uint64(dropped))
		r.hasDropped = true
	}
	r.deliver(p, int(id), data, r.u32(body[16:]), d.nanos(uint64(r.u32(body[4:]))<<32|uint64(r.u32(body[8:]))))
	// Its option 4 is not a count: only comments are read.
	if len(options) >= 4 {
		r.packetOptions(p, nil, options)
	}
	return true
}

// simple delivers a simple packet block: no interface (it is the first), no
// time, and no captured length either, which follows from the snap length.
func (r *ngFile) simple(p *Packet, at int64, body []byte) bool {
	length := r.u32(body)
	captured := length
	if len(r.ifaces) > 0 && r.ifaces[0].snapLen > 0 {
		captured = min(captured, r.ifaces[0].snapLen)
	}
	data, _, ok := r.data(at, 0, body[4:], captured)
	if !ok {
		return false
	}
	r.info.Untimed++
	r.deliver(p, 0, data, length, r.last)
	p.Untimed = true
	return true
}

// data checks a packet's interface and captured length, and splits what
// follows its fixed part into the data and the options. If it cannot, reading
// has ended.
func (r *ngFile) data(at int64, id uint32, rest []byte, captured uint32) (data, options []byte, ok bool) {
	if uint64(id) >= uint64(len(r.ifaces)) {
		r.damaged(at, "a packet of interface %d, but %d are described", id, len(r.ifaces))
		return nil, nil, false
	}
	if uint64(captured) > uint64(len(rest)) {
		r.damaged(at, "a packet claims %d captured bytes in a block with room for %d", captured, len(rest))
		return nil, nil, false
	}
	padded := min(len(rest), int(captured+3)&^3)
	return rest[:captured:captured], rest[padded:], true
}

func (r *ngFile) deliver(p *Packet, id int, data []byte, length uint32, time int64) {
	r.number++
	r.last = time
	p.Data = data
	p.Time = time
	p.Length = max(int(length), len(data))
	p.LinkType = int(r.ifaces[id].linkType)
	p.Interface = r.ifaceBase + id
	p.Source = 0
	p.Number = r.number + r.others
	p.Comment, p.Options, p.Process, p.Untimed = "", nil, nil, false
}

// counted sums the counters of all interfaces so far. An interface may report
// its drops in both ways; they are the same drops.
func (r *ngFile) counted() counters {
	c := r.earlier
	for i := range r.ifaces {
		d := &r.ifaces[i]
		c.received = sum(c.received, d.stats.received)
		c.dropped = sum(c.dropped, max(d.stats.dropped, d.dropped))
	}
	return c
}

// Info describes the file.
func (r *ngFile) Info() []Info {
	info := r.describe()
	c := r.counted()
	info.Received, info.Dropped, info.HasDropCounters = c.received, c.dropped, r.hasDropped
	info.LinkTypes = slices.Clone(info.LinkTypes)
	info.Interfaces = slices.Clone(info.Interfaces)
	info.Comments = slices.Clone(info.Comments)
	info.Described = slices.Clone(info.Described)
	return []Info{info}
}

// note appends a text of the file to list, within bounds.
func note(list []string, text []byte) []string {
	if len(list) == maxNotes {
		return list
	}
	text = bytes.TrimRight(text, "\x00") // some writers count a terminating zero
	return append(list, string(text[:min(len(text), maxNoteLen)]))
}
