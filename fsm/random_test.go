package fsm

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// A call is one call of the machine with everything it takes.
type call struct {
	from Side
	seg  Segment
	wait Time // since the call before
	lost bool // the receiver is known not to get it
	copy bool // StepCopy
}

// noise returns n segments without much sense, but with numbers so close
// together that they meet: each is likely to mean something for the ones before.
func noise(r *rand.Rand, n int) []call {
	flags := []Flags{
		SYN, SYN | ACK, ACK, ACK, ACK, ACK, PSH | ACK, FIN | ACK, FIN | ACK, FIN | PSH | ACK,
		RST, RST | ACK, FIN, SYN | FIN, SYN | RST, 0, PSH, FIN | SYN | RST | PSH | ACK | URG,
	}
	waits := []Time{0, Second / 1000, Second / 100, Second, 61 * Second, 121 * Second}
	weird := r.IntN(4) == 0 // a quarter also has numbers from far away
	calls := make([]call, n)
	seq := [2]uint32{}
	for i := range calls {
		from := Side(r.IntN(2))
		s := Segment{
			Flags:  flags[r.IntN(len(flags))],
			Seq:    Seq(seq[from] + uint32(r.IntN(3)) - uint32(r.IntN(2))),
			Ack:    Seq(seq[from.Peer()] + uint32(r.IntN(3)) - uint32(r.IntN(2))),
			Window: []uint16{0, 1, 5, 65535}[r.IntN(4)],
		}
		if r.IntN(3) == 0 {
			s.Len = uint32(r.IntN(4))
		}
		if r.IntN(8) == 0 {
			s.Opts, s.TSVal, s.TSEcr = OptTimestamps, uint32(r.IntN(20)), uint32(r.IntN(20))
		}
		if r.IntN(8) == 0 {
			s.Opts |= OptFastOpen
		}
		if r.IntN(8) == 0 {
			s.Opts, s.WindowScale = s.Opts|OptWindowScale, uint8(r.IntN(20))
		}
		if r.IntN(8) == 0 {
			s.Opts, s.NumSACK = s.Opts|OptSACK, 1
			s.SACK[0] = SACKBlock{s.Ack + 1, s.Ack + 3}
		}
		if weird && r.IntN(6) == 0 {
			s.Seq += Seq(r.Uint32() >> r.IntN(32))
			s.Ack -= Seq(r.Uint32() >> r.IntN(32))
		}
		if next := s.Seq + Seq(s.Space()); next.After(Seq(seq[from])) && next.Minus(Seq(seq[from])) < 8 {
			seq[from] = uint32(next)
		}
		calls[i] = call{from, s, waits[r.IntN(len(waits))], r.IntN(30) == 0, r.IntN(30) == 0}
	}
	return calls
}

// orderly returns a connection from SYN to FIN in which segments are repeated,
// left out and swapped here and there.
func orderly(r *rand.Rand) []call {
	next := [2]Seq{Seq(r.Uint32()), Seq(r.Uint32())}
	var calls []call
	say := func(from Side, f Flags, length uint32) {
		s := Segment{Flags: f, Seq: next[from], Len: length, Window: 1000}
		if f&ACK != 0 {
			s.Ack = next[from.Peer()]
		}
		next[from] = s.End()
		calls = append(calls, call{from: from, seg: s, wait: Second / 100})
	}
	say(Client, SYN, 0)
	say(Server, SYN|ACK, 0)
	say(Client, ACK, 0)
	for range r.IntN(6) {
		say(Side(r.IntN(2)), PSH|ACK, uint32(r.IntN(100)))
	}
	closer := Side(r.IntN(2))
	switch r.IntN(4) {
	case 0:
		say(closer, RST|ACK, 0)
	case 1:
		say(closer, FIN|ACK, 0)
		say(closer.Peer(), FIN|ACK, 0)
		say(closer, ACK, 0)
	default:
		say(closer, FIN|ACK, uint32(r.IntN(10)))
		say(closer.Peer(), ACK, 0)
		say(closer.Peer(), PSH|ACK, uint32(r.IntN(10)))
		say(closer.Peer(), FIN|ACK, 0)
		say(closer, ACK, 0)
	}
	for range r.IntN(5) {
		i := r.IntN(len(calls))
		switch r.IntN(4) {
		case 0: // once more, later
			again := calls[i]
			again.wait = Second
			j := i + r.IntN(len(calls)-i)
			calls = slices.Insert(calls, j+1, again)
		case 1: // not captured
			calls = slices.Delete(calls, i, i+1)
			if len(calls) == 0 {
				return calls
			}
		case 2: // out of order
			j := min(i+1, len(calls)-1)
			calls[i], calls[j] = calls[j], calls[i]
		case 3: // a RST from somewhere
			rst := calls[i]
			rst.seg.Flags, rst.seg.Len = RST, 0
			rst.seg.Seq += Seq(r.IntN(3))
			calls = slices.Insert(calls, r.IntN(len(calls)+1), rst)
		}
	}
	return calls
}

// scripts calls f with many random conversations, always the same.
func scripts(f func(seed uint64, calls []call)) {
	for seed := range uint64(2500) {
		r := rand.New(rand.NewPCG(seed, 2))
		if seed%2 == 0 {
			f(seed, noise(r, 1+r.IntN(60)))
		} else {
			f(seed, orderly(r))
		}
	}
}

// feed makes the n-th call.
func feed(c *Conn, n int, k *call, now *Time) Meaning {
	*now += k.wait
	if k.copy {
		return c.StepCopy(k.from, &k.seg, NewFrame(0, uint64(n+1)), *now)
	}
	return c.Step(k.from, &k.seg, NewFrame(0, uint64(n+1)), *now, k.lost)
}

// most is the number of transitions that one segment can cause: on its sender an
// assumed or implied open, an ACK of its SYN, the peer's FIN, its own FIN or RST;
// on the receiver an ACK of SYN, an ACK of FIN and a FIN; and two timers.
const most = 9

// TestRandomConsistent runs nonsense and half-sense through the machine: what it
// says must stay consistent after every segment.
func TestRandomConsistent(t *testing.T) {
	scripts(func(seed uint64, calls []call) {
		if err := inconsistent(calls); err != "" {
			t.Fatalf("seed %d, %s", seed, err)
		}
	})
}

// inconsistent returns the first contradiction in what the machine says, or "".
func inconsistent(calls []call) string {
	var c Conn
	c.Reset(DefaultMSL)
	var now Time
	for i := range calls {
		before := len(c.Transitions)
		m := feed(&c, i, &calls[i], &now)
		if err := fault(&c); err != "" {
			return fmt.Sprintf("segment %d: %s", i, err)
		}
		if grown := len(c.Transitions) - before; grown > most {
			return fmt.Sprintf("segment %d: %d transitions", i, grown)
		} else if grown != 0 && !m.Any(StateChanged) {
			return fmt.Sprintf("segment %d: %d transitions without StateChanged", i, grown)
		}
		for side := range c.End {
			if room := cap(c.End[side].Out.blocks); room > 4*maxBlocks {
				return fmt.Sprintf("segment %d: room for %d blocks", i, room)
			}
		}
	}
	return ""
}

// TestRandomMirrored swaps the sides of everything: the result must be the same
// with the sides swapped.
func TestRandomMirrored(t *testing.T) {
	scripts(func(seed uint64, calls []call) {
		if err := unmirrored(calls); err != "" {
			t.Fatalf("seed %d, %s", seed, err)
		}
	})
}

// unmirrored returns the first difference between a conversation and its mirror
// image, or "".
func unmirrored(calls []call) string {
	var a, b Conn
	a.Reset(DefaultMSL)
	b.Reset(DefaultMSL)
	var nowA, nowB Time
	for i := range calls {
		mirrored := calls[i]
		mirrored.from = mirrored.from.Peer()
		ma, mb := feed(&a, i, &calls[i], &nowA), feed(&b, i, &mirrored, &nowB)
		if ma != mb || a.Fresh != b.Fresh || a.Old != b.Old || a.Unseen != b.Unseen {
			return fmt.Sprintf("segment %d: means %v, mirrored %v", i, meaningNames(ma), meaningNames(mb))
		}
		b.End[0], b.End[1] = b.End[1], b.End[0]
		if !reflect.DeepEqual(a.End, b.End) {
			return fmt.Sprintf("segment %d:\n%+v, mirrored\n%+v", i, a.End, b.End)
		}
		b.End[0], b.End[1] = b.End[1], b.End[0]
		for _, side := range []Side{Client, Server} {
			if x, y := of(&a, side), of(&b, side.Peer()); !slices.Equal(x, y) {
				return fmt.Sprintf("segment %d: %v's transitions\n%+v, mirrored\n%+v", i, side, x, y)
			}
		}
	}
	return ""
}

// of returns one side's transitions, without the side.
func of(c *Conn, side Side) []Transition {
	var out []Transition
	for _, tr := range c.Transitions {
		if tr.Side == side {
			tr.Side = 0
			out = append(out, tr)
		}
	}
	return out
}

// TestRandomShifted adds a constant to each side's numbers, so that they wrap
// elsewhere: nothing but the numbers may change.
func TestRandomShifted(t *testing.T) {
	scripts(func(seed uint64, calls []call) {
		r := rand.New(rand.NewPCG(seed, 3))
		shift := [2]Seq{Seq(r.Uint32()), Seq(r.Uint32())}
		if seed%4 < 2 { // they wrap within the conversation
			shift = [2]Seq{-calls[0].seg.Seq - 1 - Seq(r.IntN(5)), -calls[0].seg.Ack - 1 - Seq(r.IntN(5))}
			if calls[0].from == Server {
				shift[0], shift[1] = shift[1], shift[0]
			}
		}
		if err := unshifted(calls, shift); err != "" {
			t.Fatalf("seed %d, %s", seed, err)
		}
	})
}

// unshifted returns the first difference, other than the numbers themselves, that
// another pair of initial numbers makes, or "".
func unshifted(calls []call, shift [2]Seq) string {
	var a, b Conn
	a.Reset(DefaultMSL)
	b.Reset(DefaultMSL)
	var nowA, nowB Time
	for i := range calls {
		shifted := calls[i]
		peer := shift[shifted.from.Peer()]
		shifted.seg.Seq += shift[shifted.from]
		shifted.seg.Ack += peer
		for j := range shifted.seg.SACK[:shifted.seg.NumSACK] {
			b := &shifted.seg.SACK[j]
			b.From, b.To = b.From+peer, b.To+peer
		}
		ma, mb := feed(&a, i, &calls[i], &nowA), feed(&b, i, &shifted, &nowB)
		if ma != mb || a.Fresh != b.Fresh || a.Old != b.Old || a.Unseen != b.Unseen {
			return fmt.Sprintf("segment %d: means %v, shifted %v", i, meaningNames(ma), meaningNames(mb))
		}
		for side := range a.End {
			x, y := &a.End[side], &b.End[side]
			if x.State != y.State || x.unproved != y.unproved {
				return fmt.Sprintf("segment %d: %v %d, shifted %v %d", i, x.State, x.unproved, y.State, y.unproved)
			}
			if x.SentSYN && x.ISS+shift[side] != y.ISS || x.SentFIN && x.FinSeq+shift[side] != y.FinSeq ||
				x.Out.started && (x.Out.Edge+shift[side] != y.Out.Edge || x.Out.Top+shift[side] != y.Out.Top) {
				return fmt.Sprintf("segment %d: side %d is shifted by something else", i, side)
			}
		}
		if !slices.EqualFunc(a.Transitions, b.Transitions, func(x, y Transition) bool {
			x.provenAck, y.provenAck = 0, 0
			return x == y
		}) {
			return fmt.Sprintf("segment %d:\n%+v, shifted\n%+v", i, a.Transitions, b.Transitions)
		}
	}
	return ""
}

// TestRandomTwice runs each conversation a second time through the same
// connection, as when a capture is given twice.
func TestRandomTwice(t *testing.T) {
	scripts(func(seed uint64, calls []call) {
		var c Conn
		c.Reset(DefaultMSL)
		var now Time
		for i := range slices.Concat(calls, calls) {
			feed(&c, i, &calls[i%len(calls)], &now)
			if err := fault(&c); err != "" {
				t.Fatalf("seed %d, segment %d: %s", seed, i, err)
			}
		}
	})
}

// TestRandomReused runs each conversation through a connection that another one
// has used: Reset must leave nothing of it.
func TestRandomReused(t *testing.T) {
	var used Conn
	scripts(func(seed uint64, calls []call) {
		var fresh Conn
		fresh.Reset(DefaultMSL)
		used.Reset(DefaultMSL)
		var nowA, nowB Time
		for i := range calls {
			if feed(&fresh, i, &calls[i], &nowA) != feed(&used, i, &calls[i], &nowB) {
				t.Fatalf("seed %d, segment %d: means something else", seed, i)
			}
		}
		if !slices.Equal(fresh.Transitions, used.Transitions) || !reflect.DeepEqual(fresh.End, used.End) {
			t.Fatalf("seed %d: differs", seed)
		}
	})
}

// TestShortcut holds the short way that Step takes for the ordinary segment
// against the whole machine.
func TestShortcut(t *testing.T) {
	taken := 0
	scripts(func(seed uint64, calls []call) {
		var short, long Conn
		short.Reset(DefaultMSL)
		long.Reset(DefaultMSL)
		var now Time
		for i := range calls {
			k := &calls[i]
			now += k.wait
			frame := NewFrame(0, uint64(i+1))
			ms := short.Step(k.from, &k.seg, frame, now, k.lost)

			before := len(long.Transitions)
			long.at = Stamp{now, frame, long.at.Nth + 1}
			long.Fresh, long.Old, long.Unseen, long.Missed = 0, 0, 0, 0
			ml := long.expire(now) | long.sent(k.from, &k.seg)
			if !k.lost {
				ml |= long.received(k.from.Peer(), &k.seg)
			}
			long.remember(&long.End[k.from], &k.seg)
			if len(long.Transitions) != before {
				ml |= StateChanged
			}
			if k.seg.Flags&(SYN|FIN|RST|ACK) == ACK && short.End[0].State == Established && short.End[1].State == Established {
				taken++
			}
			if ms != ml || !reflect.DeepEqual(short, long) {
				t.Fatalf("seed %d, segment %d, %v: means %v, the long way %v\n%+v\n%+v",
					seed, i, k.seg.Flags, meaningNames(ms), meaningNames(ml), short, long)
			}
		}
	})
	if taken < 4_000 {
		t.Errorf("only %d segments of established connections", taken)
	}
}

// TestRowsReached counts which rows random traffic leads to. Those that no
// traffic can show are listed with their reason.
func TestRowsReached(t *testing.T) {
	reached := map[Row]bool{}
	scripts(func(_ uint64, calls []call) {
		var c Conn
		c.Reset(DefaultMSL)
		var now Time
		for i := range calls {
			feed(&c, i, &calls[i], &now)
			for _, tr := range c.Transitions {
				reached[Row{From: tr.From, Event: tr.Event, To: tr.To}] = true
			}
		}
	})
	silent := map[Row]string{
		{From: Listen, Event: CloseCall, To: Closed}:      "a CLOSE in LISTEN sends nothing",
		{From: SynSent, Event: CloseCall, To: Closed}:     "a CLOSE in SYN-SENT sends nothing",
		{From: SynSent, Event: RecvICMPError, To: Closed}: "an ICMP error is no segment",
		{From: Listen, Event: SendSYN, To: SynSent}:       "LISTEN is known only once a SYN-ACK was sent, and then a SYN opens another connection",
	}
	for _, r := range append(Table, passiveReset) {
		r.Rule = ""
		reason, ok := silent[r]
		switch {
		case !reached[r] && !ok:
			t.Errorf("%v, %v > %v is never reached", r.From, r.Event, r.To)
		case reached[r] && ok:
			t.Errorf("%v, %v > %v is reached, though %s", r.From, r.Event, r.To, reason)
		}
		delete(reached, r)
	}
	for r := range reached {
		t.Errorf("%v, %v > %v is no row", r.From, r.Event, r.To)
	}
}

// TestHostileTime feeds one connection long streams that make it change state
// again and again; the time must grow as the input does.
func TestHostileTime(t *testing.T) {
	for seed := range uint64(4) {
		span := func(n int) time.Duration {
			r := rand.New(rand.NewPCG(seed, 4))
			calls := noise(r, 400)
			var c Conn
			c.Reset(DefaultMSL)
			var now Time
			start := time.Now()
			for i := range n {
				feed(&c, i, &calls[i%len(calls)], &now)
			}
			return time.Since(start)
		}
		var short, long time.Duration
		slow := func() bool {
			short, long = span(20_000), span(80_000)
			return long > 16*short+50*time.Millisecond
		}
		times := 0 // once may be the machine's business
		for times < 3 && slow() {
			times++
		}
		if times == 3 {
			t.Errorf("seed %d: %v for 20,000 segments, but %v for 80,000", seed, short, long)
		}
	}
}
