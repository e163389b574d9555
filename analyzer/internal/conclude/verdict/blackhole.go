package verdict

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// tooLarge finds connections that came to nothing because one side's large segments
// never arrived, and its small ones did.
func tooLarge(c *record.Connection) (record.Verdict, bool) {
	if c.Close.Kind == record.CloseNormal || c.Close.Kind == record.CloseSimultaneous {
		return record.Verdict{}, false
	}
	for x := fsm.Client; x <= fsm.Server; x++ {
		t := &c.Tail[x].TooLarge
		if t.Frame == 0 {
			continue
		}
		v := record.Verdict{Code: record.VerdictPathMTUBlackHole, Frames: []fsm.Frame{t.Frame, t.Last, c.Close.RST, c.Close.FIN[x], c.Close.FIN[x.Peer()]}}
		v.Sentence = "Only large segments of " + phrase.By(x) + " did not arrive: " + phrase.Frame(t.Frame) + ", an IP packet of " + phrase.Bytes(t.Size) +
			", was sent " + phrase.Times(t.Sends) + " in vain, up to " + phrase.Frame(t.Last) + ", while packets of up to " + phrase.Bytes(t.Largest) + " arrived; the path's MTU is probably smaller"
		if e := toldTooBig(c, x); e != nil {
			v.Sentence += ", as " + icmpSays(e) + " told, which does not seem to have arrived"
			v.Frames = append(v.Frames, e.Frame)
		} else {
			v.Sentence += ", and no ICMP error in the capture tells it"
		}
		switch {
		case c.Close.RST != 0:
			v.Sentence += "; " + phrase.By(sideOf(c.Close.ResetBy)) + " gave up with the RST in " + phrase.Frame(c.Close.RST) + "."
		case c.Close.FIN[x.Peer()] != 0:
			v.Sentence += "; " + phrase.By(x.Peer()) + " had closed in " + phrase.Frame(c.Close.FIN[x.Peer()]) + "."
		default:
			v.Sentence += "."
		}
		return v, true
	}
	return record.Verdict{}, false
}

// toldTooBig returns the latest ICMP error that told the side of a smaller MTU, or nil.
func toldTooBig(c *record.Connection, side fsm.Side) *record.ICMPError {
	return latestICMP(c, side, func(e *record.ICMPError) bool { return e.Kind() == record.ICMPTooBig })
}
