package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// notes are what is written as comments on packets.
type notes map[fsm.Frame][]string

// maxNotes bounds the comments on one packet, maxNoted the packets that have any.
const (
	maxNotes = 16
	maxNoted = 1 << 20
)

// add takes a connection's findings, and the states behind the packets where they stand;
// not those of packets that have left.
func (n notes) add(c *record.Connection, left func(fsm.Frame) bool) {
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		text := fmt.Sprintf("tcpflow-states: connection %d: %s: %s: %s", c.ID, a.Severity, a.Name, a.Message)
		frames := slices.DeleteFunc(slices.Clone(a.Frames), left)
		for _, f := range frames {
			n.note(f, text)
		}
		for _, f := range frames {
			if states := statesAfter(c, f); states != "" {
				n.note(f, fmt.Sprintf("tcpflow-states: connection %d: after this packet %s", c.ID, states))
			}
		}
	}
}

func (n notes) note(f fsm.Frame, text string) {
	list, has := n[f]
	if f == 0 || len(list) >= maxNotes || slices.Contains(list, text) || !has && len(n) >= maxNoted {
		return
	}
	n[f] = append(list, text)
}

// comment adds what is noted of a packet to the comment that it has. Nothing is written
// twice of a packet, so its notes are forgotten.
func (n notes) comment(f fsm.Frame, comment string) string {
	for _, line := range n[f] {
		if strings.Contains(comment, line) { // the capture may be a file of ours
			continue
		}
		if comment != "" {
			comment += "\n"
		}
		comment += line
	}
	delete(n, f)
	return comment
}

// statesAfter writes the states of both sides behind a packet.
func statesAfter(c *record.Connection, f fsm.Frame) string {
	var text [2]string
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Frame <= f {
			text[t.Side] = t.To.String()
			if t.Proof == 0 {
				text[t.Side] += "?"
			}
		}
	}
	var list []string
	for side, state := range text {
		if state != "" {
			list = append(list, fsm.Side(side).String()+" "+state)
		}
	}
	return strings.Join(list, ", ")
}
