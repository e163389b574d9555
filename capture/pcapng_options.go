package capture

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// Options that are kept are written again as they were, in the byte order of the file
// written. So it has to be known which of them are numbers. Others, and those that refer to
// blocks that are not kept, are left out.

// optionKind is what an option holds.
type optionKind uint8

const (
	optionOctets  optionKind = iota + 1 // in no byte order
	option32                            // numbers of four octets
	option64                            // a number of eight
	optionPrivate                       // the number of an enterprise, and octets
)

// keptOfPacket are the options of an enhanced packet block that are kept, beside comments.
var keptOfPacket = map[uint16]optionKind{
	2:    option32,     // epb_flags: its direction, checksums, errors
	3:    optionOctets, // epb_hash
	4:    option64,     // epb_dropcount
	5:    option64,     // epb_packetid
	6:    option32,     // epb_queue
	7:    optionOctets, // epb_verdict
	8:    option32,     // epb_processid_threadid: whose it is
	2988: optionPrivate,
	2989: optionPrivate,

	0x8002: option32, // Apple's class of service; those that count blocks a Writer makes anew
}

// keptOfInterface are the options of an interface description that are kept: all but those
// about its timestamps, which are written anew.
var keptOfInterface = map[uint16]optionKind{
	optComment: optionOctets,
	optIfName:  optionOctets,
	optIfDescr: optionOctets,
	4:          optionOctets, // if_IPv4addr
	5:          optionOctets, // if_IPv6addr
	6:          optionOctets, // if_MACaddr
	7:          optionOctets, // if_EUIaddr
	8:          option64,     // if_speed
	11:         optionOctets, // if_filter
	12:         optionOctets, // if_os
	13:         optionOctets, // if_fcslen
	15:         optionOctets, // if_hardware
	16:         option64,     // if_txspeed
	17:         option64,     // if_rxspeed
	18:         optionOctets, // if_iana_tzname
	2988:       optionPrivate,
	2989:       optionPrivate,
}

// maxOptions bounds the octets of options that are kept of a packet or an interface.
const maxOptions = 4096

// keepOption appends an option to b as a Writer writes it, if it is one of those kept.
func (r *ngFile) keepOption(b []byte, kept map[uint16]optionKind, code uint16, value []byte) []byte {
	kind := kept[code]
	if kind == 0 || len(b)+len(value)+8 > maxOptions {
		return b
	}
	start := len(b)
	b = appendOption(b, code, value)
	if !r.big {
		return b
	}
	v := b[start+4 : start+4+len(value)]
	switch {
	case kind == option64 && len(v) == 8:
		slices.Reverse(v)
	case kind == option32:
		for ; len(v) >= 4; v = v[4:] {
			swap32(v)
		}
	case kind == optionPrivate && len(v) >= 4:
		swap32(v)
	}
	return b
}

func swap32(b []byte) {
	binary.LittleEndian.PutUint32(b, bits.ReverseBytes32(binary.LittleEndian.Uint32(b)))
}

// packetOptions reads the options behind a packet's data; d is nil where they
// cannot hold a drop count.
func (r *ngFile) packetOptions(p *Packet, d *ngIface, options []byte) {
	r.kept = r.kept[:0]
	var whose processOptions
	r.options(options, func(code uint16, value []byte) {
		if d != nil {
			r.kept = r.keepOption(r.kept, keptOfPacket, code, value)
			r.processOption(&whose, code, value)
		}
		switch {
		case code == optComment && p.Comment == "":
			p.Comment = string(value)
		case code == optComment && len(p.Comment)+len(value) < maxComment:
			p.Comment += "\n" + string(value)
		case code == optEPBDropped && d != nil && len(value) == 8 && r.u64(value) != unknownCount:
			d.dropped = sum(d.dropped, r.u64(value))
			r.hasDropped = true
		}
	})
	if len(r.kept) > 0 {
		p.Options = r.kept
	}
	r.packetProcess(p, &whose)
}

// options calls each for every option, and stops where the list ends or breaks.
func (r *ngFile) options(b []byte, each func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := r.u16(b), int(r.u16(b[2:]))
		if code == optEnd || n > len(b)-4 {
			return
		}
		each(code, b[4:4+n])
		b = b[min(len(b), 4+(n+3)&^3):]
	}
}
