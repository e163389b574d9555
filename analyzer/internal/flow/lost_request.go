package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// LostRequest is a request that crossed the server's close, which did not take it. Request is 0
// if there is none.
type LostRequest struct {
	Request, FIN fsm.Frame
	Idle         fsm.Time // between the server's latest data and its FIN; 0 where it had sent none
}

// CrossedClose returns the request that the client sent without knowing of the server's FIN, and
// of which the server, which had closed, took nothing. That it is one its data must show: else
// it may be a parting word.
func (f *Flow) CrossedClose() (r LostRequest) {
	t, server := &f.turn, &f.Conn.End[fsm.Server]
	fin := f.FIN(fsm.Server)
	if fin == nil || t.phase != asking || t.joined || t.heard.After(server.FinSeq) || !server.HasAck || server.Acked.After(t.end.Add(-uint32(t.size))) {
		return r
	}
	begin := t.begin[:t.kept]
	if !appdata.IsHTTP(begin) && (t.size < LeastRequest || !appdata.IsRequest(begin)) {
		return r
	}
	r.Request, r.FIN = t.frame, fin.Frame
	if last := f.Dir[fsm.Server].LastData; last != 0 {
		r.Idle = max(0, fin.Time-last)
	}
	return r
}
