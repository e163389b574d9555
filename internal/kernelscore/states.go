package kernelscore

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// A kernel and a wire tell of the same states in different words. Before they
// are compared,
//
//   - our TIME-WAIT counts as CLOSED, and its end does not count: Linux closes
//     the socket on entering it;
//   - the kernel's FIN-WAIT-2 → CLOSED on an acknowledged FIN counts only once
//     the peer's FIN or a RST shows that FIN-WAIT-2 has ended: until then a
//     record without a socket goes on in it;
//   - a connection that no socket was made for may have been in LISTEN and
//     SYN-RECEIVED: Linux reports these when the handshake is complete;
//   - what the kernel did last, without a segment that reaches the place of the
//     capture, does not count: giving up in silence, or a RST lost before it.
//     SYN-SENT ends on the wire with a RST or not at all: a SYN sent in the same
//     millisecond tells nothing of a close().

// path is what the record says of the endpoint at addr.
func (t *talk) path(addr netip.AddrPort) (states []string, steps []*fsm.Transition) {
	side := t.side(addr)
	for i := range t.record.Transitions {
		x := &t.record.Transitions[i]
		if x.Side != side {
			continue
		}
		if len(states) == 0 {
			states, steps = append(states, x.From.String()), append(steps, nil)
		}
		to := x.To
		if to == fsm.TimeWait {
			to = fsm.Closed
		}
		if to.String() != states[len(states)-1] {
			states, steps = append(states, to.String()), append(steps, x)
		}
	}
	return states, steps
}

// expected is what a capture can show of what the kernel of one end did. own is
// the connection as that end's own capture has it.
func (t *talk) expected(own *talk, client bool) []string {
	addr, said := own.end(client)
	if len(said.States) == 0 {
		return own.withoutSocket(addr)
	}
	n := len(said.States)
	if s := said.States[n-1]; s.From == "FIN-WAIT-2" && s.To == "CLOSED" {
		if !own.finWait2Ended(addr) {
			n--
		}
	} else if n > 0 && s.To == "CLOSED" && !t.shows(own, addr, &s) {
		n--
	}
	states := []string{said.States[0].From}
	for i, s := range said.States[:n] {
		switch {
		case i+1 < n && s.To == "FIN-WAIT-1" && own.waitsWithFIN(addr, &said.States[i+1]):
			s.To = "CLOSE-WAIT"
		case i > 0 && s.To == "CLOSING" && states[len(states)-1] == "CLOSE-WAIT":
			s.To = "LAST-ACK"
		}
		states = append(states, s.To)
	}
	return states
}

// waitsWithFIN reports whether addr's socket, which is in FIN-WAIT-1, had not sent its FIN when
// the peer's made it leave for CLOSING. CLOSE puts it there at once, though the FIN waits behind
// data (RFC 9293 §3.10.4). On the wire its FIN then follows its ACK of the peer's, as
// from CLOSE-WAIT: no capture tells one from the other, so the record must not call that
// proved. own is its own capture.
func (own *talk) waitsWithFIN(addr netip.AddrPort, next *lab.StateChange) bool {
	return next.To == "CLOSING" && !slices.ContainsFunc(*own.tuple, func(f *frame) bool {
		return f.from == addr && f.segment.Flags.Has(fsm.FIN) && f.time.Before(next.Time)
	})
}

// waited reports whether the socket of one end left FIN-WAIT-1 with its FIN waiting.
func (own *talk) waited(client bool) bool {
	addr, said := own.end(client)
	for i := 1; i < len(said.States); i++ {
		if said.States[i-1].To == "FIN-WAIT-1" && own.waitsWithFIN(addr, &said.States[i]) {
			return true
		}
	}
	return false
}

// claims reports whether the record calls it proved that the end entered a state.
func (t *talk) claims(addr netip.AddrPort, state fsm.State) bool {
	side := t.side(addr)
	return slices.ContainsFunc(t.record.Transitions, func(x fsm.Transition) bool {
		return x.Side == side && x.To == state && x.Certain()
	})
}

// withoutSocket is the path of an end whose kernel made no socket: a port that
// nobody listens on, or a listener that the handshake never got through to.
func (t *talk) withoutSocket(addr netip.AddrPort) []string {
	var states []string
	for _, f := range t.frames {
		switch {
		case f.from == addr && f.segment.Flags.Has(fsm.SYN|fsm.ACK) && states == nil:
			states = []string{"LISTEN", "SYN-RECEIVED"}
		case f.segment.Flags.Has(fsm.RST) && len(states) == 2:
			states = append(states, "CLOSED")
		}
	}
	return states
}

// finWait2Ended reports whether the capture at addr shows anything that ends
// FIN-WAIT-2 behind addr's FIN.
func (t *talk) finWait2Ended(addr netip.AddrPort) bool {
	fin := false
	for _, f := range *t.tuple {
		if f.from == addr {
			fin = fin || f.segment.Flags.Has(fsm.FIN)
		} else if f.segment.Flags.Has(fsm.FIN) {
			return true
		}
		if fin && f.segment.Flags.Has(fsm.RST) {
			return true
		}
	}
	return false
}

// shows reports whether t, a capture anywhere, has a segment that goes with the
// end of addr's socket, or one that was sent behind it.
func (t *talk) shows(own *talk, addr netip.AddrPort, end *lab.StateChange) bool {
	const near = 4 * time.Millisecond
	opening := end.From == "SYN-SENT"
	var sent []*frame
	for _, f := range *own.tuple {
		reset := f.segment.Flags.Has(fsm.RST)
		if f.time.Before(end.Time.Add(-near)) || opening && !reset {
			continue
		}
		soon := f.time.Before(end.Time.Add(near))
		switch {
		case f.from != addr && soon:
			return true
		case f.from == addr && t == own && (soon || opening):
			return true
		case f.from == addr && t != own:
			sent = append(sent, f)
		}
	}
	return slices.ContainsFunc(*t.tuple, func(f *frame) bool { return f.origin != nil && slices.Contains(sent, f.origin) })
}

// outcome of one comparison.
type outcome int

const (
	right outcome = iota
	undecided
	wrong
)

// compareStates holds the record of one end against its kernel.
func (t *talk) compareStates(own *talk, client bool) (outcome, string) {
	addr, said := own.end(client)
	want := t.expected(own, client)
	if t.record == nil {
		return wrong, "no record"
	}
	got, steps := t.path(addr)
	if slices.Equal(got, want) || noSocket(got) && noSocket(want) {
		if said.Left == "TIME-WAIT" && !t.visits(addr, fsm.TimeWait) && !own.waited(client) {
			return wrong, "the kernel holds TIME-WAIT, the record does not: " + t.story(addr)
		}
		if own.waited(client) && t.claims(addr, fsm.CloseWait) {
			return wrong, "the kernel went from FIN-WAIT-1 to CLOSING, its FIN waiting, and the record calls CLOSE-WAIT proved: " + t.story(addr)
		}
		return right, ""
	}
	if len(want) == 0 && len(got) > 0 && noSocket(got[:1]) {
		want = got[:1] // nothing ever happened there
	}
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	what := fmt.Sprintf("kernel %s | record %s", strings.Join(want, " "), t.story(addr))
	side := t.side(addr)
	switch {
	case i < len(got) && steps[i] != nil && (steps[i].Cause == fsm.Received && steps[i].Proof == 0 || steps[i].Cause == fsm.Assumed),
		i == len(got) && !t.record.State[side].Proved:
		return undecided, what
	}
	return wrong, what
}

// noSocket reports a path that is none: CLOSED or LISTEN throughout.
func noSocket(path []string) bool {
	return !slices.ContainsFunc(path, func(s string) bool { return s != "CLOSED" && s != "LISTEN" })
}

// visits reports whether the record has the end in a state.
func (t *talk) visits(addr netip.AddrPort, state fsm.State) bool {
	side := t.side(addr)
	return slices.ContainsFunc(t.record.Transitions, func(x fsm.Transition) bool { return x.Side == side && x.To == state })
}

// story tells the record's transitions of one end with their frames.
func (t *talk) story(addr netip.AddrPort) string {
	side := t.side(addr)
	var b strings.Builder
	for i := range t.record.Transitions {
		x := &t.record.Transitions[i]
		if x.Side != side {
			continue
		}
		if b.Len() == 0 {
			b.WriteString(x.From.String())
		}
		fmt.Fprintf(&b, " %s(%s %d", x.To, x.Cause, x.Frame.Number())
		if x.Cause == fsm.Received {
			fmt.Fprintf(&b, " proof %d", x.Proof.Number())
		}
		b.WriteString(")")
	}
	return b.String()
}

// resets compares the RSTs that reached an end, at its own side, with what its
// kernel says it accepted. Where there was no full socket the kernel says nothing.
func (t *talk) resets(client bool) (total, good int, faults []string) {
	addr, said := t.end(client)
	var reached []*frame
	for _, f := range *t.tuple {
		if f.from != addr && f.segment.Flags.Has(fsm.RST) {
			reached = append(reached, f)
		}
	}
	accepted := make(map[*frame]bool)
	for i := range said.ResetsReceived {
		if f := before(said.ResetsReceived[i].Time, reached); f != nil {
			accepted[f] = true
		}
	}
	for _, f := range reached {
		if !hadSocket(said, f.time) {
			continue
		}
		total++
		claimed, by := false, ""
		if t.record != nil {
			side := t.side(addr)
			by = t.record.Close.ResetBy
			claimed = slices.ContainsFunc(t.record.Transitions, func(x fsm.Transition) bool {
				return x.Side == side && x.Event == fsm.RecvRST && x.Frame.Number() == f.number
			})
			if claimed == accepted[f] && (!claimed || by == side.Peer().String()) {
				good++
				continue
			}
		}
		faults = append(faults, fmt.Sprintf("RST in frame %d: kernel accepted %v, record %v, reset by %q", f.number, accepted[f], claimed, by))
	}
	return total, good, faults
}

// before returns the frame that a report at a time is about: the last that had
// come by then. The two clocks agree to a few microseconds.
func before(at time.Time, frames []*frame) *frame {
	var last *frame
	for _, f := range frames {
		if d := at.Sub(f.time); d > -3*time.Microsecond && d < reportDelay {
			last = f
		}
	}
	return last
}

// hadSocket reports whether the end had a full socket just before a time.
func hadSocket(said *lab.Endpoint, at time.Time) bool {
	state := ""
	for _, s := range said.States {
		if s.Time.After(at.Add(-50 * time.Microsecond)) {
			if state == "" {
				state = s.From
			}
			break
		}
		state = s.To
	}
	return state != "" && state != "CLOSED" && state != "LISTEN"
}
