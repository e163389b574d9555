package fsm

import (
	"slices"
	"testing"
)

// opened puts a handshake and one exchange before the steps: both sides are
// known to be in ESTABLISHED, the client's next number is 11, the server's 21.
func opened(steps ...step) []step {
	return append([]step{
		{"> S 0", "SYN-SENT CLOSED", 0},
		{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
		{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
		{"< P. 1+20 ack 11", "ESTABLISHED ESTABLISHED", 0},
		{"> . 11 ack 21", "ESTABLISHED ESTABLISHED", 0},
	}, steps...)
}

// openedTransitions are those of opened, and more behind them.
func openedTransitions(more ...string) []string {
	return append([]string{
		"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
		"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
		"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
		"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 3, proof 4",
	}, more...)
}

// closed lets client and server, having run opened, close in this order.
func closed(steps ...step) []step {
	return opened(slices.Concat([]step{
		{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
		{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
		{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
		{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
	}, steps)...)
}

// TestClosing plays every way in which a connection closes (RFC 9293 §3.6,
// Figures 12 and 13).
func TestClosing(t *testing.T) {
	play(t, []dialogue{
		{
			name: "normal close",
			steps: closed(
				step{"+119.9", "TIME-WAIT CLOSED?", 0},
				step{"+0.1", "CLOSED CLOSED?", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 7",
				// The pure ACK proves nothing of itself. But the FIN behind it acknowledges
				// the same, and the last ACK proves that the FIN came.
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 9",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 8, proof 9",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 8, proof 8",
				"server LAST-ACK > CLOSED: receive ACK of FIN, received 9, proof 0",
				"client TIME-WAIT > CLOSED: 2 MSL timeout, timer 0, proof 0",
			),
		},
		{
			name: "the server closes first",
			steps: opened(
				step{"< F. 21 ack 11", "CLOSE-WAIT? FIN-WAIT-1", 0},
				step{"> . 11 ack 22", "CLOSE-WAIT FIN-WAIT-2?", 0},
				step{"> F. 11 ack 22", "LAST-ACK TIME-WAIT?", 0},
				step{"< . 22 ack 12", "CLOSED? TIME-WAIT", 0},
				step{"+120", "CLOSED? CLOSED", 0},
			),
		},
		{
			// Figure 5's note 2: one segment acknowledges the FIN and carries the other.
			name: "the second FIN rides on the ACK of the first",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 7",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 8",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 7, proof 8",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 7, proof 7",
				"server LAST-ACK > CLOSED: receive ACK of FIN, received 8, proof 0",
			),
		},
		{
			name: "a FIN on data takes the number behind it",
			steps: opened(
				step{"> FP. 11+5 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 16", "FIN-WAIT-1 ESTABLISHED", TookBack}, // the data, not the FIN
				step{"< . 21 ack 17", "FIN-WAIT-2? CLOSE-WAIT?", 0},
			),
		},
		{
			// RFC 9293 Figure 13. Neither FIN acknowledges the other.
			name: "simultaneous close",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 11", "CLOSING? FIN-WAIT-1", TookBack},
				step{"> . 12 ack 22", "CLOSING FIN-WAIT-2?", 0},
				step{"< . 22 ack 12", "TIME-WAIT? TIME-WAIT?", 0},
				step{"+120", "CLOSED? CLOSED?", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"client FIN-WAIT-1 > CLOSING: receive FIN, received 7, proof 8",
				"server ESTABLISHED > FIN-WAIT-1: send FIN, sent 7, proof 7",
				"server FIN-WAIT-1 > CLOSING: receive FIN, received 6, proof 9",
				"server CLOSING > TIME-WAIT: receive ACK of FIN, received 8, proof 0",
				"client CLOSING > TIME-WAIT: receive ACK of FIN, received 9, proof 0",
				"client TIME-WAIT > CLOSED: 2 MSL timeout, timer 0, proof 0",
				"server TIME-WAIT > CLOSED: 2 MSL timeout, timer 0, proof 0",
			),
		},
		{
			name: "half close: the other side goes on for long",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+1000 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> . 12 ack 1021", "FIN-WAIT-2 CLOSE-WAIT?", 0}, // it got what carried the ACK of its FIN
				step{"< P. 1021+1000 ack 12 +3600", "FIN-WAIT-2 CLOSE-WAIT", 0},
				step{"> . 12 ack 2021", "FIN-WAIT-2 CLOSE-WAIT", 0},
				step{"< F. 2021 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"> . 12 ack 2022", "TIME-WAIT CLOSED?", 0},
			),
		},
		{
			name: "half close: only a late ACK, on data, shows that the FIN arrived",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< P. 21+10 ack 11", "FIN-WAIT-1 ESTABLISHED", TookBack},
				step{"< P. 31+10 ack 12 +5", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"> . 12 ack 41", "FIN-WAIT-2 CLOSE-WAIT?", 0},
			),
		},
		{
			name: "the FIN overtakes the data before it",
			steps: opened(
				step{"> F. 16 ack 21", "FIN-WAIT-1 ESTABLISHED", 0}, // behind a hole: RCV.NXT does not reach it
				step{"> P. 11+5 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 17", "FIN-WAIT-2? CLOSE-WAIT?", 0},
			),
		},
		{
			name: "abort",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"+600", "CLOSED CLOSED?", 0}, // nothing will ever prove it
			),
			transitions: openedTransitions(
				"client ESTABLISHED > CLOSED: send RST, sent 6, proof 6",
				"server ESTABLISHED > CLOSED: receive RST, received 6, proof 0",
			),
		},
		{
			name: "the answer of a closed endpoint proves the abort",
			steps: opened(
				step{"> R. 11 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
				step{"< R 21", "CLOSED CLOSED", RSTNoConnection},
			),
		},
		{
			name: "abort in CLOSE-WAIT and in FIN-WAIT-2",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< R. 21 ack 12", "CLOSED? CLOSED", RSTSent | RSTExact},
			),
		},
		{
			name: "abort in SYN-RECEIVED leads back to LISTEN (Figure 5, note 1)",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R. 1 ack 1", "CLOSED LISTEN?", RSTSent | RSTExact},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
				"client ESTABLISHED > CLOSED: send RST, sent 3, proof 3",
				"server SYN-RECEIVED > LISTEN: receive RST, received 3, proof 0",
			},
		},
		{
			name: "abort in SYN-RECEIVED after an active open leads to CLOSED",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S 0", "SYN-RECEIVED? SYN-SENT", SYNCrossed},
				{"> S. 0 ack 1", "SYN-RECEIVED ESTABLISHED?", 0},
				{"< R. 1 ack 1", "CLOSED? CLOSED", RSTSent | RSTExact},
			},
		},
		{
			name: "data behind the sender's own FIN",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"> P. 12+5 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", DataAfterFIN},
				step{"> P. 11+1 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", DataAfterFIN}, // where the FIN was
				step{"> P. 1+10 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},            // before it: only sent again
			),
		},
		{
			name: "the FIN moves",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"> F. 30 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", FINMoved},
			),
		},
	})
}

// TestTimeWait plays TIME-WAIT's entry, its restart and what ends it
// (RFC 9293 §3.6.1, RFC 1337).
func TestTimeWait(t *testing.T) {
	play(t, []dialogue{
		{
			name: "a FIN again restarts the 2 MSL",
			steps: closed(
				step{"< F. 21 ack 12 +100", "TIME-WAIT LAST-ACK", FINAgain | TookBack | TimeWaitRestart},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
				step{"+119.9", "TIME-WAIT CLOSED?", 0},
				step{"+0.1", "CLOSED CLOSED?", 0},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 7",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 9",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 8, proof 9",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 8, proof 8",
				"server LAST-ACK > CLOSED: receive ACK of FIN, received 11, proof 0",
				"client TIME-WAIT > CLOSED: 2 MSL timeout, timer 0, proof 0",
			),
		},
		{
			name: "other segments do not restart it",
			steps: closed(
				step{"< . 21 ack 12 +100", "TIME-WAIT CLOSED?", DataWhileClosed},
				step{"+20", "CLOSED CLOSED?", 0},
			),
		},
		{
			name: "the timer runs out before the next segment",
			steps: closed(
				step{"< F. 21 ack 12 +121", "CLOSED LAST-ACK", FINAgain | TookBack},
			),
		},
		{
			// As systems derived from BSD have it in CLOSING: no timer ran out, and the ACK of that FIN,
			// which the tap saw before, is on its way.
			name: "FINs that cross, one of them again on the ACK of the other",
			steps: opened(
				step{"< F. 21 ack 11", "CLOSE-WAIT? FIN-WAIT-1", 0},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSING?", TookBack},
				step{"> . 12 ack 22", "CLOSING TIME-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? TIME-WAIT?", FINWithAck},
			),
		},
		{
			// Both ACKs of FINs that crossed are lost. The FINs that come again are old, but bring the
			// acknowledgments: by Table 6 these do not count, in Linux 6.18 they do.
			name: "FINs that come again acknowledge FINs",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 11", "CLOSING? FIN-WAIT-1", TookBack},
				step{"> . 12 ack 22 lost", "CLOSING FIN-WAIT-1", 0},
				step{"> F. 11 ack 22 +1", "CLOSING TIME-WAIT?", FINAgain},
				step{"< F. 21 ack 12", "TIME-WAIT? CLOSING", TookBack | FINAgain},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"client FIN-WAIT-1 > CLOSING: receive FIN, received 7, proof 8",
				"server ESTABLISHED > FIN-WAIT-1: send FIN, sent 7, proof 7",
				"server FIN-WAIT-1 > CLOSING: receive FIN, received 9, proof 10",
				"client CLOSING > TIME-WAIT: receive ACK of FIN, received 10, proof 0",
			),
		},
		{
			name: "assassinated",
			steps: closed(
				step{"< R 22", "CLOSED? CLOSED", RSTNoConnection | RSTExact | TimeWaitKilled},
			),
		},
		{
			name: "a RST outside the window kills nothing",
			steps: closed(
				step{"< R 21", "TIME-WAIT CLOSED", RSTNoConnection | RSTOutside},
			),
		},
		{
			name: "a RST where the last ACK was due",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"> R 12", "CLOSED? CLOSED?", RSTSent | RSTForLastACK | TookBack | RSTExact},
			),
			transitions: openedTransitions(
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 6, proof 7",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 0",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 8, proof 8",
				"client FIN-WAIT-2 > CLOSED: send RST, sent 9, proof 9",
				"server LAST-ACK > CLOSED: receive RST, received 9, proof 0",
			),
		},
		{
			// Without ACK it answers from nowhere: nothing of the segment was processed.
			name: "a RST where the ACK of FIN and ACK in one was due",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
				step{"> R 12", "CLOSED CLOSED?", RSTSent | RSTForLastACK | TookBack | RSTExact},
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
			name: "data again behind the last ACK: that did not arrive",
			steps: closed(
				step{"< P. 1+20 ack 12 +1", "TIME-WAIT LAST-ACK", TookBack},
				step{"> . 12 ack 22", "TIME-WAIT CLOSED?", 0},
			),
		},
		{
			name: "a RST answers the FIN that comes again",
			steps: closed(
				step{"< F. 21 ack 12 +1", "TIME-WAIT LAST-ACK", FINAgain | TookBack | TimeWaitRestart},
				step{"> R 12", "CLOSED CLOSED?", RSTSent | RSTInTimeWait | RSTExact},
			),
		},
	})
}
