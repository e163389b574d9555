package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var dataToClosedSocket = &Check{
	Name: record.CheckDataToClosedSocket, Title: "data received after close(): answered by a RST", Family: "teardown",
	Severity: record.SeverityWarning, Rule: "RFC 9293 §3.6.1 (SHLD-3)",
	Condition: "A side that has sent its FIN answers data with a RST, data that the peer sent after that FIN or that was still in flight: the application had closed the socket for reading too. Not where these data are TLS's close_notify (a record of type alert, or in TLS 1.3 of the size of one) and all the side's own data, but for a close_notify, were acknowledged: nothing was lost. Data that may be the peer's parting word count with a doubt, unless they begin as a request: then the client used the connection again just as the server closed it (the keepalive race).",
	Benign:    []string{"the application needed no more of the response", "a client that disconnects while the server is still sending"},
	Filter:    "tcp.flags.reset == 1 && tcp.completeness & 16", Needs: InStep,
	Meaning:         fsm.RSTSent,
	OncePerTemplate: "a RST behind a FIN of a clean connection answers TLS's close_notify and nothing else",
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			if k := resetOfLateData(f, side); k != nil && f.UnreadIsCloseNotify(side) == 0 {
				data, seen := k.Prior, fmt.Sprintf("RST in answer to %s", phrase.Bytes(k.PriorLen))
				message := fmt.Sprintf("The %s had closed its socket and answered the data in frame %d with a RST in frame %d: that data was lost.", side, data.Number(), k.Frame.Number())
				if k.PriorLen == 0 {
					data, seen = f.Dir[side.Peer()].LastDataFrame, "RST with data in flight"
					message = fmt.Sprintf("The %s had closed its socket and sent a RST in frame %d while the data in frame %d were in flight: that data was lost.", side, k.Frame.Number(), data.Number())
				}
				if r := f.CrossedClose(); side == fsm.Server && r.Request != 0 {
					message = crossed(r, k.Frame)
				}
				found(Finding{
					Side: side.String(), Frames: []fsm.Frame{data, k.Frame}, Count: 1, Seen: seen, Expected: "data read to the end",
					Doubt: unwanted(f, side, k), Message: message,
				})
			}
		}
	},
}

// crossed tells of a request that crossed the server's close and met the RST.
func crossed(r flow.LostRequest, rst fsm.Frame) string {
	closed := fmt.Sprintf("The server closed in frame %d", r.FIN.Number())
	if r.Idle > 0 {
		closed += fmt.Sprintf(", %s after its latest data", phrase.Elapsed(r.Idle))
	}
	return closed + fmt.Sprintf("; the client's request that ends in frame %d crossed that and was answered by the RST in frame %d: it is lost, and has to be sent again.", r.Request.Number(), rst.Number())
}

// resetOfLateData returns the RST with which side, after its own FIN, answered
// data, or nil.
func resetOfLateData(f *flow.Flow, side fsm.Side) (rst *flow.NotableSegment) {
	if f.FIN(side) == nil {
		return nil
	}
	f.EachNotable(side, fsm.RSTSent, flow.Facts(), func(k *flow.NotableSegment) {
		if rst != nil || !endedBy(f, side, k.Frame) {
			return
		}
		inTimeWait := k.Meaning.Any(fsm.RSTInTimeWait) || k.States[side] == fsm.TimeWait
		if f.AnswersLateData(side, k) && (k.Meaning.Any(fsm.RSTForLastACK) || k.PriorLen > 0 && !inTimeWait) || !inTimeWait && f.AnswersDataInFlight(side, k) {
			rst = k
		}
	})
	return rst
}

// endedBy reports whether side's RST in the frame stands as the end of its part:
// it was not taken back because side went on.
func endedBy(f *flow.Flow, side fsm.Side, rst fsm.Frame) bool {
	return f.Transition(side, func(t *fsm.Transition) bool { return t.Event == fsm.SendRST && t.Frame == rst }) != nil
}

// unwanted says why the data that side answered with the RST may be no loss: the peer was
// in the middle of a stream of which side had enough, or it was the peer's parting word.
func unwanted(f *flow.Flow, side fsm.Side, rst *flow.NotableSegment) string {
	const stream, segment, word = 50_000, 1000, 128 // bytes
	peer, fin, bye := &f.Dir[side.Peer()], f.FIN(side), f.FIN(side.Peer())
	x, y := &f.Conn.End[side], &f.Conn.End[side.Peer()]
	soon := 2*f.PathRTT() + 50_000_000
	var left fsm.Time // when the peer closed or aborted, if it did
	last := y.Out.Top
	if y.SentFIN && bye != nil {
		left, last = bye.Time, y.FinSeq
	} else if own := f.RST[side.Peer()]; own.Nth > rst.Nth && rstHasAck(f, side.Peer(), own.Frame) {
		left = own.Time
	}
	switch unread := last.Minus(x.Acked); {
	case x.HasAck && unread <= word && !peer.SeesData() && f.Delivered(side) && peer.UniqueBytes > uint64(max(0, unread)):
		return "the data themselves were not captured: they may be the peer's parting word, such as TLS's close_notify"
	case side == fsm.Server && f.CrossedClose().Request != 0: // it waits for an answer
	case fin == nil || !x.HasAck || rst.Time-fin.Time > soon:
	case left != 0 && unread <= word && left-rst.Time < soon && peer.UniqueBytes > uint64(max(0, unread)): // all that it ever said would be its answer
		return "the peer closed right behind it: a parting word, such as TLS's close_notify"
	case peer.UniqueBytes >= stream && max(rst.SndNxt.Minus(x.Acked), int32(rst.PriorLen)) >= segment && fin.Time-f.Dir[side].LastData > soon:
		return "the peer was in the middle of a stream, of which the side may have had enough"
	}
	return ""
}
