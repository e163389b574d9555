package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Transition returns side's first transition that fits, or nil.
func (f *Flow) Transition(side fsm.Side, fits func(*fsm.Transition) bool) *fsm.Transition {
	for i := range f.Conn.Transitions {
		if t := &f.Conn.Transitions[i]; t.Side == side && fits(t) {
			return t
		}
	}
	return nil
}

// FIN returns the transition with which side sent its FIN, or nil.
func (f *Flow) FIN(side fsm.Side) *fsm.Transition {
	return f.Transition(side, func(t *fsm.Transition) bool { return t.Event == fsm.SendFIN })
}
