package explain

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Move is a change of one endpoint's state, with what proves it.
type Move struct {
	Side  fsm.Side
	From  fsm.State
	To    fsm.State
	Cause fsm.Cause
	Frame fsm.Frame
	Proof fsm.Frame // 0: nothing, unless the cause needs no proof
	Rule  string
}

// Certain reports whether the move needs no proof or has one.
func (m *Move) Certain() bool { return m.Cause != fsm.Received || m.Proof != 0 }

// movesAt returns the moves that the frame caused.
func movesAt(c *record.Connection, frame fsm.Frame) []Move {
	var out []Move
	for i := range c.Transitions {
		if t := &c.Transitions[i]; t.Frame == frame && t.Cause != fsm.Timer {
			out = append(out, moveOf(t))
		}
	}
	return out
}

func moveOf(t *fsm.Transition) Move {
	return Move{Side: t.Side, From: t.From, To: t.To, Cause: t.Cause, Frame: t.Frame, Proof: t.Proof, Rule: t.Rule()}
}
