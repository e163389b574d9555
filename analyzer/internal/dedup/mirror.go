package dedup

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// path is what differs between a packet and one that is else the same.
type path uint8

const (
	pathInterface path = 1 << iota
	pathTTL
	pathLink  // the addresses of the frame
	pathEncap // a VLAN, say

	numPaths = 1 << iota
)

func pathOf(o, now *fingerprint) path {
	var w path
	if o.iface != now.iface {
		w |= pathInterface
	}
	if o.ttl != now.ttl {
		w |= pathTTL
	}
	if o.link != now.link {
		w |= pathLink
	}
	if o.encap != now.encap {
		w |= pathEncap
	}
	return w
}

// mirror is a way in which this capture holds packets twice: nearly all packets
// between some hosts come a second time, always after about the same time. No network
// and no sender repeats itself like that.
type mirror struct {
	known       bool
	least, most fsm.Time // between a packet and its copy
}

// explains reports whether a second capture after dt is such a copy.
func (m *mirror) explains(dt fsm.Time) bool { return m.known && dt >= m.least && dt <= m.most }

const (
	leastPairs   = 4         // packets seen twice that make a mirror
	nearlyAll    = 0.9       // of the packets between two hosts
	mirrorDelay  = copyDelay // what is later is no mirror's copy
	delayScatter = 3         // the later copies take at most so many times as long as the earlier …
	delaySlack   = 200_000   // … and that
)

// Learn looks through a capture's first packets for mirrors, and for senders whose
// identifications tell nothing, before Classify is asked for any of them. It changes nothing in the packets.
func (f *Finder) Learn(packets []decode.Packet) {
	type traffic struct{ src, dst [16]byte }
	type seen struct {
		at     fingerprint
		copied bool
	}
	type sight struct {
		way  path
		host traffic
	}
	latest := map[uint64]*seen{}
	frames, acks := map[traffic]int{}, map[traffic]int{} // of these those that nothing tells apart
	second := map[sight]int{}                            // packets seen twice
	delays := map[path][]fsm.Time{}
	for i := range packets {
		p := &packets[i]
		if !p.IsSegment() {
			continue
		}
		host := traffic{p.Src.IP, p.Dst.IP}
		whole := hash(p)
		if p.HasIPID {
			f.hosts.counts(p, uint32(whole))
		}
		now := fingerprintOf(p, whole)
		o := latest[whole]
		// A second capture of a bare ACK on the same path may as well be another ACK.
		alike := p.Segment.Space() == 0 && !p.HasIPID
		if o != nil && alike && pathOf(&o.at, &now) == 0 {
			continue
		}
		if o == nil || o.at.since(&now) > mirrorDelay || o.copied {
			latest[whole] = &seen{at: now}
			frames[host]++
			if alike {
				acks[host]++
			}
			continue
		}
		way := pathOf(&o.at, &now)
		o.copied = true
		second[sight{way, host}]++
		delays[way] = append(delays[way], o.at.since(&now))
	}
	for way, list := range delays {
		pairs, regular := 0, 0
		for s, n := range second {
			if s.way != way {
				continue
			}
			pairs += n
			all := frames[s.host]
			if way == 0 {
				all -= acks[s.host]
			}
			if float64(n) >= nearlyAll*float64(all) {
				regular += n
			}
		}
		if regular < leastPairs || float64(regular) < nearlyAll*float64(pairs) {
			continue
		}
		slices.Sort(list)
		low, high := list[len(list)/20], list[len(list)-1-len(list)/20]
		if high > delayScatter*low+delaySlack {
			continue
		}
		f.mirrors[way] = mirror{known: true, least: low / 2, most: min(2*high+delaySlack, mirrorDelay)}
	}
}
