package capture

import (
	"container/heap"
	"errors"
	"io"
)

// OpenFiles opens capture files and delivers their packets in the order of
// their times; packets of the same time come in the order of the files. Within
// a file the order stays as it is, even where its times run backwards.
// Packet.Source is the index in names. "-" is standard input.
//
// A file that is cut or damaged does not stop the others: Next reports its
// *CutError after the last packet of all; several are joined.
func OpenFiles(names []string) (Source, error) {
	if len(names) == 1 {
		return Open(names[0])
	}
	var all []Source
	// Thousands of files must not take a large buffer each: many are parts of one capture,
	// of which each waits with its first packet for its turn. A buffer grows when a packet
	// needs it.
	size := max(16<<10, min(windowSize, 16<<20/max(1, len(names))))
	for _, name := range names {
		s, err := openFile(name, min(size, smallWindow), size)
		if err != nil {
			return nil, errors.Join(err, Merge(all...).Close())
		}
		all = append(all, s)
	}
	return Merge(all...), nil
}

// Merge delivers the packets of several sources as OpenFiles does. Packet.Source
// counts through all that they describe, in the order of Info. Closing it closes
// all of them.
func Merge(sources ...Source) Source {
	if len(sources) == 1 {
		return sources[0]
	}
	return &merged{all: sources}
}

// merged is a k-way merge of sources.
type merged struct {
	all     []Source
	heads   heads // sources with a packet waiting; the first has just delivered if taken
	started bool
	taken   bool
	errs    []error // how sources ended, if not well
	ended   error
}

// head is a source and its next packet, which stays valid until the source is
// advanced.
type head struct {
	Source
	base   int // Packet.Source of its first file
	packet Packet
}

// Next delivers the earliest packet.
func (m *merged) Next(p *Packet) error {
	if m.ended != nil {
		return m.ended
	}
	if !m.started {
		m.started = true
		base := 0
		for _, s := range m.all {
			h := &head{Source: s, base: base}
			base += len(s.Info())
			if m.advance(h) {
				m.heads = append(m.heads, h)
			}
		}
		heap.Init(&m.heads)
	} else if m.taken {
		// Only now may the packet delivered last be overwritten.
		if m.advance(m.heads[0]) {
			heap.Fix(&m.heads, 0)
		} else {
			heap.Pop(&m.heads)
		}
	}
	if m.taken = len(m.heads) > 0; !m.taken {
		m.ended = io.EOF
		if len(m.errs) > 0 {
			m.ended = errors.Join(m.errs...)
		}
		return m.ended
	}
	*p = m.heads[0].packet
	return nil
}

// advance reads the next packet of a source and reports whether there is one.
func (m *merged) advance(h *head) bool {
	err := h.Next(&h.packet)
	h.packet.Source += h.base
	if err != nil && err != io.EOF {
		m.errs = append(m.errs, err)
	}
	return err == nil
}

// Info describes the files, in their order.
func (m *merged) Info() []Info {
	var all []Info
	for _, s := range m.all {
		all = append(all, s.Info()...)
	}
	return all
}

// Close closes all files.
func (m *merged) Close() error {
	var errs []error
	for _, s := range m.all {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// heads is a heap of the waiting packets, the earliest first.
type heads []*head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	a, b := &h[i].packet, &h[j].packet
	return a.Time < b.Time || a.Time == b.Time && a.Source < b.Source
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
