package flow

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// account is what the time between two segments went to.
type account uint8

// The accounts, in the order of series.Accounts, of which the last is the close's; those of a
// side are followed by the other side's.
const (
	toHandshake account = iota
	toApp
	_
	toWindow
	_
	toLoss
	_
	toNetwork
	toIdle
	accounts = iota
)

var _ [accounts]struct{} = [len(series.Accounts) - 1]struct{}{} // one for each but the close's

func (a account) of(side fsm.Side) account { return a + account(side) }

// spending follows what a connection's time goes to: each segment tells what the wait
// before it was for. What nobody can tell yet waits for the segment that does.
type spending struct {
	sums    [accounts]fsm.Time
	longest [accounts]Wait

	// A wait that went to one account without a break, over several segments.
	run     Wait
	account account

	silent      fsm.Time // nobody owed anything, and nobody has spoken again yet …
	silentSince fsm.Frame

	closing     [accounts]fsm.Time // since a side closed: it is the close's, unless data follows
	closingMost Wait
	mostAccount account
	closeFrom   fsm.Frame // the segment with which that began; 0 while nobody has closed

	debt fsm.Time // by which the clock was set back, not made up for yet

	latest     fsm.Stamp // the segment before, and what stood after it
	latestFrom fsm.Side
	resent     bool // and it was sent again
	opened     bool
	spoken     bool     // there was data
	speaker    fsm.Side // whose was the latest
	unacked    [2]bool  // by side: it has sent what is not acknowledged
	blocked    [2]bool  // by side: the peer's window leaves it no room for what it has to send
	shut       [2]bool  // by side: its window is closed
	reopens    bool     // it opened its sender's window after a silence
	freed      [2]bool  // by side: its peer's latest segment gave it room that it had waited for

	series *series.Encoder // is told of it too; nil for most
}

// hostTime is what a host may take to send what an ACK just made room for.
const hostTime = 5_000_000

// unknownRTT is taken for a round trip where the capture shows none.
const unknownRTT = 100_000_000

// spend takes the time before a segment into account. All else about the segment is known.
func (f *Flow) spend(o *observation) {
	w := &f.spending
	if w.latest.Nth == 0 {
		w.opened = o.s.Flags&fsm.SYN == 0
	} else {
		f.attribute(o, o.p.Time-w.latest.Time)
	}
	w.latest, w.latestFrom, w.resent = o.at, o.from, o.facts.Any(resentFacts)
	if !w.opened {
		w.opened = f.Conn.End[0].State.Synchronized() && f.Conn.End[1].State.Synchronized()
	}
	if o.carries() && o.s.Len > 0 && o.probe.Empty() {
		w.spoken, w.speaker = true, o.from
		if w.closeFrom != 0 {
			w.goesOn(o.p.Frame)
		}
	}
	if w.closeFrom == 0 && w.opened && o.s.Flags&(fsm.FIN|fsm.RST) != 0 {
		w.closeFrom = o.p.Frame
		w.closes()
	}
	w.reopens = w.shut[o.from] && !o.d.zero && w.silent > 0
	stood := w.blocked[o.from.Peer()]
	for side := range w.unacked {
		x, y := &f.Conn.End[side], &f.Conn.End[1-side]
		w.unacked[side] = y.HasAck && x.Out.Top.After(y.Acked)
		w.shut[side] = f.Dir[side].zero
		w.blocked[side] = f.Dir[side].blocked || f.Dir[1-side].zero && (w.blocked[side] || o.probe.Has(WindowProbe) && o.from == fsm.Side(side))
	}
	w.freed = [2]bool{}
	w.freed[o.from.Peer()] = stood && !w.blocked[o.from.Peer()]
}

// attribute decides what the wait before a segment went to.
func (f *Flow) attribute(o *observation, wait fsm.Time) {
	w, from, peer := &f.spending, o.from, o.from.Peer()
	wait = w.pay(wait)
	ordinary := !o.deliveredTwice && !o.late && !o.other && o.probe.Empty()
	speaks := ordinary && o.s.Len > 0 && f.Conn.Fresh > 0
	again := ordinary && o.s.Len > 0 && o.facts.Any(resentFacts)
	ends := o.s.Flags&(fsm.FIN|fsm.RST) != 0
	switch {
	case !w.opened || o.s.Flags&fsm.SYN != 0:
		w.add(toHandshake, wait, o)
	case again && w.timedOut(o):
		w.add(toLoss.of(from), wait, o)
	case w.waitsForRoom(from, o.probe.Has(WindowProbe)):
		w.add(toWindow.of(peer), wait, o)
	case w.blocked[peer] || w.shut[from] && o.facts.Has(WindowProbeAnswer):
		w.add(toWindow.of(from), wait, o)
	case again, w.gaveUp(o):
		w.add(toLoss.of(from), wait, o)
	case w.unacked[0] || w.unacked[1]:
		f.attributeUnacked(o, wait, speaks || ends)
	case speaks:
		f.attributeSpeech(o, wait)
	default:
		if w.silent == 0 {
			w.silentSince = w.latest.Frame
		}
		w.silent += wait
		if ends && w.closeFrom == 0 {
			w.addSilence(w.silence(), o)
		}
	}
}

// timedOut reports whether the sender had waited for room until its timer ran out over what there was
// room for: see noteTimeout.
func (w *spending) timedOut(o *observation) bool {
	return w.blocked[o.from] && !o.d.blocked && !o.r.zero
}

// gaveUp reports whether the sender resets the connection after it has sent again in vain.
func (w *spending) gaveUp(o *observation) bool {
	return w.resent && w.latestFrom == o.from && w.unacked[o.from] && o.s.Flags&fsm.RST != 0
}

// pay takes off a wait what clocks that were set back have made too much of those before.
func (w *spending) pay(wait fsm.Time) fsm.Time {
	if wait >= 0 && w.debt == 0 {
		return wait
	}
	made := min(w.debt, max(wait, 0))
	w.debt -= made
	if wait -= made; wait < 0 {
		w.debt -= wait
		return 0
	}
	return wait
}

// waitsForRoom reports whether the side waited for its peer's window.
func (w *spending) waitsForRoom(from fsm.Side, probes bool) bool {
	peer := from.Peer()
	return w.shut[peer] && (w.blocked[from] || probes) || w.blocked[from] && !w.blocked[peer]
}

// attributeUnacked divides a wait with data on its way: up to a round trip is the network's,
// where the segment shows that its sender had something to do.
func (f *Flow) attributeUnacked(o *observation, wait fsm.Time, acts bool) {
	w, network := &f.spending, wait
	switch {
	case acts && w.unacked[o.from.Peer()]: // it may answer
		network = min(wait, f.RoundTrip(o.from.Peer()))
	case acts: // it may have waited for ACKs of what it sent before
		network = min(wait, f.wholeRoundTrip())
	}
	w.add(toNetwork, network, o)
	if wait > network {
		w.add(toApp.of(o.from), wait-network, o)
	}
}

// attributeSpeech books the wait, and the silence before it, that new data ends.
func (f *Flow) attributeSpeech(o *observation, wait fsm.Time) {
	w, peer := &f.spending, o.from.Peer()
	if w.reopens && w.latestFrom == peer && wait <= f.RoundTrip(peer)+hostTime {
		w.addSilence(toWindow.of(peer), o)
		w.freed[o.from] = true
	}
	wait += w.silent
	if w.silent > 0 {
		w.latest.Frame, w.silent = w.silentSince, 0
	}
	if w.spoken && w.speaker == o.from { // it goes on: what it sends now it may have held until the peer's ACK was there
		held, travel := toNetwork, f.wholeRoundTrip()
		if w.freed[o.from] {
			held, travel = toWindow.of(peer), travel+travel/2+hostTime
		}
		travel = min(wait, travel)
		w.add(held, travel, o)
		if wait -= travel; wait == 0 {
			return
		}
	}
	if o.from == fsm.Client && w.spoken && w.speaker == fsm.Server && wait > IdleSpan {
		w.add(toIdle, wait, o)
	} else {
		w.add(toApp.of(o.from), wait, o)
	}
}

// addSilence books the silence, which the segment before has ended.
func (w *spending) addSilence(a account, o *observation) {
	at := w.latest.Frame
	w.latest.Frame = w.silentSince
	w.add(a, w.silent, o)
	w.latest.Frame, w.silent = at, 0
}

// silence returns what a silence went to that nobody broke: the client had asked, or
// nobody had anything to say.
func (w *spending) silence() account {
	if w.spoken && w.speaker == fsm.Client {
		return toApp.of(fsm.Server)
	}
	return toIdle
}

// RoundTrip returns how long what a side sends takes from the tap to its receiver, and the
// acknowledgment back to the tap, without what the receiver's application takes. The
// handshake shows that best: there systems answer and no applications.
func (f *Flow) RoundTrip(sender fsm.Side) fsm.Time {
	switch {
	case sender == fsm.Client && f.SYN.Nth != 0 && f.SYNACK.Nth != 0 && f.SYNs[0]+f.SYNs[1] == 1:
		return max(0, f.SYNACK.Time-f.SYN.Time)
	case sender == fsm.Server && f.SYNACK.Nth != 0 && f.FinalACK.Nth != 0:
		return max(0, f.FinalACK.Time-f.SYNACK.Time-f.synAcksApart)
	}
	if rtt := f.Dir[sender].RTT(); rtt.Samples > 0 {
		return rtt.Min
	}
	return unknownRTT
}

// wholeRoundTrip returns how long an ACK that the peer sends for a side's data, and what the side
// then sends, are on their way, wherever the tap is between them.
func (f *Flow) wholeRoundTrip() fsm.Time {
	c, s := f.RoundTrip(fsm.Client), f.RoundTrip(fsm.Server)
	if c == unknownRTT || s == unknownRTT {
		return min(c, s)
	}
	return c + s
}

// add books a wait that ended with a segment.
func (w *spending) add(a account, wait fsm.Time, o *observation) {
	if wait == 0 {
		return
	}
	if w.series != nil {
		w.series.Book(uint8(a), wait)
	}
	if w.closeFrom != 0 {
		w.closing[a] += wait
		if wait > w.closingMost.Time {
			w.closingMost, w.mostAccount = Wait{Time: wait, From: w.latest.Frame, To: o.p.Frame}, a
		}
		return
	}
	w.sums[a] += wait
	if a != w.account || w.run.Time == 0 {
		w.endRun()
		w.account, w.run = a, Wait{From: w.latest.Frame}
	}
	w.run.Time += wait
	w.run.To = o.p.Frame
}

// endRun keeps a wait without a break if it is the longest of its account.
func (w *spending) endRun() {
	if l := &w.longest[w.account]; w.run.Time > l.Time {
		*l = w.run
	}
	w.run = Wait{}
}

// goesOn notes data that comes after a side has closed: what passed since then was no
// part of the close.
func (w *spending) goesOn(frame fsm.Frame) {
	w.endRun()
	for a, t := range w.closing {
		w.sums[a] += t
	}
	if l := &w.longest[w.mostAccount]; w.closingMost.Time > l.Time {
		*l = w.closingMost
	}
	w.closing, w.closingMost = [accounts]fsm.Time{}, Wait{}
	w.closeFrom = frame
	w.closes()
}

// closes tells the series that the close begins with this segment.
func (w *spending) closes() {
	if w.series != nil {
		w.series.Closing()
	}
}

// WaitedForRoom returns how long a side waited for its peer's window to leave room for what it
// had to send. Beside the receiver the window seems to have room as soon as it is full:
// there only the round trip until more data comes shows the wait.
func (f *Flow) WaitedForRoom(side fsm.Side) fsm.Time {
	blocked := f.Dir[side].Blocked
	if f.OneSided() || f.Untimed { // what its time went to is not known
		return blocked
	}
	return max(blocked, f.spending.sums[toWindow.of(side.Peer())])
}

// SpentInto writes what the connection's time went to into r, in the memory that r has.
// Of a connection of which one direction was captured it is not known.
func (f *Flow) SpentInto(r *record.Spent) {
	*r = record.Spent{Longest: r.Longest[:0]}
	if f.OneSided() || f.Untimed {
		return
	}
	w := f.spending // a copy: the connection may go on
	w.endRun()
	var ending fsm.Time // the close
	if w.closeFrom != 0 {
		for _, t := range w.closing {
			ending += t
		}
		ending += w.silent
	} else if w.silent > 0 {
		a := w.silence()
		w.account, w.run = a, Wait{Time: w.silent, From: w.silentSince, To: w.latest.Frame}
		w.sums[a] += w.silent
		w.endRun()
	}
	seconds := func(a account) float64 { return w.sums[a].Seconds(0) }
	r.Handshake, r.Network, r.Idle, r.Close = seconds(toHandshake), seconds(toNetwork), seconds(toIdle), ending.Seconds(0)
	for side := range r.App {
		side := fsm.Side(side)
		r.App[side], r.Window[side], r.Loss[side] = seconds(toApp.of(side)), seconds(toWindow.of(side)), seconds(toLoss.of(side))
	}
	for a, l := range w.longest {
		keepLongest(r, series.Accounts[a].Cause, series.Accounts[a].Side, l)
	}
	keepLongest(r, record.SpentClose, "", Wait{Time: ending, From: w.closeFrom, To: w.latest.Frame})
	slices.SortStableFunc(r.Longest, func(a, b record.LongestSpan) int { return cmp.Compare(b.Seconds, a.Seconds) })
}

func keepLongest(r *record.Spent, cause record.SpentCause, side string, l Wait) {
	if l.Time > 0 {
		r.Longest = append(r.Longest, record.LongestSpan{Cause: cause, Side: side, Span: record.Span{Seconds: l.Time.Seconds(0), From: l.From, To: l.To}})
	}
}
