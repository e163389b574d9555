package conclude

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// buildTails writes what the verdict rests on beside the rest of the record.
func buildTails(f *flow.Flow, c *record.Connection) {
	c.Until, c.Superseded = f.Until, f.ReusedAt.Frame
	for side := range c.Tail {
		d, e, peer := &f.Dir[side], &f.Conn.End[side], &f.Conn.End[side^1]
		t := &c.Tail[side]
		*t = record.Tail{
			LastFrame: d.Last.Frame, Last: d.Last.Time,
			FirstData: d.FirstData, LastData: d.LastData, LastDataFrame: d.LastDataFrame, Forged: f.Forged(fsm.Side(side)),
			Unanswered: buildUnanswered(&d.Unanswered),
			Blocked:    seconds(f.WaitedForRoom(fsm.Side(side))), TimeoutWait: seconds(d.TimeoutWait),
		}
		t.Next = e.Out.Top
		if e.Out.Started() && e.Seen {
			switch {
			case peer.HasAck && e.Out.Top.After(peer.Acked):
				t.Outstanding = uint32(e.Out.Top - peer.Acked)
			case !peer.HasAck && e.SentSYN:
				t.Outstanding = uint32(e.Out.Top - e.ISS)
			}
		}
		t.TooLarge = buildTooLarge(d)
		t.WindowClosed = d.WindowShut
		if d.Keepalive != nil {
			t.Keepalives, t.Heard = d.Keepalive.Run(), d.Keepalive.Heard
		}
		if f.Stalls != nil {
			t.Answer, t.Pause = buildWait(&f.Stalls.Answer[side]), buildWait(&f.Stalls.Pause[side])
		}
	}
	c.Reset = buildReset(f, c)
	c.Second = record.SecondResponder{}
	if r, ok := f.SecondResponder(); ok {
		c.Second = record.SecondResponder{SYNACK: r.Other, RST: r.RST}
	}
}

func buildUnanswered(u *flow.Unanswered) record.Unanswered {
	return record.Unanswered{
		Frame: u.Frame, Time: u.Time, Idle: seconds(u.Idle), Resent: uint64(u.Resent),
		Last: u.Last, LastSent: u.LastFrame, FirstGap: seconds(u.FirstGap), LastGap: seconds(u.LastGap),
	}
}

func buildWait(w *flow.StallTally) record.Wait {
	return record.Wait{Times: int(w.Times), Longest: seconds(w.Longest), Total: seconds(w.Total), From: w.From, To: w.To}
}

// buildReset describes the RST that the close names.
func buildReset(f *flow.Flow, c *record.Connection) record.Reset {
	if c.Close.RST == 0 {
		return record.Reset{}
	}
	marks := f.Notable()
	for i := range marks {
		k := &marks[i]
		if k.Frame != c.Close.RST {
			continue
		}
		d, peer := &f.Dir[k.From], &f.Dir[k.From.Peer()]
		r := record.Reset{
			Frame: k.Frame, Time: k.Time, Side: k.From, Sent: d.RSTs, HasAck: k.Segment.Flags&fsm.ACK != 0,
			TTL: k.TTL, HostTTL: d.LastTTL, Prior: k.Prior, PriorBytes: k.PriorLen, Before: k.States,
		}
		placeReset(f, &r)
		r.FINCrossed = finCrossed(f, k)
		dataBefore(f, k, &r)
		r.OwnOutstanding = c.Tail[k.From].Outstanding
		if peer := &f.Conn.End[k.From.Peer()]; r.HasAck && peer.Seen && k.SndNxt.After(k.Segment.Ack) {
			r.PeerOutstanding = uint32(k.SndNxt - k.Segment.Ack)
			if r.FINCrossed && k.SndNxt.After(peer.FinSeq) {
				r.PeerOutstanding-- // the FIN is no data
			}
		}
		if e := &f.Conn.End[k.From]; r.HasAck && e.ScaleKnown && e.HasAck {
			r.WindowTaken = d.MaxWindow - min(d.MaxWindow, e.Window)
		}
		for t := range c.Transitions {
			tr := &c.Transitions[t]
			r.PriorFIN = r.PriorFIN || tr.Event == fsm.SendFIN && tr.Frame == k.Prior && tr.Side != k.From
		}
		whatIsLost(f, k, &r)
		if waited, gaveUp := f.GaveUpFINWait2(k.From, k); gaveUp {
			r.GaveUpAfter = seconds(waited)
		}
		if latest := max(r.PriorTime, r.Own); latest != 0 {
			r.Silence = max(0, k.Time.Seconds(latest))
		}
		if u := &peer.Unanswered; u.Frame != 0 && u.Time <= k.Time {
			r.Silence = max(r.Silence, seconds(u.Idle))
		}
		return r
	}
	return record.Reset{}
}

// finCrossed reports whether the peer's FIN had not arrived when a RST was sent: the RST's
// acknowledgment does not cover it, or it passed later.
func finCrossed(f *flow.Flow, rst *flow.NotableSegment) bool {
	fin, peer := f.FIN(rst.From.Peer()), &f.Conn.End[rst.From.Peer()]
	if fin == nil || !peer.SentFIN {
		return false
	}
	if rst.Segment.Flags.Has(fsm.ACK) {
		return !rst.Segment.Ack.After(peer.FinSeq)
	}
	return fin.Frame > rst.Frame
}

// dataBefore notes the latest data of both sides before the RST, and the latest segments.
func dataBefore(f *flow.Flow, k *flow.NotableSegment, r *record.Reset) {
	d, peer := &f.Dir[k.From], &f.Dir[k.From.Peer()]
	if b := d.BeforeRST; b != nil && f.RST[k.From].Frame == k.Frame {
		r.PriorTime, r.Own = b.Peer, b.Own
		r.OwnData, r.PeerData, r.OwnFrame, r.PeerFrame = b.OwnData, b.PeerData, b.OwnFrame, b.PeerFrame
		return
	}
	// Not this side's first RST: its and its peer's latest data, if that came before.
	if d.LastData <= k.Time {
		r.OwnData, r.OwnFrame = d.LastData, d.LastDataFrame
	}
	if peer.LastData <= k.Time {
		r.PeerData, r.PeerFrame = peer.LastData, peer.LastDataFrame
	}
}

// whatIsLost notes whether the RST cost no more than TLS's parting word, or a request.
func whatIsLost(f *flow.Flow, k *flow.NotableSegment, r *record.Reset) {
	switch {
	case f.AnswersLateData(k.From, k):
		r.CloseNotify = f.UnreadIsCloseNotify(k.From)
	case f.FIN(k.From) == nil && r.OwnOutstanding == 0:
		r.CloseNotify = f.CloseNotify(k.From.Peer())
	case f.FIN(k.From) == nil:
		r.OwnCloseNotify = f.UnacknowledgedIsCloseNotify(k.From)
	}
	if lost := f.CrossedClose(); lost.Request != 0 && k.From == fsm.Server {
		r.Crossed = record.Span{Seconds: seconds(lost.Idle), From: lost.Request, To: lost.FIN}
	}
}

// placeReset notes where the RST was captured, if the capture holds two places.
func placeReset(f *flow.Flow, r *record.Reset) {
	d, place := &f.Dir[r.Side], f.RSTPlace[r.Side]
	if f.RST[r.Side].Frame != r.Frame {
		return
	}
	r.There = place == decode.PlaceSame
	if r.There && d.Doubled > 0 && r.TTL != d.LastTTL {
		r.HostTTL = d.TTL // of the first: the latest may have been captured at the other place only
	}
	r.Apart = place == decode.PlaceOther && 2*d.Doubled >= d.Packets // that otherwise come twice
}

func seconds(t fsm.Time) float64 { return float64(t) / 1e9 }

func buildTooLarge(d *flow.Direction) record.TooLarge {
	b := d.BlackHole()
	if b == nil || b.Through {
		return record.TooLarge{}
	}
	return record.TooLarge{Frame: b.First.Frame, Last: b.Latest, Sends: b.Sends, Size: b.Size(), Largest: b.Largest()}
}
