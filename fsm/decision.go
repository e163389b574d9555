package fsm

// Result is how a test went.
type Result uint8

// The results.
const (
	Passed     Result = iota
	Failed            // by RFC 9293 the segment has no effect, or not this one
	Noted             // neither good nor bad, or not to be told from what was captured
	NotApplied        // the test does not apply, or cannot be made
)

// String returns "passed", "failed", "noted" or "does not apply".
func (r Result) String() string {
	return [...]string{"passed", "failed", "noted", "does not apply"}[r&3]
}

// TestKind is what is tested. The kinds are in the order in which RFC 9293 §3.10.7
// makes the tests.
type TestKind uint8

// The kinds of tests.
const (
	TestDelivery TestKind = iota // whether it arrived at all
	TestClosed                   // of a receiver without a connection
	TestSynSentACK
	TestSynSentRST
	TestSynSentSYN
	TestSequence
	TestRST
	TestSYN
	TestACK
	TestAckOfFIN
	TestFIN
)

// Decision is a branch that the machine takes on a test: what is tested, by which
// rule, and how it went. The numbers compared are in Judgement.Before and in the
// segment.
type Decision uint8

// The decisions. v stands for the receiver's View.
const (
	noDecision Decision = iota

	NotDelivered // the caller knows that it did not arrive

	ClosedRST   // a RST where no connection is known
	ClosedSYN   // a SYN where no connection is known
	ClosedACK   // a segment with ACK where no connection is known
	ClosedOther // none of the three

	SynSentAck          // v.ISS < SEG.ACK ≤ v.SndNxt
	SynSentBadAck       // not so: a RST is due
	SynSentBadAckRST    // not so, on a RST
	SynSentNoAck        // no ACK
	SynSentRefused      // a RST that acknowledges the SYN
	SynSentRSTAlone     // a RST without ACK
	SynSentNoRST        // no RST
	SynSentSYNACK       // a SYN that comes with an acceptable ACK
	SynSentSYN          // a SYN alone: simultaneous open
	SynSentNeither      // neither SYN nor RST
	SynSentInventedEcho // the same, with an echo of a timestamp never sent: Linux answers with a RST

	SeqAcceptable    // some of it lies in the window, counted from v.Passed
	SeqOld           // all of it lies before v.Acked
	SeqLatest        // the same, ends at v.Acked and acknowledges v's FIN: Linux may take that
	SeqRepeated      // all of it lies before v.Passed, not all of it before v.Acked
	SeqBeyond        // it lies behind v.Edge, as far as was captured
	SeqClosedWindow  // it takes numbers, and the window is closed
	SeqUnknown       // the window is not known
	SeqHandshake     // in SYN-RECEIVED: in the window, counted from the peer's ISS + 1
	SeqHandshakeBad  // in SYN-RECEIVED: outside it
	SeqHandshakeSkip // in SYN-RECEIVED: the peer's ISS is not known

	RSTNext         // SEG.SEQ = v.Passed
	RSTAcked        // SEG.SEQ = v.Acked
	RSTAhead        // SEG.SEQ = v.Ahead
	RSTSelective    // SEG.SEQ = v.SACKTop, which Linux takes too
	RSTBetween      // v.Acked < SEG.SEQ < v.Passed: RCV.NXT lies between these
	RSTNothingKnown // nothing of the peer's stream was captured
	RSTInside       // in the window, but not at its beginning
	RSTOut          // outside the window
	RSTUnheeded     // in TIME-WAIT, by one that ignored such a RST before (RFC 1337)
	NoRST           // no RST

	SYNSame    // the SYN of this connection again
	SYNOther   // a SYN with another number
	SYNCrosses // in SYN-RECEIVED: the SYN-ACK that crossed its own
	NoSYN      // no SYN

	NoACK                // no ACK
	AckOfSYNTaken        // in SYN-RECEIVED: v.ISS < SEG.ACK ≤ v.SndNxt
	AckOfSYNBad          // in SYN-RECEIVED: not so
	AckOfSYNInventedEcho // in SYN-RECEIVED: as AckOfSYNTaken, with an echo of a timestamp never sent; Linux may answer with an ACK
	AckNew               // v.SndUna < SEG.ACK ≤ v.SndNxt
	AckSame              // SEG.ACK = v.SndUna
	AckOld               // SEG.ACK < v.SndUna, by no more than a window
	AckTooOld            // by more than the largest window
	AckBeyond            // SEG.ACK > v.SndNxt
	AckUnknown           // nothing of the receiver's stream was captured
	AckOfFINTaken        // SEG.ACK > v.FinSeq, for the first time
	FINTaken             // a FIN behind everything else
	FINFilled            // data that fills the hole before a FIN that came earlier
	FINBehindHole        // a FIN, but not everything before it has passed
	FINRepeated          // a FIN that it has already
	FINRestarts          // a FIN again in TIME-WAIT
	NoFIN                // no FIN

	numDecisions = iota
)

// decisions describe the branches. Outcomes are only those that a branch decides.
var decisions = [numDecisions]struct {
	test   TestKind
	result Result
	rule   string
	says   verdict
}{
	NotDelivered: {TestDelivery, Failed, "observer", ends(Undelivered)},

	ClosedRST:   {TestClosed, Failed, "RFC 9293 §3.10.7.1", ends(Dropped)},
	ClosedSYN:   {TestClosed, Noted, "RFC 9293 §3.10.7.2", ends(AnswerTells)},
	ClosedACK:   {TestClosed, Noted, "RFC 9293 §3.10.7.1", ends(AnswerTells)},
	ClosedOther: {TestClosed, Noted, "RFC 9293 §3.10.7.1", ends(AnswerTells)},

	SynSentAck:          {TestSynSentACK, Passed, "RFC 9293 §3.10.7.3", nothing},
	SynSentBadAck:       {TestSynSentACK, Failed, "RFC 9293 §3.10.7.3", ends(RSTDue)},
	SynSentBadAckRST:    {TestSynSentACK, Failed, "RFC 9293 §3.10.7.3", ends(Dropped)},
	SynSentNoAck:        {TestSynSentACK, NotApplied, "RFC 9293 §3.10.7.3", nothing},
	SynSentRefused:      {TestSynSentRST, Passed, "RFC 9293 §3.10.7.3", ends(Resets)},
	SynSentRSTAlone:     {TestSynSentRST, Failed, "RFC 9293 §3.10.7.3", ends(Dropped)},
	SynSentNoRST:        {TestSynSentRST, NotApplied, "RFC 9293 §3.10.7.3", nothing},
	SynSentSYNACK:       {TestSynSentSYN, Passed, "RFC 9293 §3.10.7.3", ends(Accepted)},
	SynSentSYN:          {TestSynSentSYN, Passed, "RFC 9293 §3.10.7.3", ends(Accepted)},
	SynSentNeither:      {TestSynSentSYN, Failed, "RFC 9293 §3.10.7.3", ends(Dropped)},
	SynSentInventedEcho: {TestSynSentSYN, Failed, "observer: Linux", ends(RSTDue)},

	SeqAcceptable:    {TestSequence, Passed, "RFC 9293 §3.10.7.4, Table 6", nothing},
	SeqOld:           {TestSequence, Failed, "RFC 9293 §3.10.7.4, Table 6", ends(AckDue)},
	SeqLatest:        {TestSequence, Noted, "observer: Linux", ends(AnswerTells)},
	SeqRepeated:      {TestSequence, Noted, "RFC 9293 §3.10.7.4, Table 6", ends(AnswerTells)},
	SeqBeyond:        {TestSequence, Noted, "RFC 9293 §3.10.7.4, Table 6", ends(AnswerTells)},
	SeqClosedWindow:  {TestSequence, Noted, "RFC 9293 §3.10.7.4, Table 6", ends(AckDue)},
	SeqUnknown:       {TestSequence, NotApplied, "RFC 9293 §3.10.7.4, Table 6", nothing},
	SeqHandshake:     {TestSequence, Passed, "RFC 9293 §3.10.7.4, Table 6", nothing},
	SeqHandshakeBad:  {TestSequence, Failed, "RFC 9293 §3.10.7.4, Table 6", ends(AckDue)},
	SeqHandshakeSkip: {TestSequence, NotApplied, "RFC 9293 §3.10.7.4, Table 6", nothing},

	RSTNext:         {TestRST, Passed, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(Resets)},
	RSTAcked:        {TestRST, Passed, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(Resets)},
	RSTAhead:        {TestRST, Passed, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(Resets)},
	RSTSelective:    {TestRST, Passed, "observer: Linux", ends(Resets)},
	RSTBetween:      {TestRST, Noted, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(AnswerTells)},
	RSTNothingKnown: {TestRST, Passed, "observer", ends(Resets)},
	RSTInside:       {TestRST, Failed, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(AckDue)},
	RSTUnheeded:     {TestRST, Failed, "RFC 1337 §3", ends(Dropped)},
	RSTOut:          {TestRST, Failed, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", ends(Dropped)},
	NoRST:           {TestRST, NotApplied, "RFC 9293 §3.10.7.4, RFC 5961 §3.2", nothing},

	SYNSame:    {TestSYN, Noted, "RFC 9293 §3.10.7.4, RFC 5961 §4.2", ends(AckDue)},
	SYNOther:   {TestSYN, Failed, "RFC 9293 §3.10.7.4, RFC 5961 §4.2", ends(AckDue)},
	SYNCrosses: {TestSYN, Noted, "RFC 9293 §3.5, Figure 7", nothing},
	NoSYN:      {TestSYN, NotApplied, "RFC 9293 §3.10.7.4, RFC 5961 §4.2", nothing},

	NoACK:                {TestACK, Failed, "RFC 9293 §3.10.7.4", ends(Dropped)},
	AckOfSYNTaken:        {TestACK, Passed, "RFC 9293 §3.10.7.4", ends(Accepted)},
	AckOfSYNBad:          {TestACK, Failed, "RFC 9293 §3.10.7.4", ends(RSTDue)},
	AckOfSYNInventedEcho: {TestACK, Noted, "observer: Linux", ends(AnswerTells)},
	AckNew:               {TestACK, Passed, "RFC 9293 §3.10.7.4", nothing},
	AckSame:              {TestACK, Passed, "RFC 9293 §3.10.7.4", nothing},
	AckOld:               {TestACK, Noted, "RFC 9293 §3.10.7.4, RFC 5961 §5.2", nothing},
	AckTooOld:            {TestACK, Noted, "RFC 9293 §3.10.7.4, RFC 5961 §5.2", ends(AckDue)},
	AckBeyond:            {TestACK, Noted, "RFC 9293 §3.10.7.4", nothing},
	AckUnknown:           {TestACK, NotApplied, "RFC 9293 §3.10.7.4", nothing},
	AckOfFINTaken:        {TestAckOfFIN, Passed, "RFC 9293 §3.10.7.4", ends(Accepted)},

	FINTaken:      {TestFIN, Passed, "RFC 9293 §3.10.7.4", ends(Accepted)},
	FINFilled:     {TestFIN, Passed, "RFC 9293 §3.10.7.4", ends(Accepted)},
	FINBehindHole: {TestFIN, Noted, "RFC 9293 §3.10.7.4", nothing},
	FINRepeated:   {TestFIN, Noted, "RFC 9293 §3.10.7.4", nothing},
	FINRestarts:   {TestFIN, Passed, "RFC 9293 §3.10.7.4", ends(Accepted)},
	NoFIN:         {TestFIN, NotApplied, "RFC 9293 §3.10.7.4", nothing},
}

// verdict is an outcome that a decision settles; zero when it settles none.
type verdict uint8

const nothing verdict = 0

func ends(o Outcome) verdict { return verdict(o) + 1 }

// Test returns what the decision is about.
func (d Decision) Test() TestKind { return decisions[d].test }

// Result returns how the test went.
func (d Decision) Result() Result { return decisions[d].result }

// Rule returns where the test is asked for: RFC clauses, or a text that begins with
// "observer" where the machine infers what no wire shows.
func (d Decision) Rule() string { return decisions[d].rule }

func (d Decision) outcome() (o Outcome, says bool) {
	s := decisions[d].says
	return Outcome(s - 1), s != nothing
}
