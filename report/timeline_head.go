package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

const headNames = 11 // cells of the column of names in a timeline's head

// timelineHead writes what one wants to know of a connection before its segments.
func (p *page) timelineHead(c *record.Connection) {
	p.verdictHead(c)
	if c.Quality.Untimed {
		p.head("when", "not recorded, "+p.frameSpan(c.FirstFrame, c.LastFrame))
	} else {
		p.whenHead(c)
	}
	p.head("who", p.who(c))
	p.processHead(c)
	p.head("opened", p.opened(c))
	for side := fsm.Client; side <= fsm.Server; side++ {
		p.head("", p.offers(c, side))
	}
	p.head("closed", p.closed(c))
	p.timeWaitHead(c)
	if !c.Quality.Untimed {
		p.timeInState(c)
	}
	p.head("time spent", p.spentText(c))
	for side := fsm.Client; side <= fsm.Server; side++ {
		name := ""
		if side == fsm.Client {
			name = "sent"
		}
		p.head(name, side.String()+": "+sentText(c, side))
	}
	p.wiresharkHead(c)
	p.head("related", p.relatedText(c))
	p.head("lifetime", lifeText(&c.Lifetime))
	for side := fsm.Client; side <= fsm.Server; side++ {
		p.head("keepalive", keepaliveText(side, &c.Traffic[side].Keepalive))
	}
	p.head("capture", p.captureDoubts(c))
	p.head("findings", p.findingNames(c))
}

func (p *page) whenHead(c *record.Connection) {
	p.head("when", moment(c.First)+" to "+p.until(c.First, c.Last)+", "+phrase.Duration(span(c.First, c.Last))+
		", "+p.frameSpan(c.FirstFrame, c.LastFrame))
}

func (p *page) frameSpan(first, last fsm.Frame) string {
	if first == last {
		return "frame " + p.frame(first)
	}
	return "frames " + p.frame(first) + " to " + p.frame(last)
}

// head writes a named value unless it is empty.
func (p *page) head(name, value string) {
	if value != "" {
		p.field(headNames, name, p.text(value))
	}
}

var orientationBases = map[string]string{
	"syn":          "it sent the first SYN",
	"syn-ack":      "the other side sent the SYN-ACK",
	"port":         "the other side has the well-known port",
	"first-sender": "it was the first to be seen",
}

var guessedFrom = map[string]string{
	"syn":          "the first SYN",
	"syn-ack":      "the SYN-ACK",
	"port":         "the ports",
	"first-sender": "the order of the first segments",
}

// who is said only when there is something to say: a guess, a tunnel, a second use.
func (p *page) who(c *record.Connection) string {
	var facts []string
	if !c.Orientation.Certain {
		facts = append(facts, "client/server guessed from "+words(guessedFrom, c.Orientation.Basis)+": "+addr(c.Client)+" as client")
	}
	if c.Encapsulation != "" {
		facts = append(facts, "encapsulated in "+c.Encapsulation)
	}
	if c.Incarnation > 1 {
		facts = append(facts, "connection number "+number(uint64(c.Incarnation))+" on these addresses and ports")
	}
	return strings.Join(facts, "; ")
}

var handshakeKinds = map[string]string{
	"three-way":    "three-way handshake",
	"simultaneous": "simultaneous open",
	"split":        "split handshake",
	"fast-open":    "TCP Fast Open",
	"incomplete":   "handshake not completed",
	"not-captured": "mid-stream: handshake not captured",
	"none":         "no handshake",
}

// words returns what people say for a name, or the name.
func words[S ~string](names map[S]string, name S) string {
	if w, ok := names[name]; ok {
		return w
	}
	return string(name)
}

var closeKinds = map[record.CloseKind]string{
	record.CloseNone:             "no change of state",
	record.CloseRefused:          "refused by the server",
	record.CloseUnanswered:       "never answered",
	record.CloseAbortedHandshake: "handshake aborted",
	record.CloseReset:            "reset",
	record.CloseNormal:           "normal close",
	record.CloseSimultaneous:     "simultaneous close",
	record.CloseHalfClosed:       "half-closed",
	record.CloseClosing:          "still closing",
	record.CloseOpening:          "still opening",
	record.CloseOpen:             "still open",
}

// closeWords says how a connection ended and by whom.
func closeWords(cl *record.Close) string {
	text := words(closeKinds, cl.Kind)
	switch cl.Kind {
	case record.CloseRefused, record.CloseUnanswered, record.CloseNone, record.CloseOpening, record.CloseOpen, record.CloseSimultaneous:
		return text
	case record.CloseReset, record.CloseAbortedHandshake:
		return text + optional(" by the ", cl.ResetBy)
	case record.CloseHalfClosed:
		return text + optional(" by the ", cl.FirstCloser)
	}
	if cl.FirstCloser != "" {
		text += ", " + cl.FirstCloser + " first"
	}
	return text
}

var vantages = map[string]string{
	"near-client": "captured near the client",
	"near-server": "captured near the server",
	"between":     "captured on the path between",
}

func (p *page) opened(c *record.Connection) string {
	h := &c.Handshake
	text := words(handshakeKinds, h.Kind)
	if h.ServerRTT >= 0 && h.ClientRTT >= 0 && h.Complete {
		text += " in " + phrase.Duration(h.ServerRTT+h.ClientRTT)
	}
	var split []string
	if h.ServerRTT >= 0 {
		split = append(split, "server side "+phrase.Duration(h.ServerRTT))
	}
	if h.ClientRTT >= 0 {
		split = append(split, "client side "+phrase.Duration(h.ClientRTT))
	}
	if v := vantages[h.Vantage]; v != "" {
		split = append(split, v)
	}
	if len(split) > 0 {
		text += " (" + strings.Join(split, ", ") + ")"
	}
	if h.SYNs > 1 {
		text += "; SYN sent " + phrase.Times(h.SYNs)
	}
	if h.SYNACKs > 1 {
		text += "; SYN-ACK sent " + phrase.Times(h.SYNACKs)
	}
	if h.SYNACKValid == record.Invalid {
		text += "; the SYN-ACK does not acknowledge the SYN"
	}
	if h.ACKValid == record.Invalid {
		text += "; the final ACK does not acknowledge the SYN-ACK"
	}
	return text
}

func (p *page) offers(c *record.Connection, side fsm.Side) string {
	o := &c.Handshake.Options[side]
	if !o.Seen {
		return ""
	}
	var list []string
	if o.MSS != 0 {
		list = append(list, "mss "+number(uint64(o.MSS)))
	}
	if o.WindowScale >= 0 {
		list = append(list, "window scale "+number(uint64(o.WindowScale)))
	}
	if o.SACKPermitted {
		list = append(list, "SACK")
	}
	if o.Timestamps {
		list = append(list, "timestamps")
	}
	if o.FastOpen != "" {
		list = append(list, "Fast Open "+o.FastOpen)
	}
	if o.MPTCP {
		list = append(list, "MPTCP")
	}
	if o.ECN {
		list = append(list, ecnNames[o.ECNMode&3])
	}
	if o.Cut != 0 {
		list = append(list, "further options cut off by the snaplen")
	} else if len(list) == 0 {
		list = append(list, "no options")
	}
	text := side.String() + ": " + strings.Join(list, ", ")
	if c.Handshake.HasISN[side] {
		text += ", ISN " + number(uint64(c.Handshake.ISN[side]))
	}
	return text
}

func (p *page) closed(c *record.Connection) string {
	cl := &c.Close
	text := closeWords(cl)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if cl.FIN[side] == 0 {
			continue
		}
		text += "; FIN of the " + side.String() + " in frame " + p.frame(cl.FIN[side])
		if cl.FINAcked[side] != 0 {
			text += ", acknowledged in " + p.frame(cl.FINAcked[side])
		} else {
			text += ", never acknowledged"
		}
	}
	if cl.RST != 0 {
		text += "; RST"
		if cl.ResetBy != "" {
			text += " of the " + cl.ResetBy
		}
		text += " in frame " + p.frame(cl.RST)
	}
	if cl.Duration > 0 {
		text += "; took " + phrase.Duration(cl.Duration)
	}
	if c.Evicted {
		text += "; evicted because too many connections were open"
	}
	return text
}

// timeWaitEnds say how a TIME-WAIT ended; %s is how long it was watched. No wire
// shows TIME-WAIT itself, only what breaks it.
var timeWaitEnds = map[string]string{
	"expected":     "expected, not visible on the wire; the capture ends %s into it",
	"elapsed":      "expected, not visible on the wire; nothing contradicts it",
	"missing":      "but the client did not keep it",
	"reused":       "ended by a new connection, %s of it captured",
	"assassinated": "ended by a RST (RFC 1337), %s of it captured",
}

// timeWaitEnd says how a hold ended.
func timeWaitEnd(h *record.TimeWaitHold) string {
	end := strings.ReplaceAll(words(timeWaitEnds, h.Ended), "the client", "the "+h.Side.String())
	return strings.ReplaceAll(end, "%s", phrase.Duration(h.Watched))
}

func (p *page) timeWaitHead(c *record.Connection) {
	for i, h := range c.Close.TimeWait {
		name := ""
		if i == 0 {
			name = "TIME-WAIT"
		}
		if c.Quality.Untimed {
			p.head(name, h.Side.String()+": when is not recorded")
			continue
		}
		text := h.Side.String() + ": from " + phrase.Duration(span(c.First, h.Since)) + " to " +
			phrase.Duration(span(c.First, h.Until)) + " after the start, "
		p.head(name, text+timeWaitEnd(&h))
	}
	for side := fsm.Client; side <= fsm.Server; side++ {
		if c.FINMayHaveWaited(side) {
			p.head("", side.String()+": perhaps too, if its FIN waited behind data when the "+side.Peer().String()+"'s came")
		}
	}
}

func (p *page) timeInState(c *record.Connection) {
	name := "time in"
	for side := fsm.Client; side <= fsm.Server; side++ {
		var list []string
		for _, s := range c.InState[side] {
			list = append(list, s.State.String()+" "+phrase.Duration(s.Seconds))
		}
		if len(list) > 0 {
			p.head(name, side.String()+": "+strings.Join(list, ", "))
			name = ""
		}
	}
}

// resentWhy counts the retransmissions by what brought them about.
func resentWhy(t *record.Traffic) string {
	var b strings.Builder
	for _, k := range []struct {
		n    uint64
		name string
	}{
		{t.Kinds.SYN, "SYN"}, {t.Kinds.SYNACK, "SYN-ACK"}, {t.Kinds.Timeout, "timeout"}, {t.Kinds.AfterTimeout, "after a timeout"}, {t.Kinds.Fast, "fast"},
		{t.Kinds.TailLossProbe, "tail loss probe"}, {t.Kinds.FastOpenFallback, "Fast Open fallback"}, {t.Kinds.PathMTU, "path MTU"}, {t.Kinds.Unknown, "cause unknown"}, {t.SpuriousProved, "spurious (DSACK)"},
	} {
		if k.n > 0 {
			b.WriteString(", " + phrase.Count(k.n) + " " + k.name)
		}
	}
	return b.String()
}

func sentText(c *record.Connection, side fsm.Side) string {
	t := &c.Traffic[side]
	list := []string{phrase.Counted(t.Packets, "packet", "packets"), phrase.Size(t.Bytes) + goodputText(t)}
	add := func(n uint64, one, many string) {
		if n > 0 {
			list = append(list, phrase.Counted(n, one, many))
		}
	}
	if t.Retransmissions > 0 {
		list = append(list, phrase.Counted(t.Retransmissions, "retransmission", "retransmissions")+" ("+resentShare(t)+phrase.Size(t.ResentBytes)+resentWhy(t)+")")
	}
	if t.RTT.Samples > 0 && t.Bytes > 0 {
		list = append(list, rttText(c, side))
	}
	add(t.OutOfOrder, "out of order", "out of order")
	add(t.DuplicateACKs, "duplicate ACK", "duplicate ACKs")
	add(t.Doubled, "frame captured twice", "frames captured twice")
	if t.GapBytes > 0 {
		list = append(list, phrase.Size(t.GapBytes)+" missing from the capture")
	}
	if t.ZeroWindows > 0 {
		list = append(list, "zero window "+phrase.Times(t.ZeroWindows)+" for "+phrase.Duration(t.ZeroWindowTime))
	}
	add(t.WindowProbes, "window probe", "window probes")
	switch {
	case t.MaxWindow == 0:
	case t.MinWindow == t.MaxWindow:
		list = append(list, "window "+phrase.Size(uint64(t.MaxWindow)))
	default:
		list = append(list, "window "+phrase.Size(uint64(t.MinWindow))+" to "+phrase.Size(uint64(t.MaxWindow)))
	}
	return strings.Join(list, ", ")
}

// rateFrom is how many data segments a side must have sent for a rate to be worth telling:
// a few go out at once, as fast as the host can.
const rateFrom = 10

// goodputText says how fast a side's data went, where that can be told.
func goodputText(t *record.Traffic) string {
	if t.Segments.Data < rateFrom || t.Rates.DataGoodput <= 0 {
		return ""
	}
	return " (" + phrase.Size(uint64(t.Rates.DataGoodput)) + "/s)"
}

// resentShare says how much of a side's data segments were retransmissions.
func resentShare(t *record.Traffic) string {
	if t.Segments.Data < rateFrom || t.Rates.Resent <= 0 {
		return ""
	}
	return phrase.Percent(t.Rates.Resent) + ", "
}

func rttText(c *record.Connection, side fsm.Side) string {
	r := &c.Traffic[side].RTT
	name := rttName(c, side)
	text := name + " median " + phrase.Duration(r.Median) + ", p95 " + phrase.Duration(r.P95)
	if r.Samples < rateFrom || name != "RTT" {
		return text
	}
	return text + ", mean " + phrase.Duration(r.Mean) + " ± " + phrase.Duration(r.Deviation)
}

// rttName says what the times from a side's data at the tap to the ACKs of it are:
// where the peer stands beside the tap, they are how long that takes to acknowledge,
// and no round trip.
func rttName(c *record.Connection, side fsm.Side) string {
	const path = 0.0005 // seconds; below it a host's own delay is what is measured
	mine, theirs := &c.Traffic[side].RTT, &c.Traffic[side.Peer()].RTT
	beside := map[fsm.Side]string{fsm.Client: "near-server", fsm.Server: "near-client"}[side]
	if c.Handshake.Vantage == beside || c.Handshake.Vantage == "" && mine.Median < path && theirs.Samples > 0 && theirs.Median > 4*mine.Median {
		return "ACK delay"
	}
	return "RTT"
}

func lifeText(l *record.Lifetime) string {
	if l.Kind == "" {
		return ""
	}
	text := l.Kind + ", " + phrase.Counted(uint64(l.Exchanges), "request/response", "requests/responses")
	if l.IdleSpans > 0 {
		text += ", " + phrase.Counted(uint64(l.IdleSpans), "period without data", "periods without data") + ", longest " + phrase.Duration(l.LongestIdle)
	}
	return text
}

func keepaliveText(side fsm.Side, k *record.Keepalive) string {
	if k.Probes == 0 {
		return ""
	}
	text := side.String() + ": " + phrase.Counted(k.Probes, "probe", "probes") + ", " + phrase.Count(k.Answered) + " answered"
	if k.LongestUnanswered > 0 {
		text += ", longest unanswered run " + phrase.Count(k.LongestUnanswered)
	}
	text += ", first after " + phrase.Duration(k.Idle) + " idle"
	switch {
	case k.Probes < 2:
	case phrase.Duration(k.MinInterval) == phrase.Duration(k.MaxInterval):
		text += ", every " + phrase.Duration(k.MinInterval)
	default:
		text += ", every " + phrase.Duration(k.MinInterval) + " to " + phrase.Duration(k.MaxInterval)
	}
	return text
}

func (p *page) captureDoubts(c *record.Connection) string {
	q := &c.Quality
	var list []string
	if len(q.Doubts) > 0 {
		text := "trust " + q.Trust + ". " + strings.Join(q.Doubts, " ")
		if q.Doubled > 0 {
			text += " " + phrase.Counted(q.Doubled, "frame", "frames") + " captured twice, duplicates ignored."
		}
		return text
	}
	if q.OneSided {
		list = append(list, "one direction only")
	}
	if q.Midstream {
		list = append(list, "mid-stream: handshake not captured")
	}
	if q.GapBytes > 0 {
		list = append(list, phrase.Size(q.GapBytes)+" ACKed but missing from the capture")
	}
	if q.Doubled > 0 {
		list = append(list, phrase.Counted(q.Doubled, "frame", "frames")+" captured twice")
	}
	return strings.Join(list, ", ")
}

func (p *page) findingNames(c *record.Connection) string {
	var list []string
	for s := int(record.SeverityError); s >= 0; s-- {
		for i := range c.Anomalies {
			if a := &c.Anomalies[i]; int(a.Severity) == s {
				list = append(list, a.Severity.String()+" "+string(a.Name))
			}
		}
	}
	return strings.Join(list, ", ")
}

// ecnNames are the modes of ECN as a SYN shows them.
var ecnNames = [4]string{record.ECNNone: "ECN", record.ECNClassic: "ECN", record.ECNAccurate: "Accurate ECN"}

// relatedText names the connections that this one belongs together with.
func (p *page) relatedText(c *record.Connection) string {
	var list []string
	for i := range c.Related {
		r := &c.Related[i]
		what := "the same connection on another leg, #"
		switch r.Kind {
		case record.RelatedTranslated:
			what = "after or before address translation: one connection with #"
		case record.RelatedBypasses:
			what = "its answers bypass the address translation of #"
		case record.RelatedMPTCP:
			what = "a subflow of the same MPTCP connection as #"
		}
		list = append(list, what+number(r.ID))
	}
	return strings.Join(list, "; ")
}
