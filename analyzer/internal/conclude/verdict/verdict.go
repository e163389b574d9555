// Package verdict says in one sentence why a connection went and ended as it
// did. It reads the connection's record and nothing else: the same record gives
// the same verdict.
//
// What only one explanation fits is said flatly. What a tap cannot know (who sent
// a RST, why an application closed, where a packet was lost) is said with
// "probably", and the verdict is not sure.
package verdict

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Of judges a finished connection. Its anomalies must be filled in.
func Of(c *record.Connection) record.Verdict {
	v := judge(c)
	if c.Quality.Untimed {
		v.Sure = false
		if d := v.Code.Doc(); d != nil && !closedOrOpen(v.Code) {
			v.Sentence = d.Explanation // without the durations that nobody knows
		}
	}
	besideICMP(c, &v)
	besideMPTCP(c, &v)
	besideTLS(c, &v)
	v.Frames = tidy(v.Frames)
	if !c.Quality.Untimed {
		v.Limits = limits(c)
	}
	if c.Quality.GapBytes > 0 {
		v.Sure = false // what the capture lost could tell another story
	}
	return v
}

// closedOrOpen reports whether the verdict's sentence tells no duration but that of the
// close.
func closedOrOpen(code record.VerdictCode) bool {
	return code == record.VerdictClosedNormally || code == record.VerdictClosedSimultaneously || code == record.VerdictClosedWithReset
}

// judge finds the first story that fits, from those that need the least to be
// believed to the general ones.
func judge(c *record.Connection) record.Verdict {
	if v, ok := tooLarge(c); ok {
		return v
	}
	switch {
	case scanned(c):
		return scanProbe(c)
	case anomaly(c, record.CheckStealthProbe) != nil && c.Traffic[0].Packets+c.Traffic[1].Packets <= 3:
		return strayProbe(c)
	case c.Quality.OneSided:
		return oneDirection(c)
	case c.Close.Kind == record.CloseNone:
		return noConnection(c)
	case c.Close.Kind == record.CloseRefused:
		return refused(c)
	case c.Close.Kind == record.CloseUnanswered:
		return unanswered(c)
	case c.Close.Kind == record.CloseRejected:
		return rejected(c)
	case c.Close.Kind == record.CloseAbortedHandshake:
		return abortedHandshake(c)
	case c.Evicted && c.Close.Kind != record.CloseNormal && c.Close.Kind != record.CloseSimultaneous && c.Close.Kind != record.CloseReset:
		return notFollowed(c)
	case c.Close.Kind == record.CloseOpening:
		return opening(c)
	case endedMessage(c) != nil:
		return messageEnded(c)
	case leftUnanswered(c) != nil:
		return closedUnanswered(c)
	case c.Close.Kind == record.CloseReset:
		return reset(c)
	case c.Close.Kind == record.CloseNormal, c.Close.Kind == record.CloseSimultaneous:
		return closed(c)
	}
	if c.Close.Kind == record.CloseClosing {
		return closing(c)
	}
	if c.Superseded != 0 && c.Close.Kind == record.CloseOpen {
		return superseded(c)
	}
	if v, ok := gone(c); ok {
		return v
	}
	if c.Close.Kind == record.CloseHalfClosed {
		return halfClosed(c)
	}
	return open(c)
}

// anomaly returns the connection's first finding of that name, or nil.
func anomaly(c *record.Connection, names ...record.CheckName) *record.Anomaly {
	for i := range c.Anomalies {
		if slices.Contains(names, c.Anomalies[i].Name) {
			return &c.Anomalies[i]
		}
	}
	return nil
}

// tidy sorts frames, drops the zero one and repetitions, and keeps the first few
// and the last.
func tidy(frames []fsm.Frame) []fsm.Frame {
	slices.Sort(frames)
	frames = slices.Compact(frames)
	if len(frames) > 0 && frames[0] == 0 {
		frames = frames[1:]
	}
	if len(frames) > record.MaxVerdictFrames {
		frames[record.MaxVerdictFrames-1] = frames[len(frames)-1]
		frames = frames[:record.MaxVerdictFrames]
	}
	return frames
}

// sideOf returns the side that a record's word names.
func sideOf(name string) fsm.Side {
	if name == fsm.Server.String() {
		return fsm.Server
	}
	return fsm.Client
}

// pathRTT returns the handshake's whole round trip in seconds, or what stands
// for one where it is not known.
func pathRTT(c *record.Connection) float64 {
	if h := &c.Handshake; h.ServerRTT >= 0 && h.ClientRTT >= 0 {
		return h.ServerRTT + h.ClientRTT
	}
	return 0.1
}

// soon is how long an answer may reasonably be under way, in seconds, before its
// absence says something.
func soon(c *record.Connection) float64 { return 1 + 2*pathRTT(c) }
