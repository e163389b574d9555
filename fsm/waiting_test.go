package fsm

import "testing"

// TestFINWaits plays sides that get the peer's FIN while their own may wait behind data,
// and such as had nothing left to send.
func TestFINWaits(t *testing.T) {
	play(t, []dialogue{
		{
			name: "data that may have waited comes before the FIN",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 121", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 121 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 121+50 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 171 ack 12", "TIME-WAIT? LAST-ACK?", 0},
				step{"> . 12 ack 172", "TIME-WAIT CLOSED?", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 7, proof 7",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 7, proof 0",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 8, proof 11",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 10, proof 11",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 10, proof 0",
				"server LAST-ACK > CLOSED: receive ACK of FIN, received 11, proof 0",
			),
		},
		{
			name: "data comes on the FIN itself",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 121", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< FP. 121+50 ack 12", "TIME-WAIT? LAST-ACK?", 0},
			),
		},
		{
			name: "nothing new comes before the FIN",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 121 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 21+100 ack 12 +1", "FIN-WAIT-2? CLOSE-WAIT?", 0}, // again
				step{"< F. 121 ack 12", "TIME-WAIT? LAST-ACK", 0},
			),
		},
		{
			name: "but a FIN waits for a window",
			steps: opened(
				step{"> . 11 ack 21 win 0", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 21 win 0", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> . 12 ack 21", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK?", 0},
			),
		},
		{
			name: "the data before the peer's FIN acknowledged all",
			steps: opened(
				step{"> P. 11+30 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 41 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+30 ack 42", "FIN-WAIT-2? CLOSE-WAIT", 0},
				step{"< F. 51 ack 42", "TIME-WAIT? LAST-ACK", 0},
			),
		},
		{
			name: "that data may have come only with the FIN, being sent again",
			steps: opened(
				step{"> P. 11+30 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 41 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"> P. 11+30 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+30 ack 42", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 51 ack 42", "TIME-WAIT? LAST-ACK?", 0},
			),
		},
		{
			name: "all was acknowledged, and nobody spoke for long before the FIN",
			steps: opened(
				step{"> F. 11 ack 21 +2", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+30 ack 12", "FIN-WAIT-2? CLOSE-WAIT", 0},
			),
		},
		{
			name: "or behind it",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 121", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 121 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< P. 121+50 ack 12 +1", "FIN-WAIT-2? CLOSE-WAIT", 0},
				step{"< F. 171 ack 12", "TIME-WAIT? LAST-ACK", 0},
			),
		},
		{
			name: "when time passes",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 121", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 121 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"+1", "FIN-WAIT-2? CLOSE-WAIT", 0},
			),
		},
		{
			name: "a RST leaves with nothing before it",
			steps: opened(
				step{"< P. 21+100 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> F. 11 ack 121", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 121 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< R. 121 ack 12", "CLOSED? CLOSED", RSTSent | RSTExact},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 7, proof 7",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 7, proof 8",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 8, proof 0",
				"client FIN-WAIT-2 > CLOSED: receive RST, received 9, proof 0",
				"server CLOSE-WAIT > CLOSED: send RST, sent 9, proof 9",
			),
		},
	})
}
