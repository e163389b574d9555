package record

import (
	"slices"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// FINMayHaveWaited reports whether the FIN of a side may have waited behind data when the
// peer's came. If so, the side had closed before: it went from FIN-WAIT-1 to CLOSING and
// TIME-WAIT, where the transitions have CLOSE-WAIT, LAST-ACK and CLOSED.
func (c *Connection) FINMayHaveWaited(side fsm.Side) bool {
	return slices.ContainsFunc(c.Transitions, func(t fsm.Transition) bool {
		return t.Side == side && t.Event == fsm.SendFIN && !t.Certain()
	})
}
