package fsm

import "testing"

// TestStepBack plays segments that show that an earlier one did not arrive: what
// was thought of its receiver is taken back.
func TestStepBack(t *testing.T) {
	play(t, []dialogue{
		{
			name: "the SYN-ACK comes again: the third ACK was lost",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< S. 0 ack 1 +1", "ESTABLISHED SYN-RECEIVED", SYNACKAgain | TookBack},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< P. 1+5 ack 1", "ESTABLISHED ESTABLISHED", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 5, proof 6",
			},
		},
		{
			name: "the SYN comes again: the SYN-ACK was lost",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> S 0 +1", "SYN-SENT SYN-RECEIVED", SYNAgain | TookBack},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", SYNACKAgain},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "the SYN-ACK comes again: third ACK, data and FIN were lost",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"> F. 11 ack 1", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				{"< S. 0 ack 1 +1", "FIN-WAIT-1 SYN-RECEIVED", SYNACKAgain | TookBack},
				{"> . 12 ack 1", "FIN-WAIT-1 ESTABLISHED?", 0},
				{"> P. 1+10 ack 1", "FIN-WAIT-1 ESTABLISHED?", 0},
				{"> F. 11 ack 1", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
				{"< . 1 ack 12", "FIN-WAIT-2? CLOSE-WAIT", 0},
			},
		},
		{
			name: "the closer's FIN comes again: the ACK of it was lost",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> F. 11 ack 21 +1", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain | TookBack},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
			),
		},
		{
			name: "the FIN that acknowledges the other FIN is lost: it arrives whole or not",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"< F. 21 ack 12 +0.2", "TIME-WAIT? LAST-ACK", FINAgain | TimeWaitRestart},
				step{"> F. 11 ack 21", "FIN-WAIT-1 LAST-ACK", FINAgain | TookBack},
				step{"< . 22 ack 12", "FIN-WAIT-2? LAST-ACK", 0},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
			),
		},
		{
			name: "data resent with the FIN on it",
			steps: opened(
				step{"> P. 11+5 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 16 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 17", "FIN-WAIT-2? CLOSE-WAIT", 0},
				step{"> FP. 11+5 ack 21 +1", "FIN-WAIT-1 CLOSE-WAIT", FINAgain | TookBack},
			),
		},
		{
			name: "the peer's later ACK stays below the FIN: it was lost",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+5 ack 11", "FIN-WAIT-1 ESTABLISHED", TookBack},
				step{"> F. 11 ack 26 +1", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
				step{"< . 26 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 26 ack 12", "TIME-WAIT? LAST-ACK", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 8, proof 9",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 9, proof 0",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 10, proof 0",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 10, proof 10",
			),
		},
		{
			name: "the peer's data crossed the FIN, which did arrive",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+5 ack 11", "FIN-WAIT-1 ESTABLISHED", TookBack},
				step{"< . 26 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 26 ack 12", "TIME-WAIT? LAST-ACK", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 8",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 8, proof 0",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 9, proof 0",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 9, proof 9",
			),
		},
		{
			name: "the last FIN comes again, twice",
			steps: closed(
				step{"< F. 21 ack 12 +1", "TIME-WAIT LAST-ACK", FINAgain | TookBack | TimeWaitRestart},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
				step{"< F. 21 ack 12 +2", "TIME-WAIT LAST-ACK", FINAgain | TookBack | TimeWaitRestart},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
			),
		},
		{
			name: "the peer goes on: the RST was lost",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"< P. 21+5 ack 11 +1", "CLOSED ESTABLISHED", AfterPeerRST | TookBack},
				step{"> R 11", "CLOSED CLOSED?", RSTNoConnection | RSTExact},
			),
		},
		{
			name: "the peer's segment crossed the RST",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"< P. 21+5 ack 11 +0.05", "CLOSED CLOSED?", AfterPeerRST | TookBack},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > CLOSED: send RST, sent 6, proof 6",
				"server ESTABLISHED > CLOSED: receive RST, received 6, proof 0",
			),
		},
		{
			// RCV.NXT lay behind its number when it came: it was ignored.
			name: "the peer acknowledges octets behind the RST's number",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 21", "CLOSED? CLOSED", RSTSent | RSTExact}, // unless those octets were lost
				step{"> . 11 ack 31", "ESTABLISHED CLOSED", AfterPeerRST | TookBack},
				step{"< R 31", "CLOSED? CLOSED", RSTNoConnection | RSTExact},
			),
			transitions: openedTransitions(
				"server ESTABLISHED > CLOSED: send RST, sent 7, proof 7",
				"client ESTABLISHED > CLOSED: receive RST, received 9, proof 0",
			),
		},
		{
			// As Linux does with a timestamp that it never sent: it ignores the RST, and
			// answers the FIN with one of its own, in SYN-SENT all the while.
			name: "a RST for the SYN is ignored, and the SYN-ACK taken",
			steps: []step{
				{"> S 0 ts 1000/0", "SYN-SENT CLOSED", 0},
				{"< R. 700 ack 1 ts 100/100", "CLOSED? CLOSED", RSTNoConnection | RSTRefuses},
				{"< F. 700 ack 1 ts 100/100", "CLOSED? CLOSED", DataWhileClosed},
				{"> R 1", "CLOSED? CLOSED", RSTAnswers},
				{"< S. 0 ack 1 ts 5000/1000", "CLOSED? SYN-RECEIVED", 0},
				{"> . 1 ack 1 ts 1010/5000", "ESTABLISHED ESTABLISHED?", AfterPeerRST | TookBack},
				{"> P. 1+10 ack 1 ts 1010/5000", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "the same, the RST lost and not the FIN",
			steps: []step{
				{"> S 0 ts 1000/0", "SYN-SENT CLOSED", 0},
				{"< F. 700 ack 1 ts 100/100", "SYN-SENT CLOSED", 0},
				{"> R 1", "SYN-SENT CLOSED", RSTAnswers},
				{"< S. 0 ack 1 ts 5000/1000", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1 ts 1010/5000", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "a RST for the SYN, whose timestamp it echoes, is believed",
			steps: []step{
				{"> S 0 ts 1000/0", "SYN-SENT CLOSED", 0},
				{"> S 0 ts 2000/0 +1", "SYN-SENT CLOSED", SYNAgain},
				{"< R. 700 ack 1 ts 100/1000", "CLOSED? CLOSED", RSTNoConnection | RSTRefuses},
				{"< F. 700 ack 1 ts 100/2000", "CLOSED? CLOSED", DataWhileClosed},
				{"> R 1", "CLOSED CLOSED", RSTNoConnection},
			},
		},
		{
			name: "the sender of a RST goes on: it was not its own",
			steps: opened(
				step{"> R 11", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"> P. 11+5 ack 21 +1", "ESTABLISHED CLOSED?", AfterOwnRST | TookBack},
				step{"< . 21 ack 16", "ESTABLISHED ESTABLISHED", AfterPeerRST | TookBack},
			),
			transitions: openedTransitions(),
		},
		{
			name: "the peer's RST and the own FIN cross",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"< F. 21 ack 11", "CLOSED CLOSED?", AfterPeerRST | TookBack},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > CLOSED: send RST, sent 6, proof 6",
				"server ESTABLISHED > FIN-WAIT-1: send FIN, sent 7, proof 7",
				"server FIN-WAIT-1 > CLOSED: receive RST, received 6, proof 0",
			),
		},
	})
}

// TestProof plays what proves that a segment arrived, and what does not.
func TestProof(t *testing.T) {
	play(t, []dialogue{
		{
			name: "a late duplicate of an older ACK does not deny the FIN",
			steps: opened(
				step{"< P. 21+5 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> P. 11+5 ack 26", "ESTABLISHED ESTABLISHED", 0},
				step{"< . 26 ack 16", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 16 ack 26", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+5 ack 11", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			),
		},
		{
			name: "data sent before the ACK of the FIN does not repeat it",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 26 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 21+5 ack 11", "FIN-WAIT-2? CLOSE-WAIT?", 0}, // overtaken
				step{"> . 12 ack 26", "FIN-WAIT-2? CLOSE-WAIT?", 0},    // proves the data only
			),
		},
		{
			// The acknowledgment that answers it would have come without it, too.
			name: "data sent again proves nothing that rides on it",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 1+20 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> . 12 ack 21", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 1+25 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0}, // five new octets
				step{"> . 12 ack 26", "FIN-WAIT-2 CLOSE-WAIT?", 0},
			),
		},
		{
			name: "a challenge ACK is no proof of the handshake",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"> R 50", "CLOSED? ESTABLISHED?", RSTSent | RSTInWindow},
				{"< . 1 ack 1", "CLOSED? ESTABLISHED?", ChallengeACK},
			},
		},
		{
			// What answers an ACK carries none itself (RFC 9293 §3.10.7.1).
			name: "a RST with ACK is an abort of its own, and denies the RST before it",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"< P. 21+5 ack 11", "CLOSED CLOSED?", AfterPeerRST | TookBack},
				step{"< R. 26 ack 11", "CLOSED CLOSED", RSTSent | TookBack},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > CLOSED: send RST, sent 6, proof 6",
				"server ESTABLISHED > CLOSED: send RST, sent 8, proof 8",
			),
		},
		{
			name: "an older timestamp proves nothing",
			steps: []step{
				{"> S 0 ts 10/0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1 ts 50/10", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1 ts 10/50", "ESTABLISHED ESTABLISHED?", 0}, // the same tick as the SYN
				{"> F. 1 ack 1 ts 30/50", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				{"< . 1 ack 2 ts 60/30", "FIN-WAIT-2? CLOSE-WAIT", 0},
				{"> . 2 ack 1 ts 40/50", "FIN-WAIT-2? CLOSE-WAIT", 0}, // echoes the SYN-ACK, not the ACK
				{"> . 2 ack 1 ts 41/60", "FIN-WAIT-2 CLOSE-WAIT", 0},
			},
		},
		{
			name: "the last ACK is proved by an answer of the closed endpoint",
			steps: closed(
				step{"> . 12 ack 22 +1", "TIME-WAIT CLOSED?", 0},
				step{"< R 22", "CLOSED? CLOSED", RSTNoConnection | RSTExact | TimeWaitKilled},
			),
		},
		{
			name: "a copy that the network made goes to the receiver only",
			steps: closed(
				step{"< F. 21 ack 12 copy", "TIME-WAIT CLOSED?", TimeWaitRestart}, // the server did not send it again
			),
		},
		{
			name: "what the receiver drops moves its sender only",
			steps: opened(
				step{"> F. 11 ack 21 lost", "FIN-WAIT-1 ESTABLISHED", 0},
				step{"> F. 11 ack 21 +1", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
			),
		},
	})
}
