package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Notice is what is told of a finding while its connection is open: as far as is known by
// then. The record that is made when the connection has ended says what is true with
// hindsight.
type Notice struct {
	Connection uint64 // the connection's ID
	Client     Addr
	Server     Addr
	State      NoticeState
	At         fsm.Time // capture time at which it was so
	Since      fsm.Time // since when it has lasted; 0 for what happened and does not last
	Until      fsm.Time // with NoticeOver: when it was over, as far as was seen; else 0
	Ended      bool     // with NoticeOver: it is over because the record of the connection ends
	Anomaly    Anomaly  // as it was when it was found; with NoticeGoesOn, as it is now
}

// NoticeState says what is told.
type NoticeState uint8

// The states. Each finding is told once as NoticeFound, and after that once as NoticeOver.
const (
	NoticeFound  NoticeState = iota // it was found
	NoticeOver                      // it is over, or its connection is
	NoticeGoesOn                    // somebody asked: it goes on
)

// Lasted returns how long it has lasted, or had when it was over, in seconds; below 0 for
// what does not last.
func (n *Notice) Lasted() float64 {
	switch {
	case n.Since == 0:
		return -1
	case n.State == NoticeOver:
		return max(0, n.Until-n.Since).Seconds(0)
	}
	return max(0, n.At-n.Since).Seconds(0)
}
