package flow

import (
	"bytes"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// requestIncomplete reports whether the latest request is not whole: its header says so, or the
// client is known to have sent more than was captured.
func (f *Flow) requestIncomplete() bool {
	t := &f.turn
	return !t.joined && t.message != 0 && uint64(t.message) > t.size || t.unseen > 0
}

// PartialRequest is a request of which the server did not have all when it ended the connection.
// From is 0 if there is none, To is the server's FIN or RST.
type PartialRequest struct {
	Wait               // since the latest of it
	Size        uint64 // octets of it that were captured
	Announced   uint64 // octets that its header says it has; 0 where that is not known
	HeaderOpen  bool   // its header does not end
	NotCaptured uint32 // octets behind those captured that the client sent, and the server did not acknowledge
	Begin       []byte // at most requestBegin of its octets
	Reset       bool   // To is a RST
}

// EndedPartial returns the request that was not whole when the server, with no word of an answer,
// ended the connection, which the client had not.
func (f *Flow) EndedPartial() (r PartialRequest) {
	t, server := &f.turn, &f.Conn.End[fsm.Server]
	if t.phase != asking || t.joined || f.OneSided() || f.Untimed || f.Self || !server.HasAck || server.Acked.Before(t.end) || !f.requestIncomplete() {
		return r
	}
	end, reset := f.serverEnd()
	if end.Nth == 0 || t.unseen > 0 && server.Acked.After(t.end) { // the server has what the capture lacks
		return r
	}
	r.Wait = Wait{From: t.frame, To: end.Frame, Since: t.asked, Time: max(0, end.Time-t.asked)}
	r.Size, r.Begin, r.Reset = t.size, t.begin[:t.kept], reset
	switch n := t.message; {
	case n == appdata.HeaderOpen:
		r.HeaderOpen = true
	case uint64(n) > t.size:
		r.Announced = uint64(n)
	}
	r.NotCaptured = t.unseen
	return r
}

// serverEnd returns the server's FIN, or its RST if it sent no FIN, if it was the first of the two
// to end the connection.
func (f *Flow) serverEnd() (end fsm.Stamp, reset bool) {
	first := fsm.SendFIN
	t := f.Transition(fsm.Server, func(t *fsm.Transition) bool { return t.Event == first })
	if t == nil {
		first, reset = fsm.SendRST, true
		t = f.Transition(fsm.Server, func(t *fsm.Transition) bool { return t.Event == first })
	}
	own := f.Transition(fsm.Client, func(t *fsm.Transition) bool { return t.Event == fsm.SendFIN || t.Event == fsm.SendRST })
	if t == nil || own != nil && own.Nth < t.Nth {
		return fsm.Stamp{}, false
	}
	return fsm.Stamp{Time: t.Time, Frame: t.Frame, Nth: t.Nth}, reset
}

// CutAnswer is an answer that the server ended before it had sent what its header announces.
// From is 0 if there is none; it and To are the frames of the answer's latest data and of the
// server's FIN or RST.
type CutAnswer struct {
	From, To  fsm.Frame
	Size      uint64 // octets that the server sent of it, header included
	Announced uint64
	Reset     bool // To is a RST
}

// EndedAnswer returns the answer that the server cut short.
func (f *Flow) EndedAnswer() (r CutAnswer) {
	t, server := &f.turn, &f.Conn.End[fsm.Server]
	if t.phase != answering || t.joined || t.message == 0 || t.message == appdata.HeaderOpen || f.OneSided() || f.Self || bytes.HasPrefix(t.begin[:t.kept], []byte("HEAD ")) {
		return r
	}
	end, reset := f.serverEnd()
	sent := dataEnd(server).Minus(t.from)
	if end.Nth == 0 || sent < 0 || uint64(sent) >= uint64(t.message) || t.size > uint64(t.message) {
		return r
	}
	return CutAnswer{From: f.Dir[fsm.Server].LastDataFrame, To: end.Frame, Size: uint64(sent), Announced: uint64(t.message), Reset: reset}
}
