package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Lone is a connection of which nothing was captured but one ordinary SYN. A
// flood is made of them, and for who only counts, they differ in their Shape.
type Lone struct {
	ID             uint64 // in its table
	Client, Server decode.Endpoint
	Time           fsm.Time
	Frame          fsm.Frame
	ISN            fsm.Seq
	TSVal          uint32
	Shape          LoneShape
}

// LoneShape is all of a lone SYN that verdicts and checks can depend on, but for
// the values that they only print.
type LoneShape struct {
	flags                          fsm.Flags
	opts                           fsm.OptionSet
	scale                          uint8
	checksum                       decode.Checksum
	mss, window, ack, tsVal, tsEcr bool // not 0
	isn, clientPort, serverPort    bool
	evicted                        bool
	watched                        bool // for a second or more
}

// lone describes the connection at a place of the nursery, if it is one.
func (t *Table) lone(i uint32, evicted bool) (l Lone, is bool) {
	n := t.nursery.nascents.at(i)
	if n.held != 1 {
		return l, false
	}
	b := t.nursery.segments.at(n.first)
	return Lone{
		ID: n.id, Client: n.client, Server: n.server, Time: b.time, Frame: b.frame, ISN: b.seq, TSVal: b.tsVal,
		Shape: LoneShape{
			flags: b.flags, opts: b.opts, scale: b.scale, checksum: b.checksum,
			mss: b.mss != 0, window: b.window != 0, ack: b.ack != 0, tsVal: b.tsVal != 0, tsEcr: b.tsEcr != 0,
			isn: b.seq != 0, clientPort: n.client.Port != 0, serverPort: n.server.Port != 0,
			evicted: evicted, watched: t.now-b.time >= fsm.Second,
		},
	}, true
}
