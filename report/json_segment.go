package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// segments appends the segments where the analysis kept them.
func (e *encoder) segments(c *record.Connection) {
	if c.Segments == nil {
		return
	}
	e.array(`"segments":`)
	for i := range c.Segments {
		e.open('{')
		e.segment(&c.Segments[i])
		e.endObject()
	}
	e.endArray()
	e.keyUint(`"segments_cut":`, c.SegmentsCut)
}

func (e *encoder) segment(s *record.Segment) {
	e.keyFrame(`"frame":`, `"file":`, s.Frame)
	e.keyTime(`"time":`, s.Time)
	e.keyLiteral(`"from":`, s.From.String())
	e.keyLiteral(`"flags":`, s.Seg.Flags.String())
	e.keyBool(`"relative":`, s.Rel)
	hasAck := s.Seg.Flags.Has(fsm.ACK)
	seq, ack := s.RelSeq, s.RelAck
	if !s.Rel {
		seq, ack = uint64(s.Seg.Seq), uint64(s.Seg.Ack)
	}
	e.keyUint(`"seq":`, seq)
	e.keyKnown(`"ack":`, ack, hasAck)
	e.keyUint(`"seq_raw":`, uint64(s.Seg.Seq))
	e.keyKnown(`"ack_raw":`, uint64(s.Seg.Ack), hasAck)
	e.keyUint(`"len":`, uint64(s.Seg.Len))
	e.keyUint(`"win":`, uint64(s.Window))
	e.keyUint(`"win_raw":`, uint64(s.Seg.Window))
	e.keyKnown(`"urgent":`, uint64(s.Seg.Urgent), s.Seg.Flags.Has(fsm.URG))
	e.segmentOptions(s)
	e.array(`"labels":`)
	for _, l := range s.Labels {
		e.str(string(l))
	}
	e.endArray()
	e.keyFrame(`"original_frame":`, `"original_file":`, s.Original)
	e.statePair(`"before":`, &s.Before)
	e.statePair(`"after":`, &s.After)
}

func (e *encoder) keyKnown(k string, n uint64, known bool) {
	if !known {
		e.keyNull(k)
		return
	}
	e.keyUint(k, n)
}

// segmentOptions appends what options the segment carries, null without any.
func (e *encoder) segmentOptions(s *record.Segment) {
	if s.Seg.Opts&^fsm.OptCut == 0 {
		e.keyNull(`"options":`)
		return
	}
	e.object(`"options":`)
	e.array(`"present":`)
	for _, o := range optionNames {
		if s.Seg.Opts.Has(o.set) {
			e.literal(o.name)
		}
	}
	e.endArray()
	if s.Seg.Opts.Has(fsm.OptMSS) {
		e.keyUint(`"mss":`, uint64(s.Seg.MSS))
	}
	if s.Seg.Opts.Has(fsm.OptWindowScale) {
		e.keyUint(`"window_scale":`, uint64(s.Seg.WindowScale))
	}
	if s.Seg.Opts.Has(fsm.OptTimestamps) {
		e.keyUint(`"ts_val":`, uint64(s.Seg.TSVal))
		e.keyUint(`"ts_ecr":`, uint64(s.Seg.TSEcr))
	}
	if s.Seg.Opts.Has(fsm.OptFastOpen) {
		e.keyUint(`"cookie_len":`, uint64(s.Seg.CookieLen))
	}
	if s.Seg.Opts.Has(fsm.OptSACK) {
		e.array(`"sack":`)
		for _, b := range sackBlocks(&s.Seg) {
			e.open('{')
			e.keyUint(`"from":`, relativeToAck(s, b.From))
			e.keyUint(`"to":`, relativeToAck(s, b.To))
			e.endObject()
		}
		e.endArray()
	}
	e.endObject()
}

func sackBlocks(s *fsm.Segment) []fsm.SACKBlock {
	return s.SACK[:min(int(s.NumSACK), len(s.SACK))]
}

// relativeToAck counts a SACK block's edge as the segment's ack is counted. An
// edge before the initial number is left as it came.
func relativeToAck(s *record.Segment, edge fsm.Seq) uint64 {
	rel := int64(s.RelAck) + int64(edge.Minus(s.Seg.Ack))
	if !s.Rel || rel < 0 {
		return uint64(edge)
	}
	return uint64(rel)
}

// optionNames are the options' names in output, short ones for a timeline.
var optionNames = []struct {
	set         fsm.OptionSet
	name, short string
}{
	{fsm.OptMSS, "mss", "mss"},
	{fsm.OptWindowScale, "window-scale", "wscale"},
	{fsm.OptSACKPermitted, "sack-permitted", "sackOK"},
	{fsm.OptSACK, "sack", "sack"},
	{fsm.OptTimestamps, "timestamps", "TS"},
	{fsm.OptFastOpen, "fast-open", "tfo"},
	{fsm.OptMD5, "md5", "md5"},
	{fsm.OptAO, "ao", "ao"},
	{fsm.OptMPTCP, "mptcp", "mptcp"},
	{fsm.OptMPTCPJoin, "mptcp-join", "mptcp-join"},
	{fsm.OptMPTCPDataFIN, string(record.LabelMPTCPDataFIN), "data-fin"},
	{fsm.OptMPTCPFastClose, "mptcp-fastclose", "fastclose"},
	{fsm.OptMPTCPReset, "mptcp-tcprst", "mptcp-tcprst"},
	{fsm.OptAccECN, "accurate-ecn", "accecn"},
	{fsm.OptExperimental, "experimental", "experimental"},
	{fsm.OptObsolete, "obsolete", "obsolete"},
	{fsm.OptUnknown, "unknown", "unknown-option"},
	{fsm.OptMalformed, "malformed", "malformed-options"},
	{fsm.OptDuplicate, "duplicate", "duplicate-option"},
	{fsm.OptAfterEnd, "after-end", "octets-after-end"},
}
