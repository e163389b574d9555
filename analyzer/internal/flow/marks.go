package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// marksOf returns what a segment was found to be, for people and for scripts.
func marksOf(m fsm.Meaning, g SegmentFacts) (marks series.Marks) {
	for i := range factMarks {
		if l := &factMarks[i]; m.Any(l.meaning) || g.Any(l.facts) {
			marks |= l.mark
		}
	}
	return marks
}

var factMarks = []struct {
	mark    series.Marks
	meaning fsm.Meaning
	facts   SegmentFacts
}{
	{mark: series.Mark(record.LabelDuplicateFrame), facts: Facts(Doubled)},
	{mark: series.Mark(record.LabelNetworkDuplicate), facts: Facts(NetworkCopy)},
	{mark: series.Mark(record.LabelRetransmission), meaning: fsm.SYNAgain | fsm.SYNACKAgain | fsm.FINAgain, facts: Facts(Retransmission, LateFill)},
	{mark: series.Mark(record.LabelRetransmissionPartial), facts: Facts(PartlyResent)},
	{mark: series.Mark(record.LabelRetransmissionSpurious), facts: Facts(SpuriousLikely, SpuriousProved)},
	{mark: series.Mark(record.LabelRetransmissionSpuriousProved), facts: Facts(SpuriousProved)},
	{mark: series.Mark(record.LabelOriginalNotCaptured), facts: Facts(LateFill)},
	{mark: series.Mark(record.LabelOutOfOrder), facts: Facts(OutOfOrder)},
	{mark: series.Mark(record.LabelPreviousSegmentMissing), facts: Facts(HoleBefore)},
	{mark: series.Mark(record.LabelDuplicateACK), facts: Facts(DuplicateACK)},
	{mark: series.Mark(record.LabelDSACK), facts: Facts(DSACK)},
	{mark: series.Mark(record.LabelKeepalive), facts: Facts(KeepaliveProbe)},
	{mark: series.Mark(record.LabelKeepaliveACK), facts: Facts(KeepaliveAnswer)},
	{mark: series.Mark(record.LabelZeroWindow), facts: Facts(ZeroWindow)},
	{mark: series.Mark(record.LabelZeroWindowProbe), facts: Facts(WindowProbe)},
	{mark: series.Mark(record.LabelZeroWindowProbeACK), facts: Facts(WindowProbeAnswer)},
	{mark: series.Mark(record.LabelWindowUpdate), facts: Facts(WindowUpdate)},
	{mark: series.Mark(record.LabelWindowFull), facts: Facts(WindowFull)},
	{mark: series.Mark(record.LabelChallengeACK), meaning: fsm.ChallengeACK},
	{mark: series.Mark(record.LabelRSTInWindow), meaning: fsm.RSTInWindow},
	{mark: series.Mark(record.LabelRSTOutOfWindow), meaning: fsm.RSTOutside},
	{mark: series.Mark(record.LabelAfterRST), meaning: fsm.AfterOwnRST | fsm.AfterPeerRST},
	{mark: series.Mark(record.LabelACKAhead), meaning: fsm.AckAhead},
	{mark: series.Mark(record.LabelGap), meaning: fsm.GapConfirmed},
	{mark: series.Mark(record.LabelBadChecksum), facts: Facts(BadChecksum)},
	{mark: series.Mark(record.LabelMPTCPDataFIN), facts: Facts(MPTCPDataFIN)},
	{mark: series.Mark(record.LabelLostBetweenTaps), facts: Facts(LostOnTheWay)},
}

// kindMarks name why a segment was sent again.
var kindMarks = [NumKinds]series.Marks{
	KindUnknown:          series.Mark(record.LabelRetransmissionUnknown),
	KindSYN:              series.Mark(record.LabelRetransmissionSYN),
	KindSYNACK:           series.Mark(record.LabelRetransmissionSYNACK),
	KindTimeout:          series.Mark(record.LabelRetransmissionTimeout),
	KindAfterTimeout:     series.Mark(record.LabelRetransmissionAfterTimeout),
	KindFast:             series.Mark(record.LabelRetransmissionFast),
	KindProbe:            series.Mark(record.LabelTailLossProbe),
	KindFastOpenFallback: series.Mark(record.LabelFastOpenFallback),
	KindPathMTU:          series.Mark(record.LabelRetransmissionPathMTU),
}
