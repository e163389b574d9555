package fsm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A world is two endpoints that really run RFC 9293, a network between them that
// loses and delays segments on either side of a tap, and what they truly did.
type world struct {
	r        *rand.Rand
	now      Time
	hosts    [2]host
	flying   []flight
	tap      Conn
	frame    Frame
	loss     int // one of so many segments is lost before the tap, and one behind
	jitter   Time
	reorders bool // segments may overtake each other
	both     bool // each has sent a SYN of its own accord
	log      []string
}

// flight is a segment under way: to the tap first, then to its receiver.
type flight struct {
	from   Side
	seg    Segment
	at     Time
	tapped bool
}

// host is a real endpoint, kept as simple as the RFC lets it be: it opens, sends
// some data, closes or aborts, and repeats what is not acknowledged.
type host struct {
	side           Side
	state          State
	history        []State         // every state it was in, in order
	events         [numEvents]bool // what happened to it
	passive        bool
	iss, una, next Seq
	rcv            Seq
	fin            Seq // number of its FIN once sent
	sentFIN        bool
	data           int // segments it still wants to send
	ending         ending
	hurries        bool // it writes all it has and closes at once, at most limit segments unacknowledged
	limit          int
	closed         bool
	resend         Time // when to repeat what is outstanding; 0 for never
	tries          int
	unacked        []Segment
	opensAt        Time
}

type ending uint8

const (
	endFIN ending = iota
	endRST
	endNever
)

func (h *host) enter(s State, why Event) {
	h.events[why] = true
	if h.state != s {
		h.state = s
		h.history = append(h.history, s)
	}
}

func (w *world) send(h *host, f Flags, length uint32) {
	s := Segment{Flags: f, Seq: h.next, Len: length, Window: 60000}
	if f&ACK != 0 {
		s.Ack = h.rcv
	}
	h.next = s.End()
	if s.Space() > 0 {
		h.unacked = append(h.unacked, s)
		if h.resend == 0 {
			h.resend = w.now + Second
		}
	}
	w.put(h, s)
}

func (w *world) put(h *host, s Segment) {
	if w.loss > 0 && w.r.IntN(w.loss) == 0 && s.Flags&(SYN|FIN|RST) == 0 && !h.hurries {
		return // lost before the tap, which nobody can tell from never sent, or from sent later
	}
	w.fly(flight{from: h.side, seg: s})
}

// fly puts a segment on its next leg, to the tap or behind it.
func (w *world) fly(f flight) {
	f.at = w.now + Second/100 + Time(w.r.Int64N(int64(w.jitter)+1))
	if !w.reorders {
		for _, g := range w.flying {
			if g.from == f.from && g.tapped == f.tapped {
				f.at = max(f.at, g.at)
			}
		}
	}
	w.flying = append(w.flying, f)
}

// play lets the world run until nothing happens any more.
func (w *world) play() string {
	for range 4000 {
		// The next thing is a segment's arrival or a timer.
		best, when := -1, Time(1<<62)
		for i, f := range w.flying {
			if f.at < when {
				best, when = i, f.at
			}
		}
		timer := -1
		for i := range w.hosts {
			h := &w.hosts[i]
			for _, t := range []Time{h.resend, h.opensAt} {
				if t != 0 && t < when {
					timer, when = i, t
				}
			}
		}
		if best < 0 && timer < 0 {
			return ""
		}
		w.now = when
		if timer >= 0 {
			w.timer(&w.hosts[timer])
			continue
		}
		f := w.flying[best]
		w.flying = slices.Delete(w.flying, best, best+1)
		if f.tapped {
			w.arrive(&w.hosts[f.from.Peer()], &f.seg)
			continue
		}
		w.frame++
		m := w.tap.Step(f.from, &f.seg, w.frame, w.now, false)
		w.log = append(w.log, fmt.Sprintf("%d %v %v seq %d+%d ack %d at %.3f: truth %v %v, tap %v(%d) %v(%d) %v", w.frame, f.from, f.seg.Flags,
			f.seg.Seq-w.hosts[f.from].iss, f.seg.Len, f.seg.Ack-w.hosts[f.from.Peer()].iss, w.now.Seconds(0),
			w.hosts[0].state, w.hosts[1].state, w.tap.End[0].State, w.tap.End[0].unproved, w.tap.End[1].State, w.tap.End[1].unproved, meaningNames(m)))
		if err := fault(&w.tap); err != "" {
			return err
		}
		if err := w.judge(); err != "" {
			return err
		}
		if w.loss > 0 && w.r.IntN(w.loss) == 0 {
			continue // lost behind the tap
		}
		f.tapped = true
		w.fly(f)
	}
	return "the world does not come to rest"
}

func (w *world) timer(h *host) {
	if h.opensAt != 0 && w.now >= h.opensAt {
		h.opensAt = 0
		if h.state == Closed && !h.passive {
			h.enter(SynSent, SendSYN)
			w.send(h, SYN, 0)
		}
		return
	}
	h.resend = 0
	if len(h.unacked) == 0 || h.state == Closed {
		return
	}
	if h.tries++; h.tries > 12 {
		h.unacked = nil
		return
	}
	s := h.unacked[0]
	if s.Flags&ACK != 0 {
		s.Ack = h.rcv
	}
	if s.Flags&SYN != 0 && h.state == SynReceived {
		s.Flags, s.Ack = SYN|ACK, h.rcv
	}
	h.resend = w.now + Second<<min(h.tries, 6)
	w.put(h, s)
}

// judge holds what the tap calls proved against the truth. Each proved event must
// have happened, and a proved state must be one that the host was in. Where nothing
// is lost, the whole path must be the true one; where something is, the order of
// two events that one segment proves can be otherwise.
func (w *world) judge() string {
	for side := range w.hosts {
		if err := w.judgeHost(Side(side)); err != "" {
			return err
		}
	}
	return ""
}

func (w *world) judgeHost(side Side) string {
	h := &w.hosts[side]
	at := 0 // in the host's history; −1 where the order is not judged any more
	for i := range w.tap.Transitions {
		tr := &w.tap.Transitions[i]
		switch {
		case tr.Side != side || tr.Cause == Timer:
			continue
		case tr.Proof == 0:
			at = -1
			continue
		case !w.happened(h, tr.Event):
			return fmt.Sprintf("%v: %v in frame %d, called proved by %d, did not happen", side, tr.Event, tr.Frame, tr.Proof)
		case w.loss > 0 || w.reorders || at < 0:
			continue
		}
		if tr.From == Listen && at < len(h.history) && h.history[at] == Listen {
			at++
		}
		if at >= len(h.history) || h.history[at] != tr.To {
			return fmt.Sprintf("%v: %v > %v in frame %d is called proved by %d, but it went through %v",
				side, tr.From, tr.To, tr.Frame, tr.Proof, h.history)
		}
		at++
	}
	e := &w.tap.End[side]
	if w.reorders || w.loss > 0 && e.State == Closing {
		return "" // the FIN proved, perhaps by a segment that was behind the ACK of ours
	}
	if e.Proved() && e.State != Closed && !slices.Contains(h.history, e.State) {
		return fmt.Sprintf("%v: proved to be in %v, but it went through %v", side, e.State, h.history)
	}
	return ""
}

// happened reports whether the event happened to the host. When both open, the
// crossing SYN and the SYN-ACK have one number, and acknowledging it proves only
// that either came.
func (w *world) happened(h *host, ev Event) bool {
	either := w.both && (ev == RecvSYN || ev == RecvSYNACK || ev == AckOfSYN)
	return h.events[ev] || either && (h.events[RecvSYN] || h.events[RecvSYNACK])
}

func newWorld(seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 6))
	w := &world{r: r, now: Second, loss: []int{0, 0, 20, 6, 3}[r.IntN(5)], jitter: []Time{0, 0, Second / 1000, Second / 50}[r.IntN(4)]}
	w.tap.Reset(DefaultMSL)
	for side := range w.hosts {
		h := &w.hosts[side]
		h.side = Side(side)
		h.iss = Seq(r.Uint32())
		h.una, h.next = h.iss, h.iss
		h.data = r.IntN(5)
		h.ending = []ending{endFIN, endFIN, endFIN, endFIN, endRST, endNever}[r.IntN(6)]
		h.opensAt = w.now
		if h.hurries = h.ending == endFIN && r.IntN(4) == 0; h.hurries {
			h.data, h.limit = r.IntN(8), 1+r.IntN(3)
		}
	}
	if w.reorders = r.IntN(4) == 0; w.reorders {
		for side := range w.hosts { // a RST that overtakes data looks like a forged one
			w.hosts[side].ending = endFIN
		}
	}
	if r.IntN(5) > 0 { // otherwise both open
		h := &w.hosts[r.IntN(2)]
		h.passive, h.opensAt = true, 0
	} else {
		w.both = true
		w.hosts[1].opensAt += Time(r.Int64N(int64(Second) / 50))
	}
	return w
}

// TestTruth lets many connections run over networks that delay, lose and reorder
// segments on both sides of the tap. Nothing that the machine calls proved may be
// untrue, at any time; and at rest, without loss, it must know both states.
//
// Segments with SYN, FIN or RST are never lost before the tap, and where segments
// overtake each other before it, the order of states is not judged: no observer
// could tell.
func TestTruth(t *testing.T) {
	ends := map[[2]State]int{}
	waited := 0 // hosts whose FIN waited: no observer could tell
	for seed := range uint64(6000) {
		w := newWorld(seed)
		err := w.play()
		if err == "" && w.loss == 0 && !w.reorders {
			for side := range w.hosts {
				got, want := w.tap.End[side].State, w.hosts[side].state
				if got != want && w.hosts[side].hurries && !w.tap.End[side].Proved() {
					waited++
				} else if got != want {
					err = fmt.Sprintf("%v: ends in %v, is in %v", Side(side), got, want)
				}
			}
		}
		if err != "" {
			t.Fatalf("seed %d (loss %d, jitter %d, reorders %v): %s\n%s",
				seed, w.loss, w.jitter, w.reorders, err, strings.Join(w.log, "\n"))
		}
		ends[[2]State{w.hosts[0].state, w.hosts[1].state}]++
	}
	if waited < 20 {
		t.Errorf("only %d FINs waited while the peer's came", waited)
	}
	if len(ends) < 20 {
		t.Errorf("only %d ways to end: %v", len(ends), ends)
	}
}
