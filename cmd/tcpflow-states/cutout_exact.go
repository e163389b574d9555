package main

import (
	"hash/maphash"
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// sharedEnds finds out between which ends there was more than one connection: of such, ends and
// times may not tell whose a packet is. What it takes does not grow with the capture: it
// remembers by a hash, and so may name ends between which there was one only.
type sharedEnds struct {
	seed  maphash.Seed
	once  []uint64            // a bit for each hash that occurred
	again map[uint64]struct{} // hashes that occurred more than once
}

const (
	sharedBits = 26
	maxShared  = 1 << 18
)

func newShared() *sharedEnds {
	return &sharedEnds{seed: maphash.MakeSeed(), once: make([]uint64, 1<<sharedBits/64), again: map[uint64]struct{}{}}
}

// add takes a connection, chosen or not.
func (s *sharedEnds) add(c *record.Connection) {
	h := s.hash(endsOfConnection(c))
	if bit := uint64(1) << (h % 64); s.once[h/64]&bit == 0 {
		s.once[h/64] |= bit
	} else if len(s.again) < maxShared {
		s.again[h] = struct{}{}
	}
}

func (s *sharedEnds) hash(e ends) uint64 {
	return maphash.Comparable(s.seed, e) >> (64 - sharedBits)
}

func (s *sharedEnds) has(e ends) bool {
	_, has := s.again[s.hash(e)]
	return has
}

// tellApart reads the files once more for the packets of chosen connections that others
// share their ends with.
func (x *cutout) tellApart(files *cutFiles, o *options) error {
	suspects := map[ends]bool{}
	for e := range x.lives {
		if x.shared.has(e) {
			suspects[e] = true
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	between := func(a, b netip.AddrPort) bool { return suspects[ends{a, b}.sorted()] }
	analysis := analyzer.New(analyzer.Options{
		MSL: fsm.Time(o.msl), NoChecksums: o.noChecksums, MaxConnections: o.maxConns, Memory: int(o.memory),
		Select: between, SegmentsBetween: between, MaxSegments: maxSegments,
		Each: func(c *record.Connection) error { x.own(c); return nil },
	})
	err := files.each(func(_ capture.Source, p *capture.Packet) error {
		if p != nil {
			analysis.Packet(p)
		}
		return nil
	})
	analysis.Finish()
	return err
}

// own notes whose the packets of a connection are.
func (x *cutout) own(c *record.Connection) {
	key := endsOfConnection(c)
	mine := false
	for _, l := range x.lives[key] {
		mine = mine || l.first == c.Lowest && l.last == c.Highest
	}
	for i := range c.Segments {
		f := c.Segments[i].Frame
		x.exact[f] = x.exact[f] || mine
	}
}
