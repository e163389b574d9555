package main

import (
	"fmt"
	"slices"
	"time"
)

// transformation is one way to change captures.
type transformation struct {
	name    string
	from    func(*trace) *trace   // what the capture is made before, in both analyses; nil for nothing
	make    func(*trace) []*trace // the variants of a capture that are analysed
	compare func(before, after *account) []difference
}

// every is how many frames lie between the places where captures are begun and
// ended.
const every = 10

// transformations returns all of them, in the order of the table.
func transformations() []*transformation {
	var all []*transformation
	add := func(name string, compare func(before, after *account) []difference, make func(*trace) []*trace) {
		all = append(all, &transformation{name: name, make: make, compare: compare})
	}
	withoutIDs := func(t *trace) *trace { return t.with((*packet).clearID) }
	for _, n := range []int{54, 58, 60, 64, 68, 74, 96} {
		add(fmt.Sprintf("cut-%d", n), nothingAdded, func(t *trace) []*trace {
			return one(t.with(func(p *packet) { p.cut(n) }))
		})
	}
	for _, server := range []bool{false, true} {
		for _, by := range []time.Duration{50 * time.Microsecond, 500 * time.Microsecond, 3 * time.Millisecond, 15 * time.Millisecond} {
			name := fmt.Sprintf("client-%vms-late", ms(by))
			if server {
				name = fmt.Sprintf("server-%vms-late", ms(by))
			}
			add(name, nothingChanged, func(t *trace) []*trace {
				return one(t.with(func(p *packet) {
					if p.segment && p.fromServer == server {
						p.Time += int64(by)
					}
				}).inTimesOrder())
			})
		}
	}
	for _, hop := range []bool{false, true} {
		for _, by := range []time.Duration{30 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
			for _, clear := range []bool{false, true} {
				name := fmt.Sprintf("doubled-%vms", ms(by))
				if hop {
					name += "-next-hop"
				}
				if clear {
					name += "-id-0"
				}
				add(name, nothingChanged, func(t *trace) []*trace { return one(doubled(t, by, hop)) })
				if clear {
					all[len(all)-1].from = withoutIDs
				}
			}
		}
	}
	add("id-0", nothingChanged, func(t *trace) []*trace { return one(withoutIDs(t)) })
	add("vlan", nothingChanged, func(t *trace) []*trace { return one(t.with(func(p *packet) { p.tag(12) })) })
	add("begun", consistentPart, func(t *trace) (parts []*trace) {
		for n := every; n < len(t.packets); n += every {
			parts = append(parts, &trace{file: t.file, name: fmt.Sprintf("from %d", n+1), packets: t.packets[n:]})
		}
		return parts
	})
	add("ended", consistentPart, func(t *trace) (parts []*trace) {
		for n := every; n < len(t.packets); n += every {
			parts = append(parts, &trace{file: t.file, name: fmt.Sprintf("to %d", n), packets: t.packets[:n]})
		}
		return parts
	})
	return all
}

// ms returns a duration in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func one(t *trace) []*trace { return []*trace{t} }

// doubled returns a capture with every frame a second time, as a mirror port
// that sees both sides of a switch or a router gives it.
func doubled(t *trace, by time.Duration, hop bool) *trace {
	second := t.with(func(p *packet) {
		p.Time += int64(by)
		if hop {
			p.nextHop()
		}
	})
	second.packets = slices.Concat(t.packets, second.packets)
	return second.inTimesOrder()
}
