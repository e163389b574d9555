package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// optionFacts checks timestamps and signatures against what was agreed and seen.
func (f *Flow) optionFacts(o *observation) {
	s, d := o.s, o.d
	has := s.Opts&fsm.OptTimestamps != 0
	if d.signed && !s.Opts.Any(fsm.OptMD5|fsm.OptAO|fsm.OptCut) {
		d.noteUnsigned(f.Last.Frame)
	}
	switch {
	case s.Flags&fsm.SYN != 0:
		if has {
			d.tsRecent, d.lastTS, d.hasTS = s.TSVal, s.TSVal, true
		}
	case has:
		f.timestampFacts(o)
	case f.agreed && f.Timestamps && f.Dir[fsm.Client].fuller == nil && // else a side may hold by the SYN without
		s.Flags&fsm.RST == 0 && !s.Opts.Any(fsm.OptMalformed|fsm.OptCut):
		o.facts.add(TimestampMissing)
	}
}

// timestampFacts looks at the timestamps of a segment that is no SYN.
func (f *Flow) timestampFacts(o *observation) {
	s, d := o.s, o.d
	if f.agreed && (d.lacks(fsm.OptTimestamps) || o.r.lacks(fsm.OptTimestamps)) || o.r.Options.Seen && o.r.lacks(fsm.OptTimestamps) {
		o.facts.add(TimestampUnagreed)
	}
	if f.echoInvalid(o) {
		o.facts.add(EchoInvalid)
	}
	if s.Flags&fsm.RST != 0 {
		return // RFC 7323 §5.2: its timestamp is not judged
	}
	if d.hasTS && int32(s.TSVal-d.lastTS) > ClockJumpTicks && f.Last.Time-d.Last.Time < clockJumpWithin {
		o.facts.add(ClockJump)
	}
	d.lastTS = s.TSVal
	aged := d.hasTS && f.Last.Time-d.Last.Time > timestampsAge
	d.tsAged = d.tsAged || aged
	switch y := o.y; {
	case !d.hasTS || aged:
		d.tsRecent, d.hasTS = s.TSVal, true
	case int32(s.TSVal-d.tsRecent) >= 0:
		if !y.HasAck || s.Seq.AtOrBefore(y.Acked) { // RFC 7323 §4.3 (2)
			d.tsRecent = s.TSVal
		}
	case y.HasAck && s.Seq.AtOrAfter(y.Acked):
		o.facts.add(OldTimestamp)
	}
}

// echoInvalid reports whether the segment echoes a timestamp that the peer never sent.
func (f *Flow) echoInvalid(o *observation) bool {
	s, r, y := o.s, o.r, o.y
	if !r.SYNOptions.Has(fsm.OptTimestamps) || !s.Echoes() {
		return false
	}
	// Before the SYNs agree, what acknowledges another number belongs to another connection.
	if !f.Timestamps && (f.agreed || !y.SentSYN || !s.Ack.After(y.ISS) || s.Ack.After(y.Out.Top)) {
		return false
	}
	if r.tsAged { // its clock has gone round: what is before its latest it may have sent
		return int32(s.TSEcr-r.lastTS) > echoSlack
	}
	latest, _ := y.LatestTimestamp()
	return r.hasSYNTimestamp && s.TSEcr-r.SYNTimestamp > latest-r.SYNTimestamp+echoSlack
}

const (
	// ClockJumpTicks is how far no clock of RFC 7323 §5.4 goes in clockJumpWithin: not
	// even one that counts microseconds.
	ClockJumpTicks  = 1 << 24
	clockJumpWithin = 10 * fsm.Second
	// timestampsAge is how long a side may be silent before its timestamps say nothing any
	// more, for its clock may have gone half round (RFC 7323 §5.5).
	timestampsAge = 24 * 24 * 3600 * fsm.Second
	// The two directions of a capture may be reordered by some ticks.
	echoSlack = 100_000
)

// noteOptions keeps what a side offered in its SYN.
func (d *Direction) noteOptions(p *decode.Packet) {
	s := &p.Segment
	o := record.Options{Seen: true, WindowScale: -1}
	if !d.hasSYNTimestamp && s.Opts&fsm.OptTimestamps != 0 {
		d.SYNTimestamp, d.hasSYNTimestamp = s.TSVal, true // of the first: a later one may be answered by its echo
	}
	if d.fuller == nil && d.Options.Seen && s.Flags&fsm.ACK == 0 && (d.SYNOptions &^ s.Opts).Any(answeredOptions) {
		d.fuller = &synOffer{options: d.Options, set: d.SYNOptions, cut: d.SYNCut}
	}
	d.SYNOptions, d.SYNCut, d.SYNFlags = s.Opts, p.CutOptions, s.Flags
	d.signed = s.Opts.Any(fsm.OptMD5 | fsm.OptAO)
	if s.Opts&fsm.OptMSS != 0 {
		o.MSS = s.MSS
	}
	if s.Opts&fsm.OptWindowScale != 0 {
		o.WindowScale = int(s.WindowScale)
	}
	kinds := s.Opts | p.Begun // of some only the kind was captured
	o.SACKPermitted = kinds&fsm.OptSACKPermitted != 0
	o.Timestamps, o.TSVal = kinds&fsm.OptTimestamps != 0, d.SYNTimestamp
	o.MPTCP = kinds&fsm.OptMPTCP != 0
	// Where the value is told, the kind alone tells nothing.
	o.Cut = p.CutOptions &^ (p.Begun & (fsm.OptSACKPermitted | fsm.OptTimestamps | fsm.OptMPTCP))
	if s.Opts&fsm.OptFastOpen != 0 {
		o.FastOpen = "request"
		if s.CookieLen > 0 {
			o.FastOpen = "cookie"
		}
	}
	if code := ecnCode(s.Flags); s.Flags&fsm.ACK == 0 {
		d.offeredECN = max(d.offeredECN, offeredECN(code)) // a SYN sent again may ask for less (RFC 9768 §3.1.4.1)
		o.ECNMode = d.offeredECN
	} else if d.Options.Seen {
		o.ECNMode = d.Options.ECNMode // the first counts
	} else {
		o.ECNMode = answeredECN(record.ECNAccurate, code) // until the SYN tells more
	}
	o.ECN = o.ECNMode != record.ECNNone
	if !d.Options.Seen {
		d.synECN = p.TOS & 3
	}
	d.Options = o
}

// answeredOptions are those that a SYN-ACK carries only if the SYN that it answers did.
const answeredOptions = fsm.OptWindowScale | fsm.OptTimestamps

// synOffer is what a SYN offered.
type synOffer struct {
	options  record.Options
	set, cut fsm.OptionSet
}

// settleSYN finds out which of the client's SYNs the server answered, where a later one left
// options out, as macOS and Linux do when no answer comes: a SYN-ACK with such an option
// answers the earlier. Later SYNs do not change what that agreed.
func (f *Flow) settleSYN() {
	c, s := &f.Dir[fsm.Client], &f.Dir[fsm.Server]
	if c.fuller == nil || f.SYNACKs[fsm.Server] == 0 {
		return
	}
	extra := s.SYNOptions & answeredOptions &^ (c.SYNOptions | c.SYNCut)
	if x := c.fuller; extra != 0 && extra&^(x.set|x.cut) == 0 {
		x.options.ECN, x.options.ECNMode = c.Options.ECN, c.Options.ECNMode
		c.Options, c.SYNOptions, c.SYNCut = x.options, x.set, x.cut
	}
}

// lacks reports whether the direction's SYN surely offered none of the options.
func (d *Direction) lacks(o fsm.OptionSet) bool { return !(d.SYNOptions | d.SYNCut).Any(o) }

// agree settles the options once both SYNs were seen: an option holds only if
// both sides offered it.
func (f *Flow) agree() {
	f.settleSYN()
	a, b := &f.Dir[0].Options, &f.Dir[1].Options
	if !a.Seen || !b.Seen {
		return
	}
	f.agreed, f.packet = true, 0
	f.Scale = a.WindowScale >= 0 && b.WindowScale >= 0
	f.Timestamps = a.Timestamps && b.Timestamps
	f.agreeECN()
}
