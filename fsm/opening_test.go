package fsm

import "testing"

// TestOpening plays every way in which a connection opens, or fails to
// (RFC 9293 §3.5, Figures 6 to 11).
func TestOpening(t *testing.T) {
	play(t, []dialogue{
		{
			name: "three-way handshake",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< P. 1+20 ack 1", "ESTABLISHED ESTABLISHED", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
				"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 3, proof 4",
			},
		},
		{
			name: "the third ACK carries data",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< . 1 ack 11", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			name: "an echoed timestamp proves the third ACK",
			steps: []step{
				{"> S 0 ts 10/0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1 ts 50/10", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 1 ts 11/50", "ESTABLISHED ESTABLISHED?", 0},
				{"< . 1 ack 1 ts 52/11", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			// RFC 9293 Figure 7 as one tap sees it.
			name: "simultaneous open",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S 0", "SYN-RECEIVED? SYN-SENT", SYNCrossed},
				{"> S. 0 ack 1", "SYN-RECEIVED ESTABLISHED?", 0},
				// The server answers the SYN: the SYN-ACK had not arrived, but is on its way.
				{"< S. 0 ack 1", "ESTABLISHED? ESTABLISHED?", TookBack},
				{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< P. 1+10 ack 11", "ESTABLISHED ESTABLISHED", 0},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"client SYN-SENT > SYN-RECEIVED: receive SYN, received 2, proof 3",
				"server CLOSED > SYN-SENT: send SYN, sent 2, proof 2",
				"server SYN-SENT > SYN-RECEIVED: receive SYN, received 1, proof 4",
				"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 3, proof 6",
				"client SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 4, proof 5",
			},
		},
		{
			// The FIN tells that the SYN-ACK, passed before the second SYN, has arrived.
			name: "simultaneous open: SYN again, FIN at once",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S 0", "SYN-RECEIVED? SYN-SENT", SYNCrossed},
				{"> S. 0 ack 1", "SYN-RECEIVED ESTABLISHED?", 0},
				{"< S 0 +1", "SYN-RECEIVED SYN-SENT", SYNAgain | TookBack},
				{"< F. 1 ack 1", "CLOSE-WAIT? FIN-WAIT-1", 0},
				{"> . 1 ack 2", "CLOSE-WAIT? FIN-WAIT-2?", 0},
			},
		},
		{
			name: "split handshake: a SYN and an ACK in place of a SYN-ACK",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S 0", "SYN-RECEIVED? SYN-SENT", SYNCrossed},
				{"> S. 0 ack 1", "SYN-RECEIVED ESTABLISHED?", 0},
				{"< . 1 ack 1", "ESTABLISHED? ESTABLISHED", 0},
				{"> P. 1+5 ack 1", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			name: "refused",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< R. 0 ack 1", "CLOSED? CLOSED", RSTRefuses | RSTNoConnection},
			},
			transitions: []string{
				"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
				"client SYN-SENT > CLOSED: receive RST, received 2, proof 0",
			},
		},
		{
			name: "refused, but the RST is lost: the SYN comes again",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< R. 0 ack 1", "CLOSED? CLOSED", RSTRefuses | RSTNoConnection},
				{"> S 0 +1", "SYN-SENT CLOSED", SYNAgain | TookBack},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
			},
		},
		{
			name: "a RST without an acceptable ACK refuses nothing (RFC 9293 §3.10.7.3)",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< R 0", "SYN-SENT CLOSED", RSTBadAck | RSTNoConnection},
				{"< R. 0 ack 0", "SYN-SENT CLOSED", RSTBadAck | RSTNoConnection}, // SEG.ACK =< ISS
				{"< R. 0 ack 2", "SYN-SENT CLOSED", RSTBadAck | RSTNoConnection}, // SEG.ACK > SND.NXT
				{"< R. 0 ack 1", "CLOSED? CLOSED", RSTRefuses | RSTNoConnection},
			},
		},
		{
			name: "unanswered",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"> S 0 +1", "SYN-SENT CLOSED", SYNAgain},
				{"> S 0 +2", "SYN-SENT CLOSED", SYNAgain},
				{"+600", "SYN-SENT CLOSED", 0}, // silence proves nothing
			},
			transitions: []string{"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1"},
		},
		{
			// RFC 9293 Figure 10, and conversation 1: the wrong number gets a RST.
			name: "a SYN-ACK that acknowledges too much",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 2", "SYN-SENT SYN-RECEIVED", SYNACKBadAck},
				// The sender of the RST stays; the receiver, at the number that it asked
				// for, goes back to LISTEN.
				{"> R 2", "SYN-SENT LISTEN?", RSTAnswers | RSTExact},
				{"> S 0 +1", "SYN-SENT LISTEN?", SYNAgain},
				{"< S. 500 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 501", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "a SYN-ACK that acknowledges too little",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 0", "SYN-SENT SYN-RECEIVED", SYNACKBadAck},
				{"> R 0", "SYN-SENT LISTEN?", RSTAnswers | RSTExact},
			},
		},
		{
			// RFC 9293 Figure 9: the SYN-ACK answers an old duplicate of the client's SYN.
			name: "old duplicate SYN",
			steps: []step{
				{"> S 5000", "SYN-SENT CLOSED", 0},
				{"> S 100", "SYN-SENT CLOSED", SYNInSync},
				{"< S. 0 ack 101", "SYN-SENT SYN-RECEIVED", SYNACKBadAck},
				{"> R 101", "SYN-SENT LISTEN?", RSTAnswers | RSTExact},
				{"> S 5000 +1", "SYN-SENT LISTEN?", SYNAgain},
				{"< S. 400 ack 5001", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 5001 ack 401", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			// Conversation 2 and RFC 9293 §3.10.7.4, fifth: a RST at the wrong number is due.
			name: "a final ACK that acknowledges too much",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 7", "ESTABLISHED SYN-RECEIVED", HandshakeBadAck},
				{"< R 7", "CLOSED? SYN-RECEIVED", RSTAnswers | RSTExact},
			},
		},
		{
			name: "a final ACK that acknowledges too little",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1 ack 0", "ESTABLISHED? SYN-RECEIVED", HandshakeBadAck},
			},
		},
		{
			name: "a final ACK outside the window",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1 win 1000", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> . 1001 ack 1", "ESTABLISHED SYN-RECEIVED", HandshakeBadSeq},
				{"< . 1 ack 1", "ESTABLISHED SYN-RECEIVED", ChallengeACK},
				{"> . 1000 ack 1", "ESTABLISHED ESTABLISHED?", 0}, // the window's last number
			},
		},
		{
			// "Special allowance should be made" for a closed window (§3.10.7.4, first).
			name: "a final ACK with data that a closed window cannot take",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1 win 0", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> P. 1+10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "a SYN-ACK out of the blue",
			steps: []step{
				{"< S. 0 ack 1", "SYN-SENT? SYN-RECEIVED", Joined},      // whoever answers a SYN had one
				{"> R 1", "CLOSED LISTEN?", RSTNoConnection | RSTExact}, // and the RST shows that there was none
			},
		},
		{
			name: "a SYN with data that no Fast Open covers",
			steps: []step{
				{"> S 0+100", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> P. 1+100 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				{"< . 1 ack 101", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			name: "the client gives up before the SYN-ACK comes",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1 +5", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> R 1", "CLOSED LISTEN?", RSTSent | RSTExact | TookBack},
			},
		},
		{
			name: "another SYN-ACK, with another number",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"< S. 9000 ack 1", "ESTABLISHED? SYN-RECEIVED", SYNACKChanged},
			},
		},
		{
			name: "a SYN-ACK that no SYN asked for",
			steps: []step{
				{"> S 0", "SYN-SENT CLOSED", 0},
				{"> S. 0 ack 1", "SYN-SENT CLOSED", SYNACKUninvited},
			},
		},
	})
}

// TestFastOpen plays RFC 7413: data on the SYN counts, and the server may send
// before the handshake is complete.
func TestFastOpen(t *testing.T) {
	play(t, []dialogue{
		{
			name: "accepted, and answered before the third ACK",
			steps: []step{
				{"> S 0+100 tfo", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 101", "ESTABLISHED? SYN-RECEIVED", 0},
				{"< P. 1+50 ack 101", "ESTABLISHED? SYN-RECEIVED", ACKBeforeACK},
				{"> . 101 ack 51", "ESTABLISHED ESTABLISHED?", 0},
				{"< . 51 ack 101", "ESTABLISHED ESTABLISHED?", 0},
				{"> P. 101+10 ack 51", "ESTABLISHED ESTABLISHED?", 0},
				{"< . 51 ack 111", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			// The SYN alone is acknowledged: the data has to come again.
			name: "the data is not taken",
			steps: []step{
				{"> S 0+100 tfo", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> P. 1+100 ack 1", "ESTABLISHED ESTABLISHED?", 0},
				// The SYN-ACK did not take the SYN's data, so the server acknowledges some as
				// any other does: behind the ACK of its SYN.
				{"< . 1 ack 101", "ESTABLISHED ESTABLISHED", 0},
				{"> P. 101+10 ack 1", "ESTABLISHED ESTABLISHED", 0},
				{"< . 1 ack 111", "ESTABLISHED ESTABLISHED", 0},
			},
		},
		{
			name: "a part of the data is taken",
			steps: []step{
				{"> S 0+100 tfo", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 41", "ESTABLISHED? SYN-RECEIVED", 0},
				{"> P. 41+60 ack 1", "ESTABLISHED ESTABLISHED?", 0},
			},
		},
		{
			name: "more than the data is acknowledged",
			steps: []step{
				{"> S 0+100 tfo", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 102", "SYN-SENT SYN-RECEIVED", SYNACKBadAck},
			},
		},
		{
			name: "the server closes before the third ACK (RFC 9293 §3.10.4)",
			steps: []step{
				{"> S 0+100 tfo", "SYN-SENT CLOSED", 0},
				{"< S. 0 ack 101", "ESTABLISHED? SYN-RECEIVED", 0},
				{"< F. 1+50 ack 101", "CLOSE-WAIT? FIN-WAIT-1", ACKBeforeACK},
				{"> . 101 ack 52", "CLOSE-WAIT FIN-WAIT-2?", 0},
			},
		},
	})
}

// With Fast Open data can pass before the SYN-ACK that was sent ahead of it does:
// when it comes again it is old.
func TestDataBeforeSYNACK(t *testing.T) {
	var c Conn
	c.Reset(DefaultMSL)
	step := func(from Side, s Segment) { c.Step(from, &s, Frame(c.at.Nth+1), Time(c.at.Nth)*Second, false) }
	step(Client, Segment{Flags: SYN, Seq: 1000, Len: 100, Opts: OptFastOpen})
	step(Server, Segment{Flags: PSH | ACK, Seq: 5001, Ack: 1101, Len: 50})
	step(Server, Segment{Flags: SYN | ACK, Seq: 5000, Ack: 1101})
	step(Client, Segment{Flags: ACK, Seq: 1101, Ack: 5001})
	step(Server, Segment{Flags: PSH | ACK, Seq: 5001, Ack: 1101, Len: 70})
	if c.Old != 50 || c.Fresh != 20 {
		t.Errorf("%d numbers old and %d new, want 50 and 20", c.Old, c.Fresh)
	}
}

// TestSYNACKCrossesACK plays a SYN-ACK that is sent again while the ACK of the first may be
// under way. What the server echoes tells which ACK it had.
func TestSYNACKCrossesACK(t *testing.T) {
	opening := func(server string) []string {
		return []string{
			"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
			"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
			"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
			"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, " + server,
		}
	}
	crossing := func(again, echo string, means Meaning, states string) []step {
		return []step{
			{"> S 0 ts 1/0", "SYN-SENT CLOSED", 0},
			{"< S. 0 ack 1 ts 500/1", "ESTABLISHED? SYN-RECEIVED", 0},
			{"> . 1 ack 1 ts 2/500", "ESTABLISHED ESTABLISHED?", 0},
			{"> P. 1+10 ack 1 ts 3/500", "ESTABLISHED ESTABLISHED?", 0},
			{"< S. 0 ack 1 ts 501/1" + again, states, means},
			{"> . 11 ack 1 ts 40/500", "ESTABLISHED ESTABLISHED?", 0},
			{"< . 1 ack 11 ts 600/" + echo, "ESTABLISHED ESTABLISHED", 0},
		}
	}
	const kept, back = "ESTABLISHED ESTABLISHED?", "ESTABLISHED SYN-RECEIVED"
	play(t, []dialogue{
		{name: "the ACK had come", steps: crossing("", "3", SYNACKAgain, kept), transitions: opening("received 3, proof 7")},
		{name: "either may have", steps: crossing("", "40", SYNACKAgain, kept), transitions: opening("received 3, proof 0")},
		{name: "the ACK was lost", steps: crossing(" +1", "40", SYNACKAgain|TookBack, back), transitions: opening("received 6, proof 7")},
	})
}
