package main

// declaration is a check's file. It compiles as it is and finds nothing; a test of
// the catalogue fails as long as it says TODO.
const declaration = `package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var VARIABLE = &Check{
	Name: record.CONSTANT, Title: "TODO: a few words", Family: "FAMILY",
	Severity:  record.SEVERITY,
	Rule:      "TODO: RFC 9293 §…, or observer: what lets us say so",
	Condition: "TODO: when exactly it fires, in a sentence.",
	Benign:    []string{"TODO: what else could explain it"},
	Peers:     []record.PeerName{{Tool: "TODO: Wireshark, or leave Peers out", Name: "tcp.analysis.…"}},
	Filter:    "TODO: tcp.flags.syn == 1",
	// Needs: what the capture must show for the finding to be beyond doubt, if anything.

	// Judge runs once, after the connection's end.
	Judge: func(f *flow.Flow, found func(Finding)) {
		for _, side := range sides {
			// f.Dir[side] is what was seen of the side's segments, f.Conn.End[side] its
			// state machine.
			sent := &f.Dir[side]
			var frames []fsm.Frame // TODO: those that prove it
			if sent.Packets == 0 || len(frames) == 0 {
				continue
			}
			found(Finding{
				Side: side.String(), Frames: frames,
				Seen: "TODO", Expected: "TODO",
				Message: fmt.Sprintf("The %s TODO in frame %d.", side, frames[0].Number()),
			})
		}
	},
}
`

// script is the conversation that shows a check firing: a clean one, to be made
// unclean. As it is, the test fails at the finding only.
const script = `# TODO: change the segments so that they show it, and say what states follow.
title: TODO
peers: not measured

1 > S  0       <mss 1460, sackok, nop, ws 7>   => SYN-SENT    SYN-RECEIVED
2 < S. 0 ack 1 <mss 1460, sackok, nop, ws 7>   => ESTABLISHED SYN-RECEIVED
3 > .  1 ack 1                                 => ESTABLISHED ESTABLISHED
4 > P. 1(100) ack 1                            => ESTABLISHED ESTABLISHED
5 < P. 1(200) ack 101                          => ESTABLISHED ESTABLISHED
6 > .  101 ack 201                             => ESTABLISHED ESTABLISHED
7 > F. 101 ack 201                             => FIN-WAIT-1  CLOSE-WAIT
8 < F. 201 ack 102                             => TIME-WAIT   LAST-ACK
9 > .  102 ack 202                             => TIME-WAIT   CLOSED?

closer: client
finding: NAME frames 4 side client
`
