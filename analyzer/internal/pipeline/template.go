package pipeline

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// plain is a connection that is like others, for which no record of its own is
// made: that costs more than all its packets do.
type templated struct {
	conntrack.CleanSummary
	template *record.Connection // the record of the first of its shape
}

// mostLikes bounds the shapes of plain connections that a shard knows; what comes
// in more of them is judged one by one.
const maxTemplates = 256

// plain passes a plain connection on if one of its shape was judged before.
func (s *shard) useTemplate(c *conntrack.CleanSummary) bool {
	like := s.templates[c.Key]
	if like == nil {
		if len(s.templates) < maxTemplates {
			shape := c.Key
			s.learning = &shape
		}
		return false
	}
	s.batch.templated = append(s.batch.templated, templated{*c, like})
	return true
}

// record returns the record of the shape, made to look like p's own as far as
// sums and findings over the whole capture go.
func (p *templated) record() *record.Connection {
	c := p.template
	c.ID = p.ID
	c.Client = record.Addr{IP: p.Client.Addr(), Port: p.Client.Port}
	c.Server = record.Addr{IP: p.Server.Addr(), Port: p.Server.Port}
	c.First, c.Last = p.First, p.Last
	c.FirstFrame, c.LastFrame, c.Handshake.SYN = p.Frames[0], p.Frames[1], p.Frames[0]
	for side := range c.Traffic {
		c.Handshake.ISN[side] = p.ISN[side]
		c.Handshake.Options[side].TSVal = p.TSVal[side]
		c.Traffic[side].Bytes = p.Bytes[side]
	}
	return c
}
