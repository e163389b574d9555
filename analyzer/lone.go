package analyzer

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// lone is a connection of one SYN, for which no record of its own is made: that
// costs twenty times what the packet does, and a flood has millions.
type lone struct {
	flow.Lone
	like *record.Connection // the record of the first of its shape
}

// mostLikes bounds the shapes of lone SYNs that a shard knows; what comes in more
// of them is judged one by one.
const mostLikes = 256

// lone passes a lone SYN on if one of its shape was judged before.
func (s *shard) lone(l *flow.Lone) bool {
	like := s.likes[l.Shape]
	if like == nil {
		if len(s.likes) < mostLikes {
			s.learning = &l.Shape
		}
		return false
	}
	s.part.lones = append(s.part.lones, lone{*l, like})
	return true
}

// record returns the record of the shape, made to look like l's own as far as
// sums and findings over the whole capture go.
func (l *lone) record() *record.Connection {
	c := l.like
	c.ID = l.ID
	c.Client = record.Addr{IP: l.Client.Addr(), Port: l.Client.Port}
	c.Server = record.Addr{IP: l.Server.Addr(), Port: l.Server.Port}
	c.First, c.Last = l.Time, l.Time
	c.FirstFrame, c.LastFrame, c.Handshake.SYN = l.Frame, l.Frame, l.Frame
	c.Handshake.ISN[fsm.Client] = l.ISN
	c.Handshake.Options[fsm.Client].TSVal = l.TSVal
	return c
}
