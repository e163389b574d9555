package main

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// cutWriter writes chosen packets and those around them, as grep -C does with lines: it is
// given all packets in order.
type cutWriter struct {
	w       *capture.Writer
	context int // packets before and after each chosen one

	before   []capture.Packet // the latest that were not written, the oldest first; their Data is ours
	size     int              // octets of them
	after    int              // how many more are written that are not chosen
	written  uint64
	around   uint64 // of them not chosen
	squeezed bool   // fewer than asked for were kept, for their size
}

// maxContext bounds --context, maxBefore the octets that may wait for a chosen packet.
const (
	maxContext = 10_000
	maxBefore  = 64 << 20
)

func (x *cutWriter) put(p *capture.Packet, chosen bool) error {
	switch {
	case chosen:
		for i := range x.before {
			if err := x.write(&x.before[i]); err != nil {
				return err
			}
			x.around++
		}
		x.before, x.size, x.after = x.before[:0], 0, x.context
		return x.write(p)
	case x.after > 0:
		x.after--
		x.around++
		return x.write(p)
	case x.context > 0:
		x.keep(p)
	}
	return nil
}

func (x *cutWriter) write(p *capture.Packet) error {
	x.written++
	return x.w.Write(p)
}

// keep keeps a packet for the case that one is chosen soon.
func (x *cutWriter) keep(p *capture.Packet) {
	own := *p
	own.Data, own.Options = slices.Clone(p.Data), slices.Clone(p.Options)
	x.before = append(x.before, own)
	x.size += len(own.Data)
	n := max(0, len(x.before)-x.context)
	for i := range n {
		x.size -= len(x.before[i].Data)
	}
	for ; x.size > maxBefore; n++ {
		x.size -= len(x.before[n].Data)
		x.squeezed = true
	}
	if n > 0 {
		x.before = slices.Delete(x.before, 0, n)
	}
}
