package fsm

import "testing"

// TestResetChecks plays RFC 5961 §3 (RFC 9293 §3.10.7.4, second): a RST at RCV.NXT
// resets, one elsewhere in the window asks for a challenge ACK, others are dropped.
// Whoever sent the RST is CLOSED until it shows that the RST was not its own; not proved
// where no endpoint would have chosen that number.
func TestResetChecks(t *testing.T) {
	const before, exact, inWindow, last, outside, away = "20", "21", "22", "65555", "65556", "2147483669" // the client holds 65535 open from 21 on
	var ds []dialogue
	for _, c := range []struct {
		name, seq string
		client    string
		means     Meaning
	}{
		{"before the window", before, "ESTABLISHED", RSTOutside},
		{"at RCV.NXT", exact, "CLOSED?", RSTExact},
		{"behind RCV.NXT", inWindow, "ESTABLISHED", RSTInWindow},
		{"the window's last number", last, "ESTABLISHED", RSTInWindow},
		{"behind the window", outside, "ESTABLISHED", RSTOutside},
		{"half the circle away", away, "ESTABLISHED", RSTOutside},
	} {
		bare, withACK := " CLOSED?", " CLOSED?"
		if c.seq == exact {
			bare, withACK = " CLOSED", " CLOSED"
		} else if c.seq == before || c.seq == away {
			bare = " CLOSED" // it may answer an earlier segment
		}
		ds = append(ds, dialogue{name: c.name, steps: opened(
			step{"< R " + c.seq, c.client + bare, RSTSent | c.means},
		)}, dialogue{name: c.name + ", with ACK", steps: opened(
			step{"< R. " + c.seq + " ack 11", c.client + withACK, RSTSent | c.means},
		)})
	}
	play(t, ds)

	play(t, []dialogue{
		{
			name: "the challenge ACK, and the RST that was meant",
			steps: opened(
				step{"< R 100", "ESTABLISHED CLOSED?", RSTSent | RSTInWindow},
				step{"> . 11 ack 21", "ESTABLISHED CLOSED?", ChallengeACK},
				step{"< R 21", "CLOSED? CLOSED", RSTNoConnection | RSTExact},
			),
		},
		{
			name: "the challenge ACK, and the RST was forged",
			steps: opened(
				step{"< R 100", "ESTABLISHED CLOSED?", RSTSent | RSTInWindow},
				step{"> . 11 ack 21", "ESTABLISHED CLOSED?", ChallengeACK},
				step{"< P. 21+10 ack 11", "ESTABLISHED CLOSED?", 0}, // or overtaken by the RST, for which it leaves room
				step{"> . 11 ack 31", "ESTABLISHED CLOSED?", 0},
				step{"< . 31 ack 11", "ESTABLISHED ESTABLISHED", AfterOwnRST | TookBack},
			),
			transitions: openedTransitions(),
		},
		{
			name: "a forged RST is refuted by its sender going on, however soon",
			steps: opened(
				step{"< R 21", "CLOSED? CLOSED", RSTSent | RSTExact},
				step{"< P. 21+10 ack 11 +0.00001", "CLOSED? ESTABLISHED", AfterOwnRST | TookBack},
			),
		},
		{
			name: "with a newer timestamp than the RST, even where that leaves room",
			steps: opened(
				step{"< P. 21+10 ack 11 ts 500/1", "ESTABLISHED ESTABLISHED", 0},
				step{"> . 11 ack 31 ts 2/500", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 50 ts 501/2", "ESTABLISHED CLOSED?", RSTSent | RSTInWindow},
				step{"< P. 31+10 ack 11 ts 502/2 +0.00001", "ESTABLISHED ESTABLISHED", AfterOwnRST | TookBack},
			),
		},
		{
			name: "data that the RST overtook",
			steps: opened(
				step{"< R 41", "ESTABLISHED CLOSED?", RSTSent | RSTInWindow},
				step{"< P. 21+10 ack 11 +0.006", "ESTABLISHED CLOSED?", 0},
				step{"< P. 31+10 ack 11 +0.001", "ESTABLISHED CLOSED?", 0},
				step{"< P. 31+10 ack 11 +0.3", "ESTABLISHED ESTABLISHED", AfterOwnRST | TookBack}, // no network keeps it so long
			),
		},
		{
			name: "data is no challenge ACK",
			steps: opened(
				step{"< R 100", "ESTABLISHED CLOSED?", RSTSent | RSTInWindow},
				step{"> P. 11+5 ack 21", "ESTABLISHED CLOSED?", 0},
				step{"> . 16 ack 21", "ESTABLISHED CLOSED?", 0},
			),
		},
		{
			name: "a closed window takes a RST at RCV.NXT",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> . 11 ack 31 win 0", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED", RSTSent | RSTExact},
			),
		},
		{
			name: "behind data that is not acknowledged yet",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED", RSTSent | RSTExact},
			),
		},
		{
			name: "in the middle of data that is not acknowledged: a challenge ACK says that less had arrived",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< P. 31+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED?", RSTSent | RSTPerhapsExact},
				step{"> . 11 ack 21 +1", "ESTABLISHED CLOSED?", ChallengeACK | AfterPeerRST | TookBack},
				step{"< R 21", "CLOSED? CLOSED", RSTNoConnection | RSTExact},
			),
		},
		{
			name: "the same: an ACK of more says that it came too late",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< P. 31+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED?", RSTSent | RSTPerhapsExact},
				step{"> . 11 ack 41", "ESTABLISHED CLOSED?", AfterPeerRST | TookBack},
			),
		},
		{
			name: "the same: an ACK that may have been under way decides nothing",
			steps: opened(
				step{"< P. 21+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< P. 31+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED?", RSTSent | RSTPerhapsExact},
				step{"> . 11 ack 31", "CLOSED? CLOSED?", AfterPeerRST | TookBack},
			),
		},
		{
			name: "a FIN met nobody, who answers at its ACK although more had passed here",
			steps: opened(
				step{"> P. 11+10 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"> P. 21+10 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"< F. 21 ack 11 +30", "CLOSE-WAIT? FIN-WAIT-1", 0},
				step{"> R 11", "CLOSED CLOSED?", RSTSent | RSTExact | TookBack},
			),
		},
		{
			name: "behind a hole",
			steps: opened(
				step{"< P. 26+5 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "ESTABLISHED CLOSED", RSTSent | RSTInWindow},
			),
		},
		{
			name: "a RST behind data that the capture shows out of order",
			steps: opened(
				step{"< P. 26+5 ack 11", "ESTABLISHED ESTABLISHED", 0},
				step{"> . 11 ack 21 sack 26-31", "ESTABLISHED ESTABLISHED", 0},
				step{"< R 31", "CLOSED? CLOSED", RSTSent | RSTExact}, // RFC 5961's letter asks for RCV.NXT; Linux takes this one too
			),
		},
		{
			name: "in SYN-RECEIVED, elsewhere in the window",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R 100", "CLOSED? SYN-RECEIVED", RSTSent | RSTInWindow},
				{"< . 1 ack 1", "CLOSED? SYN-RECEIVED", ChallengeACK},
			},
		},
		{
			name: "the RST that ended SYN-RECEIVED was lost",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R. 1 ack 1", "CLOSED LISTEN?", RSTSent | RSTExact},
				{"< S. 0 ack 1 +1", "CLOSED SYN-RECEIVED", SYNACKAgain | TookBack},
			},
		},
		{
			name: "a RST without ACK answers the third ACK: the server never took the connection",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< R 1", "CLOSED? CLOSED", RSTSent | RSTExact | TookBack},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
				"client ESTABLISHED > CLOSED: receive RST, received 4, proof 0",
				"server SYN-RECEIVED > CLOSED: send RST, sent 4, proof 4",
			},
		},
		{
			name: "another SYN-ACK from LISTEN, its SYN not captured",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R. 1 ack 1", "CLOSED LISTEN?", RSTSent | RSTExact},
				{"< S. 700 ack 1 +1", "CLOSED SYN-RECEIVED", 0},
			},
		},
		{
			name: "in LISTEN a RST is ignored (RFC 9293 §3.10.7.2)",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R 1", "CLOSED LISTEN?", RSTSent | RSTExact | TookBack},
				{"> R 1", "CLOSED LISTEN?", RSTNoConnection},
			},
		},
		{
			name: "a RST before anything else",
			steps: []step{
				{"> R. 11 ack 21", "CLOSED CLOSED", RSTNoConnection},
				{"< R 21", "CLOSED CLOSED", RSTNoConnection},
			},
		},
	})
}

// TestResetInEveryState aborts in each state that traffic leads to, by either
// side: the sender is CLOSED for certain, the receiver provisionally.
func TestResetInEveryState(t *testing.T) {
	play(t, []dialogue{
		{name: "SYN-SENT aborts", steps: []step{
			{"> S 0", "SYN-SENT CLOSED", 0},
			{"> R 1", "CLOSED CLOSED", RSTSent},
		}},
		{name: "FIN-WAIT-1 aborts", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"> R. 12 ack 21", "CLOSED CLOSED?", RSTSent | RSTExact},
		)},
		{name: "FIN-WAIT-2 aborts", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"< P. 21+5 ack 12", "FIN-WAIT-2? CLOSE-WAIT?", 0},
			step{"> R. 12 ack 26", "CLOSED CLOSED?", RSTSent | RSTExact},
		)},
		{name: "CLOSING aborts and resets CLOSING", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"< F. 21 ack 11", "CLOSING? FIN-WAIT-1", TookBack},
			step{"> R. 12 ack 22", "CLOSED CLOSED?", RSTSent | RSTExact},
		)},
		{name: "LAST-ACK aborts and resets TIME-WAIT", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
			step{"< R. 22 ack 12", "CLOSED? CLOSED", RSTSent | RSTExact | TimeWaitKilled},
		)},
		{name: "a RST in FIN-WAIT-1", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"< R. 21 ack 12", "CLOSED? CLOSED", RSTSent | RSTExact},
		)},
		{name: "a RST in LAST-ACK", steps: opened(
			step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			step{"< F. 21 ack 12", "TIME-WAIT? LAST-ACK", 0},
			step{"> R. 12 ack 22", "CLOSED CLOSED?", RSTSent | RSTInTimeWait | RSTExact},
		)},
		{name: "LISTEN sends a RST", steps: []step{
			{"> S 0", "SYN-SENT CLOSED", 0},
			{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
			{"> R. 1 ack 1", "CLOSED LISTEN?", RSTSent | RSTExact},
			{"< R. 1 ack 1", "CLOSED CLOSED?", RSTSent},
		}},
	})
}

// TestSynInSync plays RFC 5961 §4: a SYN in a synchronized state is answered by
// a challenge ACK, whatever its number, and changes nothing.
func TestSynInSync(t *testing.T) {
	play(t, []dialogue{
		{
			name: "another number",
			steps: opened(
				step{"> S 5000", "ESTABLISHED ESTABLISHED", SYNInSync},
				step{"< . 21 ack 11", "ESTABLISHED ESTABLISHED", ChallengeACK},
				step{"> P. 11+5 ack 21", "ESTABLISHED ESTABLISHED", 0},
				step{"< . 21 ack 16", "ESTABLISHED ESTABLISHED", 0},
			),
		},
		{
			// RFC 9293 Figure 10: half-open recovery ends by the RST that answers the ACK.
			name: "the client had crashed: challenge ACK, then its RST",
			steps: opened(
				step{"> S 400", "ESTABLISHED ESTABLISHED", SYNInSync},
				step{"< . 21 ack 11", "ESTABLISHED ESTABLISHED", ChallengeACK},
				step{"> R 11", "CLOSED CLOSED?", RSTSent | RSTExact},
			),
		},
		{
			name: "an old SYN once more",
			steps: opened(
				step{"> S 0", "ESTABLISHED ESTABLISHED", SYNAgain},
			),
		},
		{
			name: "a SYN-ACK with another number",
			steps: opened(
				step{"< S. 5000 ack 11", "ESTABLISHED ESTABLISHED", SYNInSync},
			),
		},
		{
			name: "in SYN-RECEIVED",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> S 800", "ESTABLISHED? SYN-RECEIVED", SYNInSync},
			},
		},
	})
}
