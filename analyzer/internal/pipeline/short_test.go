package pipeline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const flagRST, flagURG = 4, 32

// short makes a connection of very few segments, as floods, scans and backscatter are:
// any flags, wrong checksums, cut by the snaplen, captured twice, sent again, refused.
func (m *cleanConns) short(start fsm.Time) []frame {
	t, r := m.talk(start), m.rng
	c, s := t.client, t.server
	alike := r.IntN(4) > 0 // most are, as those of one flood are
	if alike {
		*c = end{ip: c.ip, port: 40_000, next: r.Uint32(), mss: 1460, scale: 7, sack: true, window: 1024, ttl: 64}
		*s = *c
		s.ip, s.port, s.next = [4]byte{10, 1, 0, byte(r.IntN(20))}, 80, r.Uint32()
	}
	first := segment{flags: choose[byte](r, flagSYN, flagSYN, flagSYN, flagSYN|flagURG, flagACK, flagACK, flagACK|flagPSH, flagRST, flagRST|flagACK, flagFIN, flagFIN|flagACK,
		flagFIN|flagPSH|flagURG, 0, flagSYN|flagFIN, flagSYN|flagRST, byte(r.Uint32())), window: choose[uint16](r, 1, 1024, 65535)}
	if r.IntN(4) == 0 {
		first.length = choose(r, 1, 2, 100, 1460, 2000)
	}
	if alike {
		first.window, first.length = 1024, min(first.length, 100)
	}
	if r.IntN(6) == 0 {
		first.options = choose(r, []byte{34, 2}, []byte{34, 10, 1, 2, 3, 4, 5, 6, 7, 8}, []byte{5, 10, 0, 0, 0, 1, 0, 0, 0, 2}, []byte{30, 4, 0, 0}, []byte{2, 0}, []byte{99, 4, 1, 1}, []byte{4, 2})
	}
	t.ts = !alike && r.IntN(2) == 0
	from, to := c, s
	if r.IntN(3) == 0 {
		from, to = s, c
	}
	if !alike && first.flags&(flagACK|flagRST) != 0 && r.IntN(2) == 0 {
		to.next = 0
	}
	if r.IntN(20) == 0 {
		first.window = 0
		from.window = 0
	}
	if r.IntN(40) == 0 {
		m.lastWord(t)
		return t.frames
	}
	t.send(from, 0, first)
	isn, answer := from.next-1, to.next
	after := m.span(1000, 20*fsm.Second)
	if alike {
		after = m.span(1000, 4_000_000)
	}
	switch n := r.IntN(8); {
	case first.flags != flagSYN || n < 2:
	case n < 5: // sent again
		for range 1 + r.IntN(3) {
			from.next = isn
			t.send(from, after, segment{flags: flagSYN, window: first.window})
		}
	case n == 5: // refused
		t.send(to, after, segment{flags: flagRST | flagACK, window: choose[uint16](r, 0, 1)})
	case n == 6: // scanned
		t.send(to, after, segment{flags: flagSYN | flagACK})
		if r.IntN(3) > 0 {
			t.send(from, after, segment{flags: flagRST | choose[byte](r, 0, flagACK)})
		}
	default: // answered without end
		for range 1 + r.IntN(3) {
			to.next = answer
			t.send(to, after, segment{flags: flagSYN | flagACK})
		}
	}
	t.spoil()
	return t.frames
}

// lastWord ends a connection of which only that was captured: a host that closed answers data
// with a RST. Some of these are the close_notify of TLS, which is no loss: by its flags and
// length alone no such connection can be judged.
func (m *cleanConns) lastWord(t *talk) {
	c, s := t.client, t.server
	t.ts = false
	t.send(s, 0, segment{flags: flagFIN | flagACK})
	word := segment{flags: flagACK | flagPSH, length: 31}
	if m.rng.IntN(2) == 0 {
		word.begin = []byte{21, 3, 3, 0, 26}
	}
	t.send(c, 1_000_000, word)
	t.send(s, 1_000_000, segment{flags: flagRST})
}

// spoil does to the frames what captures do.
func (t *talk) spoil() {
	r := t.rng
	switch r.IntN(6) {
	case 0: // wrong checksums
		for _, f := range t.frames {
			f.data[14+20+16] ^= 0x55
		}
	case 1: // cut
		for i := range t.frames {
			f := &t.frames[i]
			if least := 14 + 20 + 20; len(f.data) > least {
				f.cut = r.IntN(len(f.data) - least)
				f.data = f.data[:len(f.data)-f.cut]
			}
		}
	case 2: // captured twice
		f := t.frames[0]
		f.time += choose[fsm.Time](r, 0, 1000, 100_000)
		t.frames = slices.Insert(t.frames, 1, f)
	}
}

func shortCapture(seed uint64, n, hosts int) []frame {
	m := &cleanConns{rng: rand.New(rand.NewPCG(seed, 12)), hosts: hosts}
	var all []frame
	start := fsm.Second
	for range n {
		start += m.span(1000, 100_000_000)
		all = append(all, m.short(start)...)
	}
	slices.SortStableFunc(all, func(a, b frame) int { return int(a.time - b.time) })
	return all
}

// TestShortTemplates does for connections of very few segments, whatever these are, what
// TestOncePerTemplate does for the others.
func TestShortTemplates(t *testing.T) {
	templated, all := 0, 0
	for seed := range uint64(12) {
		hosts := 0
		if seed%3 == 2 {
			hosts = 60 // which use their ports again
		}
		frames := shortCapture(seed, 7000, hosts)
		opt := Options{NoChecksums: seed%5 == 0}
		if seed%4 == 3 {
			opt.MaxConnections = 800 // some are evicted
		}
		bySums := holdTemplates(t, seed, opt, frames)
		templated += bySums.templated[conntrack.Short]
		all += len(bySums.all)
	}
	t.Logf("%d of %d connections judged by templates of short ones", templated, all)
	if templated < all/6 {
		t.Errorf("templates were used for %d of %d connections, too few to prove anything", templated, all)
	}
}

// TestOwnRecords holds what Options.OwnRecords promises: of connections that are judged
// alike those of the lowest IDs have records of their own, and all are judged right.
func TestOwnRecords(t *testing.T) {
	const own = 3
	for seed := range uint64(6) {
		frames := append(shortCapture(seed, 3000, 0), cleanCapture(seed, 2000)...)
		slices.SortStableFunc(frames, func(a, b frame) int { return int(a.time - b.time) })
		records := func(opt Options) (all map[uint64]string) {
			all = map[uint64]string{}
			opt.Each = func(c *record.Connection) error {
				all[c.ID] = written(c)
				return nil
			}
			a := New(opt)
			analyse(a, frames)
			a.Finish()
			return all
		}
		want, got := records(Options{}), records(Options{OwnRecords: own})
		byRecords, short := judge(Options{}, frames), judge(Options{OwnRecords: own}, frames)
		for i, d := range differences(short, byRecords) {
			if i < 5 {
				t.Errorf("seed %d: %s", seed, d)
			}
		}
		seen, others := map[said]int{}, 0
		for _, id := range slices.Sorted(maps.Keys(want)) {
			same := got[id] == want[id]
			if alike := byRecords.all[id]; seen[alike] < own {
				if seen[alike]++; !same {
					t.Errorf("seed %d: connection %d has no record of its own:\n%.600s\nwant\n%.600s", seed, id, got[id], want[id])
				}
			} else if !same {
				others++
			}
		}
		if others < 200 {
			t.Errorf("seed %d: only %d of %d connections were judged by templates", seed, others, len(want))
		}
	}
}

// TestMemoryAndWorkers holds that what is given up for memory does not depend on the number
// of workers, and that all is counted once whatever is given up, as far as that is remembered.
func TestMemoryAndWorkers(t *testing.T) {
	frames := append(shortCapture(3, 20_000, 0), cleanCapture(3, 4000)...)
	slices.SortStableFunc(frames, func(a, b frame) int { return int(a.time - b.time) })
	report := func(opt Options) *record.Report {
		opt.Sums = true
		a := New(opt)
		analyse(a, frames)
		return a.Finish()
	}
	whole := report(Options{})
	want := report(Options{Memory: 16 << 20})
	if e := want.Summary.Evictions; e.ForMemory < 1000 || e.ForMemory != want.Summary.Evicted {
		t.Errorf("%d evicted, %+v", want.Summary.Evicted, e)
	}
	// What is forgotten may come again, as another one; what is not analysed may have begun one.
	more, e := int(want.Summary.Connections)-int(whole.Summary.Connections), want.Summary.Evictions
	if more > int(e.Forgotten) || -more > int(e.Packets) {
		t.Errorf("%d connections, %d with all memory; %+v", want.Summary.Connections, whole.Summary.Connections, e)
	}
	several := []int{2, 5}
	if testing.Short() {
		several = several[1:]
	}
	for _, workers := range several {
		if got := report(Options{Memory: 16 << 20, Workers: workers}); writtenReport(got) != writtenReport(want) {
			t.Errorf("%d workers: %+v\none: %+v", workers, got.Summary.Evictions, want.Summary.Evictions)
		}
	}
}

// written writes all of a record, what it points to as well.
func written(c *record.Connection) string {
	flat := *c
	flat.MPTCP = nil
	return fmt.Sprintf("%+v %+v", flat, c.MPTCP)
}

// writtenReport does so for a report without records.
func writtenReport(r *record.Report) string {
	flat := *r
	flat.Summary.MPTCP, flat.Summary.Related, flat.Summary.MoreRelated = nil, nil, 0 // those need records
	flat.Summary.Problems = slices.Clone(r.Summary.Problems)
	for i := range flat.Summary.Problems { // which connection is told of depends on which have records of their own
		p := &flat.Summary.Problems[i]
		p.Worst, p.WorstClient, p.WorstServer, p.WorstCost, p.Frames, p.Message = 0, record.Addr{}, record.Addr{}, 0, nil, ""
	}
	return fmt.Sprintf("%+v %+v", flat, r.Summary.MPTCP)
}
