package fsm

import "testing"

// TestPartialCapture plays what the tap did not see from the beginning, sees on
// one side only, or sees in another order.
func TestPartialCapture(t *testing.T) {
	play(t, []dialogue{
		{
			name: "joined midway",
			steps: []step{
				{"> P. 1000+10 ack 500", "ESTABLISHED ESTABLISHED?", Joined},
				{"< . 500 ack 1010", "ESTABLISHED ESTABLISHED?", 0}, // it may have sent its FIN before
				{"> F. 1010 ack 500", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				{"< F. 500 ack 1011", "TIME-WAIT? LAST-ACK", 0},
				{"> . 1011 ack 501", "TIME-WAIT CLOSED?", 0},
			},
			transitions: []string{
				"client CLOSED > ESTABLISHED: joined midway, assumed 1, proof 1",
				"server CLOSED > ESTABLISHED: joined midway, assumed 0, proof 1",
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 3, proof 3",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 3, proof 4",
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 4, proof 5",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 4, proof 5",
				"server CLOSE-WAIT > LAST-ACK: send FIN, sent 4, proof 4",
				"server LAST-ACK > CLOSED: receive ACK of FIN, received 5, proof 0",
			},
		},
		{
			name: "joined at a FIN",
			steps: []step{
				{"> F. 1000 ack 500", "FIN-WAIT-1 CLOSE-WAIT?", Joined},
				{"< . 500 ack 1001", "FIN-WAIT-2? CLOSE-WAIT?", 0}, // or in TIME-WAIT, if it closed first
				{"< P. 500+5 ack 1001", "FIN-WAIT-2? CLOSE-WAIT?", 0},
			},
		},
		{
			name: "joined at the last ACK",
			steps: []step{
				{"> . 1001 ack 501", "ESTABLISHED? ESTABLISHED?", Joined}, // nothing shows that a FIN passed before
			},
		},
		{
			name: "a segment without ACK joins nothing",
			steps: []step{
				{"> P 1000+10", "CLOSED CLOSED", 0},
				{"> none 1000", "CLOSED CLOSED", DataWhileClosed},
			},
		},
		{
			// No number of the handshake is known, so none can be "the same again".
			name: "joined midway, then a SYN and a SYN-ACK",
			steps: []step{
				{"> P. 1000+10 ack 500", "ESTABLISHED ESTABLISHED?", Joined},
				{"> S 0", "ESTABLISHED ESTABLISHED?", SYNInSync},
				{"< . 500 ack 1010", "ESTABLISHED ESTABLISHED?", ChallengeACK},
				{"< S. 0 ack 1010", "ESTABLISHED ESTABLISHED?", SYNInSync},
			},
		},
		{
			name: "only the client's side",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", Joined}, // it had a SYN-ACK
				{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"> . 11 ack 51", "ESTABLISHED ESTABLISHED", 0}, // the server sent data
				{"> F. 11 ack 51", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, assumed 0, proof 2",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 2, proof 4",
				"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 5, proof 5",
				"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 5, proof 0",
			},
		},
		{
			name: "only the server's side",
			steps: []step{
				{"< S. 0 ack 1", "SYN-SENT? SYN-RECEIVED", Joined}, // the SYN may have been forged
				// The server left SYN-RECEIVED, so the client had sent its ACK, so it had
				// the SYN-ACK.
				{"< P. 1+20 ack 11", "ESTABLISHED ESTABLISHED", 0},
				{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", 0},
				{"< F. 21 ack 31", "CLOSE-WAIT? FIN-WAIT-1", 0},
			},
		},
		{
			name: "the SYN captured behind its SYN-ACK",
			steps: []step{
				{"< S. 0 ack 1", "SYN-SENT? SYN-RECEIVED", Joined},
				{"> S 0", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< P. 1+5 ack 1", "ESTABLISHED ESTABLISHED", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 2, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 1, proof 3",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 2, proof 1",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 3, proof 4",
			},
		},
		{
			name: "the third ACK was not captured",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"< P. 1+20 ack 1", "ESTABLISHED ESTABLISHED", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, assumed 0, proof 3",
			},
		},
	})
}

// TestAckAhead plays acknowledgments of octets that nobody captured: a gap in
// the capture if their sender goes on behind them, a lie if it never sent them.
func TestAckAhead(t *testing.T) {
	play(t, []dialogue{
		{
			name: "a gap",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", 0}, // said once
				step{"> P. 31+10 ack 21", "ESTABLISHED ESTABLISHED", GapConfirmed},
				step{"< . 21 ack 41", "ESTABLISHED ESTABLISHED", 0},
			),
		},
		{
			name: "a gap, shown by an empty segment",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> . 11 ack 21", "ESTABLISHED ESTABLISHED", 0}, // may have crossed
				step{"> . 31 ack 21", "ESTABLISHED ESTABLISHED", GapConfirmed},
			),
		},
		{
			name: "octets that were not sent",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> P. 11+10 ack 21", "ESTABLISHED ESTABLISHED", 0}, // the rest may be on its way to the tap
				step{"> P. 21+5 ack 21 +0.3", "ESTABLISHED ESTABLISHED", AckOfUnsent},
				step{"< . 21 ack 21", "ESTABLISHED ESTABLISHED", 0},
			),
		},
		{
			name: "octets that were not sent, as the FIN shows",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> F. 11+10 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", AckOfUnsent},
			),
		},
		{
			name: "two directions captured out of order",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> P. 11+10 ack 21 +0.001", "ESTABLISHED ESTABLISHED", 0},
				step{"> P. 21+10 ack 21 +0.001", "ESTABLISHED ESTABLISHED", 0},
			),
		},
		{
			name: "a retransmission decides nothing",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> P. 1+10 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"> P. 11+5 ack 21 +0.3", "ESTABLISHED ESTABLISHED", AckOfUnsent},
			),
		},
		{
			name: "a hole that the ACK covers",
			steps: opened(
				step{"> P. 21+10 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", GapConfirmed},
			),
		},
		{
			name: "a FIN behind a gap",
			steps: opened(
				step{"< . 21 ack 31", "ESTABLISHED ESTABLISHED", AckAhead},
				step{"> F. 31 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", GapConfirmed},
				step{"< F. 21 ack 32", "TIME-WAIT? LAST-ACK", 0},
			),
		},
		{
			name: "an ACK older than RFC 5961 §5 lets pass",
			steps: opened(
				step{"< . 21 ack -65524", "ESTABLISHED ESTABLISHED", 0}, // the largest unscaled window below the highest
				step{"< . 21 ack -65525", "ESTABLISHED ESTABLISHED", StaleAck},
			),
		},
	})
}
