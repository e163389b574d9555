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
