package verdict

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// icmpCodes are the verdicts on attempts that an ICMP error ended.
var icmpCodes = map[record.ICMPKind]record.VerdictCode{
	record.ICMPUnreachable:      record.VerdictRejectedByICMP,
	record.ICMPTimeExceeded:     record.VerdictTimeExceeded,
	record.ICMPParameterProblem: record.VerdictParameterProblem,
}

// latestICMP returns the latest ICMP error about a segment of the side that is as asked
// for, or nil.
func latestICMP(c *record.Connection, side fsm.Side, asked func(*record.ICMPError) bool) *record.ICMPError {
	for i := len(c.ICMP) - 1; i >= 0; i-- {
		if e := &c.ICMP[i]; e.Side == side && asked(e) {
			return e
		}
	}
	return nil
}

// endsAttempt reports whether the error is one for which an attempt is given up.
func endsAttempt(e *record.ICMPError) bool { return e.Kind().EndsAttempt() }

// icmpAbout returns the latest ICMP error about the side's SYN or SYN-ACK for which an
// attempt is given up, or nil.
func icmpAbout(c *record.Connection, side fsm.Side) *record.ICMPError {
	return latestICMP(c, side, func(e *record.ICMPError) bool { return e.SYN && endsAttempt(e) })
}

// icmpSays writes what an ICMP error says, who sent it and in which frame:
// "ICMP host unreachable (type 3, code 1) from 192.0.2.1 in frame 2".
func icmpSays(e *record.ICMPError) string {
	name := "ICMP "
	if e.V6 {
		name = "ICMPv6 "
	}
	return name + e.Name() + " (type " + strconv.Itoa(int(e.Type)) + ", code " + strconv.Itoa(int(e.Code)) + ") from " +
		e.From.String() + " in " + phrase.Frame(e.Frame)
}

// rejected is the verdict on a SYN that an ICMP error answered, and no segment.
func rejected(c *record.Connection) record.Verdict {
	e := icmpAbout(c, fsm.Client)
	if e == nil {
		return unanswered(c)
	}
	h := &c.Handshake
	v := record.Verdict{Code: icmpCodes[e.Kind()], Frames: []fsm.Frame{h.SYN, e.Quoted, e.Frame}, Sure: true}
	sender := "a router or firewall on the way"
	if e.From == c.Server.IP {
		sender = "the server's host, or a firewall in its name"
	}
	what := "the SYN in " + phrase.Frame(h.SYN)
	if e.Quoted != 0 && e.Quoted != h.SYN {
		what = "the SYN, sent again in " + phrase.Frame(e.Quoted) + ","
	}
	v.Sentence = "Rejected by " + icmpSays(e) + ", which answers " + what
	if h.SYNs == 1 {
		v.Sentence += " after " + phrase.Duration(max(0, e.Time.Seconds(c.First)))
	}
	v.Sentence += ": sent by " + sender + "; the client did not try again."
	if h.SYNs > 1 {
		v.Sentence = v.Sentence[:len(v.Sentence)-1] + " after its " + phrase.Count(h.SYNs) + " SYNs."
	}
	return v
}

// notedICMP adds to the verdict on an attempt that was not ended by an ICMP error what
// such an error says of the side's SYN or SYN-ACK: that is the likely cause.
func notedICMP(c *record.Connection, side fsm.Side, v *record.Verdict) {
	e := icmpAbout(c, side)
	if e == nil {
		return
	}
	what := "SYN"
	if side == fsm.Server {
		what = "SYN-ACK"
	}
	v.Code, v.Sure = icmpCodes[e.Kind()], false
	v.Sentence += " " + icmpSays(e) + " answers its " + what + "."
	v.Frames = append(v.Frames, e.Frame)
}

// toldByICMP adds to the verdict on a side that was not answered any more what the
// latest ICMP error about its segments says.
func toldByICMP(c *record.Connection, side fsm.Side, v *record.Verdict) {
	if e := latestICMP(c, side, endsAttempt); e != nil {
		v.Sentence += " " + icmpSays(e) + " answers one of its segments."
		v.Frames = append(v.Frames, e.Frame)
	}
}

// nothing says that nothing came back, as far as the capture can tell: one without any
// ICMP may have been made with a filter that hides it.
func nothing(c *record.Connection) string {
	if c.NoICMP || len(c.ICMP) > 0 {
		return "no segment"
	}
	return "nothing"
}

// besideICMP adds to a verdict that does not tell of ICMP errors what the first of them
// said: it is what stands beside the connection.
func besideICMP(c *record.Connection, v *record.Verdict) {
	if len(c.ICMP) == 0 || strings.Contains(v.Sentence, "ICMP") {
		return
	}
	e := &c.ICMP[0]
	about := "one of " + phrase.By(e.Side) + "'s segments"
	if e.Quoted != 0 {
		about = phrase.By(e.Side) + "'s segment in " + phrase.Frame(e.Quoted)
	}
	v.Sentence += " " + icmpSays(e) + " is about " + about
	if n := uint64(len(c.ICMP)) + c.MoreICMP; n > 1 {
		v.Sentence += ", the first of " + phrase.Count(n)
	}
	v.Sentence += "."
	v.Frames = append(v.Frames, e.Frame)
}
