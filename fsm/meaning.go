package fsm

// Meaning is what one segment turned out to be for the protocol: a set, because
// one segment can mean several things. An ordinary segment of an established
// connection means none of them, which is what keeps the checks off the hot path.
type Meaning uint64

// The meanings.
const (
	StateChanged    Meaning = 1 << iota // at least one transition was recorded
	TookBack                            // a provisional transition was contradicted and withdrawn
	SYNAgain                            // the same SYN once more
	SYNACKAgain                         // the same SYN-ACK once more
	SYNACKChanged                       // another SYN-ACK: other initial number
	FINAgain                            // the same FIN once more
	FINMoved                            // a FIN at another number than before
	SYNACKUninvited                     // a SYN-ACK from a side that no SYN was sent to
	SYNACKBadAck                        // a SYN-ACK whose ack the client cannot accept (ack ≠ ISS+1)
	HandshakeBadAck                     // an ACK in SYN-RECEIVED that does not acknowledge the SYN
	HandshakeBadSeq                     // the same with a sequence number outside the window
	ACKBeforeACK                        // an ACK from a side that still waits for the ACK of its SYN
	SYNCrossed                          // a bare SYN from the side that a SYN was sent to
	SYNInSync                           // a SYN in a synchronized state
	RSTSent                             // a RST that ends its sender's own part
	RSTExact                            // a RST at RCV.NXT: it ends the connection
	RSTPerhapsExact                     // at what RCV.NXT is if not all that passed has arrived
	RSTInWindow                         // in the window but elsewhere: asks for a challenge ACK
	RSTOutside                          // outside the window: ignored
	RSTRefuses                          // a RST in answer to a SYN
	RSTBadAck                           // a RST in SYN-SENT that acknowledges nothing sent
	RSTAnswers                          // a RST in answer to an unacceptable segment; its sender stays
	RSTNoConnection                     // a RST where no connection is known
	ChallengeACK                        // the pure ACK that RFC 5961 asks for
	DataAfterFIN                        // data beyond the sender's own FIN
	DataWhileClosed                     // an ordinary segment from an endpoint that is CLOSED
	AfterOwnRST                         // an ordinary segment after its sender's own RST
	AfterPeerRST                        // an ordinary segment after the peer's RST was to end it
	AckAhead                            // acknowledges octets never captured
	AckOfUnsent                         // the peer's latest segment shows that an earlier ack covered nothing sent
	GapConfirmed                        // this segment shows that octets before it were not captured
	TimeWaitRestart                     // a FIN again in TIME-WAIT
	RSTForLastACK                       // a RST where TIME-WAIT's ACK of the FIN was due
	RSTInTimeWait                       // a RST from an endpoint that should be in TIME-WAIT
	TimeWaitKilled                      // a RST ended the peer's TIME-WAIT (RFC 1337)
	StaleAck                            // acknowledges less than RFC 5961 §5 lets pass
	OutsideWindow                       // data so far outside the window that it cannot belong to the stream
	Joined                              // the connection is taken up midway
	FINWithAck                          // the same FIN once more, on the ACK of the peer's FIN: no timer sent it
)

// Any reports whether at least one of the meanings in n is in m.
func (m Meaning) Any(n Meaning) bool { return m&n != 0 }
