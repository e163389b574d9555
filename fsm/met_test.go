package fsm

import "testing"

// TestAckOfFINMetClosed plays a RST that passes behind one that closed its sender already. If
// it answers the ACK of the FIN, that ACK met a closed endpoint.
func TestAckOfFINMetClosed(t *testing.T) {
	closing := openedTransitions(
		"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 8, proof 8",
		"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 8, proof 0",
		"client FIN-WAIT-1 > CLOSED: send RST, sent 10, proof 10",
		"server CLOSE-WAIT > CLOSED: receive RST, received 11, proof 0",
	)
	play(t, []dialogue{
		{
			name: "data in flight closed it, and the ACK came behind them",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< P. 31+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 41 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> R 11", "CLOSED? CLOSE-WAIT?", RSTSent | RSTOutside},
				step{"> R 12", "CLOSED CLOSED?", RSTNoConnection | RSTExact | TookBack},
			),
			transitions: closing,
		},
		{
			name: "an abort that the ACK crossed",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> R. 12 ack 21", "CLOSED? CLOSED?", RSTSent | RSTExact},
				step{"> R 12", "CLOSED CLOSED?", RSTNoConnection | TookBack},
			),
		},
		{
			name: "the RST that closes it answers the ACK itself",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> R 12", "CLOSED? CLOSED?", RSTSent | RSTExact},
				step{"> R 12", "CLOSED? CLOSED?", RSTNoConnection},
			),
		},
		{
			name: "more than the ACK carried that number",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 21+10 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> R. 12 ack 21", "CLOSED? CLOSED?", RSTSent | RSTExact},
				step{"> R 12", "CLOSED? CLOSED?", RSTNoConnection},
			),
		},
	})
}

// TestAckOfAbort plays aborts while the peer's FIN is under way: the acknowledgment on the RST
// says whether it had arrived.
func TestAckOfAbort(t *testing.T) {
	play(t, []dialogue{
		{
			name: "the FIN had not come",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< R. 21 ack 11", "CLOSED? CLOSED", RSTSent | RSTExact | TookBack},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"client FIN-WAIT-1 > CLOSED: receive RST, received 7, proof 0",
				"server ESTABLISHED > CLOSED: send RST, sent 7, proof 7",
			),
		},
		{
			name: "nor had the ACK on it",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"> R. 12 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact | TookBack},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 7",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 7, proof 7",
				"client FIN-WAIT-1 > CLOSED: send RST, sent 8, proof 8",
				"server LAST-ACK > CLOSED: receive RST, received 8, proof 0",
			),
		},
		{
			name: "the FIN had come, after an ACK that does not cover it",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 11", "FIN-WAIT-1 ESTABLISHED", TookBack},
				step{"< R. 21 ack 12", "CLOSED? CLOSED", RSTSent | RSTExact},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 8",
				"client FIN-WAIT-1 > CLOSED: receive RST, received 8, proof 0",
				"server CLOSE-WAIT > CLOSED: send RST, sent 8, proof 8",
			),
		},
	})
}
