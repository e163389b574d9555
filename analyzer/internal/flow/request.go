package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// turn is whose turn it is to speak, and since when: the request under way, or the
// answer to it. New data in order moves it, so that segments which come again or late
// move nothing; data that its sender sent before it had all of the other side's answers
// nothing, and then nobody's turn is known until the client asks again.
type turn struct {
	phase   turnPhase
	waits   bool      // the client has not gone on after a wait for the answer, as one that needs none does
	joined  bool      // the capture may have missed the request's beginning
	end     fsm.Seq   // number after the request's last byte
	asked   fsm.Time  // when that byte was sent, the last time if it was sent again unacknowledged …
	frame   fsm.Frame // … and on which segment
	heard   fsm.Seq   // what the request acknowledges of the server's data
	last    fsm.Time  // the answer's latest byte
	size    uint64    // of the request or the answer so far
	shut    uint64    // how often the client's window had closed, and opened again, before the request
	closed  fsm.Time  // how long the server's window had been closed before it
	from    fsm.Seq   // number of the first byte of the request or the answer
	message uint32    // what these begin with says of their size, see decode.Packet.Message
	unseen  uint32    // bytes behind the request's end that the client had sent when it acknowledged the server's FIN
	left    bool      // the server closed first with the whole request acknowledged, and no byte of an answer
	kept    uint8     // octets of begin, of what was captured
	begin   [requestBegin]byte
}

// requestBegin is how much is kept of a request, to tell its protocol.
const requestBegin = 24

// turnPhase is where two sides are that take turns.
type turnPhase uint8

const (
	unasked   turnPhase = iota // nobody has asked: the server may speak first
	asking                     // the client has sent a request, or the beginning of one
	answering                  // the server has begun to answer
	crossed                    // both have spoken at a time, or data is missing: nobody knows
)

// exchanges holds the requests and answers of a connection that are over. Its memory is
// used again, as that of the notable segments is.
type exchanges struct {
	answer, lastByte, think, requestSize, answerSize record.Distribution

	longest Wait                 // of the answers
	slowest Wait                 // of those that no closed window held up
	excused *record.Distribution // answers that one did; nil for most
}

// all returns the distributions.
func (x *exchanges) all() [5]*record.Distribution {
	return [...]*record.Distribution{&x.answer, &x.lastByte, &x.think, &x.requestSize, &x.answerSize}
}

func (x *exchanges) reset() {
	for _, d := range x.all() {
		d.Reset()
	}
	x.longest, x.slowest, x.excused = Wait{}, Wait{}, nil
}

func (x *exchanges) bytes() (n int) {
	for _, d := range x.all() {
		n += d.Bytes()
	}
	if x.excused != nil {
		n += pointed(x.excused) + x.excused.Bytes()
	}
	return n
}

// patience is how long a client that wants an answer waits at the least, before it sends
// more without one.
const patience = fsm.Second

// noteTurn takes a segment with data into account.
func (f *Flow) noteTurn(o *observation) {
	if o.deliveredTwice || o.late || o.other || f.Self || !o.probe.Empty() || o.s.Flags&(fsm.ACK|fsm.SYN) == 0 {
		return
	}
	t := &f.turn
	if f.missesTurn(o) {
		t.phase = crossed
	}
	switch fresh := min(f.Conn.Fresh, o.s.Len); {
	case fresh == 0:
		t.noteAgain(o)
	case o.before.started && o.s.End().AtOrBefore(o.before.top): // fills a hole
		if f.speaks() == o.from {
			t.size += uint64(fresh)
			t.last = o.p.Time
		}
	case o.from == fsm.Client:
		f.noteRequest(o, uint64(fresh))
	default:
		f.noteAnswer(o, uint64(fresh))
	}
}

// missesTurn reports whether the segment shows that something was said before it that the
// capture lacks. What the request had acknowledged was said before that.
func (f *Flow) missesTurn(o *observation) bool {
	t := &f.turn
	switch {
	case f.Conn.Unseen > 0, o.from == fsm.Server && o.y.Seen && o.s.Ack.After(o.y.Out.Top):
		return true
	case f.Conn.Missed > 0:
		return o.from == fsm.Client || t.phase != asking || o.s.Seq.After(t.heard)
	}
	return false
}

// speaks returns the side whose data belongs to what is under way.
func (f *Flow) speaks() fsm.Side {
	if f.turn.phase == asking {
		return fsm.Client
	}
	return fsm.Server
}

// noteAgain notes that the request's last byte, which the server has not acknowledged,
// was sent again: what the server does with it begins then.
func (t *turn) noteAgain(o *observation) {
	switch {
	case t.phase != asking || o.from != fsm.Client || o.s.End().Before(t.end):
	case o.y.HasAck && o.y.Acked.AtOrAfter(t.end):
		t.waits = false // its sender does not know: whether it waits for an answer yet is not known either
	default:
		t.asked, t.frame = o.p.Time, o.p.Frame
	}
}

// noteRequest takes new data of the client into account.
func (f *Flow) noteRequest(o *observation, bytes uint64) {
	t, now := &f.turn, o.p.Time
	switch {
	case t.phase == asking && !(o.y.Seen && o.s.Ack.After(o.y.Out.Top)): // else it had an answer that the capture lacks
		if now-t.asked > patience {
			t.waits = false
		}
		if t.message == appdata.HeaderOpen {
			t.message = 0 // its header may end in these
		}
		t.size += bytes
	case o.y.Seen && o.s.Flags&fsm.ACK != 0 && o.s.Ack.Before(dataEnd(o.y)): // not all of the server's data has reached it
		t.phase = crossed
		return
	default:
		if t.phase == answering {
			x := f.ensureExchanges()
			x.lastByte.Add(span(t.asked, t.last))
			x.answerSize.Add(t.size)
			x.think.Add(span(t.last, now))
		}
		*t = turn{phase: asking, waits: true, size: bytes, heard: o.s.Ack}
		t.shut, t.closed = f.timesShut(), f.Dir[fsm.Server].ZeroWindowTime
		t.kept = uint8(copy(t.begin[:], o.p.Payload))
		t.begins(o, bytes)
		t.joined = f.Conn.Missed > 0 || !f.hasData && f.FirstFlags&fsm.SYN == 0
	}
	t.asked, t.frame, t.end = now, o.p.Frame, o.s.End()
	if o.s.Flags&fsm.FIN != 0 {
		t.end--
	}
}

// begins notes with what a request or an answer begins, of which the segment has so many bytes.
func (t *turn) begins(o *observation, bytes uint64) {
	t.from, t.message = o.s.Seq, 0
	if o.p.HasMessage && bytes >= uint64(o.s.Len) { // else some of it was there before
		t.message = o.p.Message
	}
}

// noteAnswer takes new data of the server into account.
func (f *Flow) noteAnswer(o *observation, bytes uint64) {
	t, now := &f.turn, o.p.Time
	switch t.phase {
	case asking:
		if o.s.Ack.Before(t.end) { // sent before it had the whole request
			t.phase = crossed
			return
		}
		x := f.ensureExchanges()
		wait := span(t.asked, now)
		x.answer.Add(wait)
		if !t.joined {
			x.requestSize.Add(t.size)
		}
		x.noteWait(Wait{Time: fsm.Time(wait), Since: t.asked, From: t.frame, To: o.p.Frame}, f.heldUp() || f.requestIncomplete())
		t.phase, t.size = answering, bytes
		t.begins(o, bytes)
	case answering:
		t.size += bytes
	}
	t.last = now
}

// noteServerFIN takes the server's first FIN into account. Behind a gap it may have an answer
// before it.
func (f *Flow) noteServerFIN(o *observation) {
	t := &f.turn
	t.left = t.phase == asking && o.s.Len == 0 && o.s.Flags&fsm.ACK != 0 && o.s.Ack.AtOrAfter(t.end) && !o.y.SentFIN &&
		o.s.Seq == o.before.top && o.d.GapBytes == 0 && f.SYNs[fsm.Server] == 0 // with a simultaneous open nobody knows who is to answer
}

// LeastRequest is how many octets a request has at the least to which the server, having
// spoken before, is thought to owe an answer: less are more likely a parting word (TLS's
// close_notify takes up to 31 with today's ciphers).
const LeastRequest = 32

// LeftRequest is a request that the server left without an answer when it closed, the first of
// the two. From is 0 if there is none, To is the FIN.
type LeftRequest struct {
	Wait
	Size  uint64
	Begin []byte // at most requestBegin of its octets; empty for not known
}

// ClosedUnanswered returns the request that the server left without an answer.
func (f *Flow) ClosedUnanswered() (r LeftRequest) {
	t := &f.turn
	if !t.left || !f.AwaitsAnswer() || f.OneSided() || f.Untimed {
		return r
	}
	fin := f.FIN(fsm.Server)
	if fin == nil {
		return r
	}
	r.Wait = Wait{From: t.frame, To: fin.Frame, Since: t.asked, Time: max(0, fin.Time-t.asked)}
	r.Size = t.size
	if !t.joined {
		r.Begin = t.begin[:t.kept]
	}
	return r
}

// span returns the time between two segments in nanoseconds, 0 if a clock was set back.
func span(from, to fsm.Time) uint64 { return uint64(max(0, to-from)) }

func (f *Flow) ensureExchanges() *exchanges {
	if f.exchanges == nil {
		if f.exchanges, f.spareExchanges = f.spareExchanges, nil; f.exchanges == nil {
			f.exchanges = &exchanges{}
		}
	}
	return f.exchanges
}

// ExchangesInto writes the connection's requests and answers into r, in the memory that r
// has: of an answer that goes on, what came so far.
func (f *Flow) ExchangesInto(r *record.Exchanges) {
	r.Slowest = record.Span{}
	if x := f.exchanges; x != nil {
		r.Answer.CopyFrom(&x.answer)
		r.LastByte.CopyFrom(&x.lastByte)
		r.Think.CopyFrom(&x.think)
		r.RequestSize.CopyFrom(&x.requestSize)
		r.AnswerSize.CopyFrom(&x.answerSize)
		r.Slowest = record.Span{Seconds: x.longest.Time.Seconds(0), From: x.longest.From, To: x.longest.To}
	} else {
		for _, d := range [...]*record.Distribution{&r.Answer, &r.LastByte, &r.Think, &r.RequestSize, &r.AnswerSize} {
			d.Reset()
		}
	}
	if t := &f.turn; t.phase == answering {
		r.LastByte.Add(span(t.asked, t.last))
		r.AnswerSize.Add(t.size)
	}
	r.Open = record.Span{}
	if wait := f.OpenRequest(); wait.From != 0 {
		r.Open = record.Span{Seconds: wait.Time.Seconds(0), From: wait.From, To: wait.To}
	}
}

// Wait is a time that passed between two segments; To is 0 if the second has not come.
type Wait struct {
	Time     fsm.Time // how long it is
	Since    fsm.Time // when it began, where that is noted
	From, To fsm.Frame
}
