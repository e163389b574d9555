package fsm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A dialogue is a conversation as tcpdump would show it, with what the machine
// must make of it. Numbers are relative to each side's initial one.
type dialogue struct {
	name  string
	steps []step
	// The transitions of both endpoints at the end, in the order of their frames;
	// left out where the states say enough.
	transitions []string
}

// A step is one segment and what is known right behind it.
type step struct {
	// "> FLAGS SEQ[+LENGTH] [ack N] [win N] [ts VALUE/ECHO] [sack FROM-TO] [tfo] [ws N] [+SECONDS] [lost]".
	// The client sends ">", the server "<". "lost" tells that the receiver is known
	// not to get it, "copy" that the network doubled it. A bare "+SECONDS" lets time pass.
	segment string
	// "CLIENT SERVER"; a "?" marks a state that is not proved. Empty: as before.
	states string
	// Everything the segment means, but for StateChanged, which follows from the
	// transitions.
	means Meaning
}

// bases are initial numbers of client and server that each dialogue is run with.
var bases = [][2]Seq{
	{1_000_000, 70_000_000},
	{0, 0},
	{0xffff_ffff, 0xffff_fffe}, // the SYN is the last before zero
	{1<<31 - 2, 1<<31 + 5},
	{0xffff_ff9c, 1<<31 - 1}, // 100 octets before zero
}

// play runs dialogues with several initial numbers, and with the sides swapped.
func play(t *testing.T, ds []dialogue) {
	t.Helper()
	for _, d := range ds {
		t.Run(d.name, func(t *testing.T) {
			t.Helper()
			for i, base := range bases {
				for _, client := range []Side{Client, Server} {
					if !d.play(t, base, client, fmt.Sprintf("bases %d, client is side %d", i, client)) {
						return // the other runs would say the same
					}
				}
			}
		})
	}
}

func (d *dialogue) play(t *testing.T, base [2]Seq, client Side, which string) bool {
	t.Helper()
	ok := true
	fail := func(format string, args ...any) {
		t.Helper()
		ok = false
		t.Errorf("%s: %s", which, fmt.Sprintf(format, args...))
	}
	var c Conn
	c.Reset(DefaultMSL)
	p := player{base: base, swap: client}
	states := "CLOSED CLOSED"
	for i, st := range d.steps {
		before := slices.Clone(c.Transitions)
		m := p.feed(&c, st.segment)
		if st.states != "" {
			states = st.states
		}
		if got := p.states(&c); got != states {
			fail("step %d, %s: states %s, want %s", i+1, st.segment, got, states)
		}
		if m&^StateChanged != st.means {
			fail("step %d, %s: means %v, want %v", i+1, st.segment, meaningNames(m&^StateChanged), meaningNames(st.means))
		}
		changed := !slices.EqualFunc(before, c.Transitions, sameChange) ||
			m.Any(TookBack) // and perhaps made again at once
		if changed != m.Any(StateChanged) {
			fail("step %d, %s: StateChanged is %v", i+1, st.segment, !changed)
		}
		if err := fault(&c); err != "" {
			fail("step %d, %s: %s", i+1, st.segment, err)
		}
	}
	if d.transitions != nil {
		if got := p.transitions(&c); !slices.Equal(got, d.transitions) {
			fail("transitions\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(d.transitions, "\n\t"))
		}
	}
	return ok
}

// sameChange leaves frame and proof out: finding them changes no state.
func sameChange(a, b Transition) bool {
	return a.Side == b.Side && a.From == b.From && a.To == b.To && a.Event == b.Event
}

// player turns the steps' texts into segments.
type player struct {
	base  [2]Seq // of client and server
	swap  Side   // Server: the dialogue's client is the machine's Server
	now   Time
	frame Frame
}

// feed runs one step's segment through the connection.
func (p *player) feed(c *Conn, text string) Meaning {
	words := strings.Fields(text)
	if strings.HasPrefix(words[0], "+") {
		p.now += seconds(words[0])
		return c.Expire(p.now)
	}
	from := Client
	if words[0] == "<" {
		from = Server
	}
	var s Segment
	s.Window = 65535
	for i, letter := range "FSRP.UEWe" {
		if strings.ContainsRune(words[1], letter) {
			s.Flags |= 1 << i
		}
	}
	seq, length, _ := strings.Cut(words[2], "+")
	s.Seq = p.base[from].Add(uint32(number(seq)))
	if length != "" {
		s.Len = uint32(number(length))
	}
	lost, copied := false, false
	p.now += Second / 100
	for rest := words[3:]; len(rest) > 0; rest = rest[1:] {
		word, value := rest[0], ""
		switch word {
		case "ack", "win", "ts", "sack", "ws":
			rest = rest[1:]
			value = rest[0]
		}
		switch {
		case word == "ack":
			s.Ack = p.base[from.Peer()].Add(uint32(number(value)))
		case word == "win":
			s.Window = uint16(number(value))
		case word == "ws":
			s.Opts, s.WindowScale = s.Opts|OptWindowScale, uint8(number(value))
		case word == "ts":
			val, echo, _ := strings.Cut(value, "/")
			s.Opts, s.TSVal, s.TSEcr = s.Opts|OptTimestamps, uint32(number(val)), uint32(number(echo))
		case word == "sack":
			a, b, _ := strings.Cut(value, "-")
			peer := p.base[from.Peer()]
			s.SACK[s.NumSACK] = SACKBlock{peer.Add(uint32(number(a))), peer.Add(uint32(number(b)))}
			s.Opts, s.NumSACK = s.Opts|OptSACK, s.NumSACK+1
		case word == "tfo":
			s.Opts |= OptFastOpen
		case word == "lost":
			lost = true
		case word == "copy":
			copied = true
		case strings.HasPrefix(word, "+"):
			p.now += seconds(word) - Second/100
		default:
			panic("unknown word " + word + " in " + text)
		}
	}
	p.frame++
	if copied {
		return c.StepCopy(from^p.swap, &s, p.frame, p.now)
	}
	return c.Step(from^p.swap, &s, p.frame, p.now, lost)
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func seconds(text string) Time {
	f, err := strconv.ParseFloat(text[1:], 64)
	if err != nil {
		panic(err)
	}
	return Time(f * float64(Second))
}

func (p *player) states(c *Conn) string {
	var both [2]string
	for i := range both {
		e := &c.End[Side(i)^p.swap]
		both[i] = e.State.String()
		if !e.Proved() {
			both[i] += "?"
		}
	}
	return both[0] + " " + both[1]
}

// transitions writes them as "client SYN-SENT > ESTABLISHED: receive SYN,ACK,
// received 2, proof 3", by segment, the client's first where both changed. Each
// endpoint's own order stays: a segment that crossed one of its own was received
// after that, though it passed the tap before.
func (p *player) transitions(c *Conn) []string {
	ts := slices.Clone(c.Transitions)
	var last [2]uint32
	for i := range ts {
		t := &ts[i]
		t.Nth = max(t.Nth, last[t.Side])
		last[t.Side] = t.Nth
	}
	slices.SortStableFunc(ts, func(a, b Transition) int {
		rank := func(t Transition) int { // a timer runs out behind the segment
			r := int(t.Nth)*4 + int(t.Side^p.swap)
			if t.Cause == Timer {
				r += 2
			}
			return r
		}
		return rank(a) - rank(b)
	})
	var out []string
	for i := range ts {
		t := &ts[i]
		out = append(out, fmt.Sprintf("%v %v > %v: %v, %v %d, proof %d",
			t.Side^p.swap, t.From, t.To, t.Event, t.Cause, t.Frame.Number(), t.Proof.Number()))
	}
	return out
}

// fault returns what is inconsistent about a connection, or "".
func fault(c *Conn) string {
	for side := range c.End {
		if err := faultOf(c, Side(side)); err != "" {
			return fmt.Sprintf("%v: %s", Side(side), err)
		}
	}
	return ""
}

func faultOf(c *Conn, side Side) string {
	e := &c.End[side]
	if int(e.State) >= NumStates {
		return fmt.Sprintf("state %d", e.State)
	}
	at, unproved := Closed, 0
	for i := range c.Transitions {
		t := &c.Transitions[i]
		if t.Side != side {
			continue
		}
		// A passive open shows only in the answer to the SYN, and has no frame.
		if t.From != at && !(at == Closed && t.From == Listen) {
			return fmt.Sprintf("transition %d starts in %v behind %v", i, t.From, at)
		}
		if err := faultOfTransition(t); err != "" {
			return fmt.Sprintf("transition %d, %s", i, err)
		}
		if t.provisional() {
			unproved++
		}
		at = t.To
	}
	if at != e.State {
		return fmt.Sprintf("state %v, but the last transition leads to %v", e.State, at)
	}
	if int(e.unproved) != unproved || e.Proved() != (unproved == 0 && !e.joined && !e.unheard && !e.rstDoubted && !e.presumed && (!e.waits.possible || e.State == Closed)) {
		return fmt.Sprintf("%d transitions without proof, counted as %d", unproved, e.unproved)
	}
	if err := e.Out.fault(); err != "" {
		return "stream: " + err
	}
	if since, until := e.TimeWaitSpan(); e.State == TimeWait && until < since+TwoMSL(c.MSL) {
		return fmt.Sprintf("TIME-WAIT from %d to %d is too short", since, until)
	}
	return ""
}

func faultOfTransition(t *Transition) string {
	row := Row{From: t.From, Event: t.Event, To: t.To}
	if !slices.ContainsFunc(Table, func(r Row) bool { r.Rule = ""; return r == row }) &&
		row != (Row{From: passiveReset.From, Event: passiveReset.Event, To: passiveReset.To}) {
		return fmt.Sprintf("%v, is no row of the table", row)
	}
	if t.Rule() == "" {
		return "has no rule"
	}
	frames := fmt.Sprintf("%v, has frame %d, proof %d", t.Cause, t.Frame, t.Proof)
	switch t.Cause {
	case Sent:
		if t.Frame == 0 || t.Proof != t.Frame && !(t.Proof == 0 && t.Event == SendFIN) {
			return frames
		}
	case Received:
		// Only a SYN can be captured behind the SYN-ACK that proves it.
		if t.Frame == 0 || t.Proof != 0 && t.Proof < t.Frame && t.Event != RecvSYN {
			return frames
		}
	case Timer:
		if t.Frame != 0 || t.Proof != 0 {
			return frames
		}
	case Assumed:
		if t.Proof == 0 {
			return frames
		}
	}
	return ""
}

func meaningNames(m Meaning) []string {
	var out []string
	for _, n := range []struct {
		bit  Meaning
		name string
	}{
		{StateChanged, "StateChanged"},
		{TookBack, "TookBack"},
		{SYNAgain, "SYNAgain"},
		{SYNACKAgain, "SYNACKAgain"},
		{SYNACKChanged, "SYNACKChanged"},
		{FINAgain, "FINAgain"},
		{FINWithAck, "FINWithAck"},
		{FINMoved, "FINMoved"},
		{SYNACKUninvited, "SYNACKUninvited"},
		{SYNACKBadAck, "SYNACKBadAck"},
		{HandshakeBadAck, "HandshakeBadAck"},
		{HandshakeBadSeq, "HandshakeBadSeq"},
		{ACKBeforeACK, "ACKBeforeACK"},
		{SYNCrossed, "SYNCrossed"},
		{SYNInSync, "SYNInSync"},
		{RSTSent, "RSTSent"},
		{RSTExact, "RSTExact"},
		{RSTPerhapsExact, "RSTPerhapsExact"},
		{RSTInWindow, "RSTInWindow"},
		{RSTOutside, "RSTOutside"},
		{RSTRefuses, "RSTRefuses"},
		{RSTBadAck, "RSTBadAck"},
		{RSTAnswers, "RSTAnswers"},
		{RSTNoConnection, "RSTNoConnection"},
		{ChallengeACK, "ChallengeACK"},
		{DataAfterFIN, "DataAfterFIN"},
		{DataWhileClosed, "DataWhileClosed"},
		{AfterOwnRST, "AfterOwnRST"},
		{AfterPeerRST, "AfterPeerRST"},
		{AckAhead, "AckAhead"},
		{AckOfUnsent, "AckOfUnsent"},
		{GapConfirmed, "GapConfirmed"},
		{TimeWaitRestart, "TimeWaitRestart"},
		{RSTForLastACK, "RSTForLastACK"},
		{RSTInTimeWait, "RSTInTimeWait"},
		{TimeWaitKilled, "TimeWaitKilled"},
		{StaleAck, "StaleAck"},
		{Joined, "Joined"},
	} {
		if m&n.bit != 0 {
			out = append(out, n.name)
			m &^= n.bit
		}
	}
	if m != 0 {
		out = append(out, fmt.Sprintf("%#x", uint64(m)))
	}
	return out
}
