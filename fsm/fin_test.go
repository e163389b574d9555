package fsm

import "testing"

// crossing plays a close in which the server's FIN crosses the client's, and comes
// again when the ACK of the client's has passed: the client went through CLOSING or
// FIN-WAIT-2.
func crossing(answer step) []step {
	return []step{
		{"> S 0 ts 100/0", "SYN-SENT CLOSED", 0},
		{"< S. 0 ack 1 ts 500/100", "ESTABLISHED? SYN-RECEIVED", 0},
		{"> . 1 ack 1 ts 101/500", "ESTABLISHED ESTABLISHED?", 0},
		{"< P. 1+20 ack 1 ts 501/101", "ESTABLISHED ESTABLISHED", 0},
		{"> F. 1 ack 21 ts 102/501", "FIN-WAIT-1 CLOSE-WAIT?", 0},
		{"< F. 21 ack 1 ts 502/101", "CLOSING? FIN-WAIT-1", TookBack},
		{"< . 22 ack 2 ts 503/102", "TIME-WAIT? CLOSING", 0},
		{"< F. 21 ack 2 ts 900/102 +1", "TIME-WAIT? CLOSING", FINAgain | TimeWaitRestart},
		answer,
	}
}

// TestWhichFIN plays FINs that are sent again: the acknowledgment tells which sending
// arrived, or that it cannot be known.
// TestAckOfSYNOnFIN plays a SYN-ACK that comes again while the client's data and its FIN
// are under way: the segment with the FIN acknowledges the SYN too.
func TestAckOfSYNOnFIN(t *testing.T) {
	play(t, []dialogue{{
		name: "a SYN-ACK again behind the FIN",
		steps: []step{
			{"> S 0", "SYN-SENT CLOSED", 0},
			{"< S. 0 ack 1", "ESTABLISHED? SYN-RECEIVED", 0},
			{"> . 1 ack 1", "ESTABLISHED ESTABLISHED?", 0},
			{"> FP. 1+10 ack 1", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			{"< S. 0 ack 1 +1", "FIN-WAIT-1 SYN-RECEIVED", SYNACKAgain | TookBack},
			{"> . 12 ack 1", "FIN-WAIT-1 ESTABLISHED?", 0},
			{"< . 1 ack 12", "FIN-WAIT-2? CLOSE-WAIT", 0},
		},
		transitions: []string{
			"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
			"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
			"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
			"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 4, proof 4",
			"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 4, proof 7",
			"server ESTABLISHED > CLOSE-WAIT: receive FIN, received 4, proof 7",
			"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 0",
		},
	}})
}

func TestWhichFIN(t *testing.T) {
	opening := []string{
		"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
		"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
		"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 3",
		"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 3, proof 4",
		"client ESTABLISHED > FIN-WAIT-1: send FIN, sent 5, proof 5",
		"server ESTABLISHED > FIN-WAIT-1: send FIN, sent 6, proof 6",
		"server FIN-WAIT-1 > CLOSING: receive FIN, received 5, proof 7",
	}
	with := func(lines ...string) []string { return append(opening[:len(opening):len(opening)], lines...) }
	crossed := append(append(opening[:5:5], "client FIN-WAIT-1 > CLOSING: receive FIN, received 6, proof 9"), opening[5:]...)
	crossed = append(crossed,
		"client CLOSING > TIME-WAIT: receive ACK of FIN, received 7, proof 9",
		"server CLOSING > TIME-WAIT: receive ACK of FIN, received 9, proof 0",
	)
	play(t, []dialogue{
		{
			name:  "its timestamp is echoed: the repetition",
			steps: crossing(step{"> . 2 ack 22 ts 500/900", "TIME-WAIT TIME-WAIT?", TookBack}),
			transitions: with(
				"client FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 7, proof 9",
				"client FIN-WAIT-2 > TIME-WAIT: receive FIN, received 8, proof 0",
				"server CLOSING > TIME-WAIT: receive ACK of FIN, received 9, proof 0",
			),
		},
		{
			name:        "an older timestamp is echoed: the first",
			steps:       crossing(step{"> . 2 ack 22 ts 500/503", "TIME-WAIT TIME-WAIT?", 0}),
			transitions: crossed,
		},
		{
			name:        "it is reported as received twice: the first",
			steps:       crossing(step{"> . 2 ack 22 ts 500/900 sack 21-22", "TIME-WAIT TIME-WAIT?", 0}),
			transitions: crossed,
		},
		{
			name: "nothing tells: in TIME-WAIT by one way or the other",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"< F. 21 ack 11", "CLOSING? FIN-WAIT-1", TookBack},
				step{"< . 22 ack 12", "TIME-WAIT? CLOSING", 0},
				step{"< F. 21 ack 12 +1", "TIME-WAIT? CLOSING", FINAgain | TimeWaitRestart},
				step{"> . 12 ack 22", "TIME-WAIT? TIME-WAIT?", 0},
			),
		},
		{
			name: "the client was heard of after the first: it may have been under way, or lost",
			steps: opened(
				step{"< F. 21 ack 11", "CLOSE-WAIT? FIN-WAIT-1", 0},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSING?", TookBack},
				step{"< . 22 ack 12", "FIN-WAIT-2? CLOSING", 0},
				step{"< F. 21 ack 12 +1", "TIME-WAIT? CLOSING", FINAgain},
				step{"> . 12 ack 22", "TIME-WAIT? TIME-WAIT?", 0},
			),
		},
		{
			name: "nothing came in between: the state is known",
			steps: opened(
				step{"< F. 21 ack 11", "CLOSE-WAIT? FIN-WAIT-1", 0},
				step{"< F. 21 ack 11 +1", "CLOSE-WAIT? FIN-WAIT-1", FINAgain},
				step{"> . 11 ack 22", "CLOSE-WAIT? FIN-WAIT-2?", 0},
			),
		},
	})
}

// TestFastOpenCloses plays a server that closes before the third ACK can have come.
func TestFastOpenCloses(t *testing.T) {
	play(t, []dialogue{{
		name: "the ACK passes just before the FIN",
		steps: []step{
			{"> S 0+9 tfo", "SYN-SENT CLOSED", 0},
			{"< S. 0 ack 10", "ESTABLISHED? SYN-RECEIVED", 0},
			{"< P. 1+20 ack 10", "ESTABLISHED? SYN-RECEIVED", ACKBeforeACK},
			{"> . 10 ack 1", "ESTABLISHED ESTABLISHED?", 0},
			{"< F. 21 ack 10", "CLOSE-WAIT? FIN-WAIT-1?", 0},
			{"> F. 10 ack 22", "LAST-ACK TIME-WAIT?", 0},
			{"< . 22 ack 11", "CLOSED? TIME-WAIT", 0},
		},
		transitions: []string{
			"client CLOSED > SYN-SENT: send SYN, sent 1, proof 1",
			"server LISTEN > SYN-RECEIVED: receive SYN, received 1, proof 2",
			"client SYN-SENT > ESTABLISHED: receive SYN,ACK, received 2, proof 4",
			"server SYN-RECEIVED > ESTABLISHED: receive ACK of SYN, received 4, proof 0",
			"client ESTABLISHED > CLOSE-WAIT: receive FIN, received 5, proof 6",
			"server ESTABLISHED > FIN-WAIT-1: send FIN, sent 5, proof 5",
			"client CLOSE-WAIT > LAST-ACK: send FIN, sent 6, proof 6",
			"server FIN-WAIT-1 > FIN-WAIT-2: receive ACK of FIN, received 6, proof 7",
			"server FIN-WAIT-2 > TIME-WAIT: receive FIN, received 6, proof 7",
			"client LAST-ACK > CLOSED: receive ACK of FIN, received 7, proof 0",
		},
	}})
}

// TestUnheardFIN plays FINs that are sent again and again.
func TestUnheardFIN(t *testing.T) {
	unanswered := func(more ...step) []step {
		return opened(append([]step{
			{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
			{"> F. 11 ack 21 +1", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
			{"> F. 11 ack 21 +2", "FIN-WAIT-1 ESTABLISHED?", FINAgain | TookBack},
			{"> F. 11 ack 21 +4", "FIN-WAIT-1 ESTABLISHED?", FINAgain},
		}, more...)...)
	}
	play(t, []dialogue{
		{name: "never answered: none arrived, it seems", steps: unanswered()},
		{
			name:  "answered in the end",
			steps: unanswered(step{"< . 21 ack 12", "FIN-WAIT-2? CLOSE-WAIT", 0}),
		},
		{
			name:  "the peer speaks and has it not",
			steps: unanswered(step{"< P. 21+5 ack 11", "FIN-WAIT-1 ESTABLISHED", 0}),
		},
		{
			name: "a storm of FINs awaits no answers",
			steps: opened(
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", 0},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
				step{"> F. 11 ack 21", "FIN-WAIT-1 CLOSE-WAIT?", FINAgain},
			),
		},
	})
}
