package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// share is one of the things that a connection's time went to.
type share struct {
	cause   record.SpentCause
	side    string
	seconds float64
}

// shares returns what a connection's time went to, the most first.
func shares(s *record.Spent) []share {
	list := []share{
		{record.SpentHandshake, "", s.Handshake}, {record.SpentNetwork, "", s.Network},
		{record.SpentIdle, "", s.Idle}, {record.SpentClose, "", s.Close},
	}
	for side := fsm.Client; side <= fsm.Server; side++ {
		name := side.String()
		list = append(list, share{record.SpentApp, name, s.App[side]}, share{record.SpentWindow, name, s.Window[side]}, share{record.SpentLoss, name, s.Loss[side]})
	}
	list = slices.DeleteFunc(list, func(x share) bool { return x.seconds <= 0 })
	slices.SortStableFunc(list, func(a, b share) int { return cmp.Compare(b.seconds, a.seconds) })
	return list
}

// words says what the time went to.
func (x *share) words() string {
	switch x.cause {
	case record.SpentApp:
		return "the " + x.side + "'s application"
	case record.SpentWindow:
		return "the " + x.side + "'s receive window"
	case record.SpentLoss:
		return "loss (" + x.side + " to " + otherSide(x.side) + ")"
	case record.SpentHandshake:
		return "the handshake"
	case record.SpentNetwork:
		return "the network"
	case record.SpentClose:
		return "the close"
	}
	return "idle time"
}

func otherSide(side string) string {
	if side == fsm.Client.String() {
		return fsm.Server.String()
	}
	return fsm.Client.String()
}

// spentText says what a connection's time went to, with the longest span of what took
// the most; "" where it is not known, or there was none.
func (p *page) spentText(c *record.Connection) string {
	total := c.Spent.Total()
	var parts []string
	var rest float64
	for i, x := range shares(&c.Spent) {
		percent := 100 * x.seconds / total
		if i > 0 && percent < 1 {
			rest += x.seconds
			continue
		}
		text := x.words() + " " + phrase.Duration(x.seconds) + " (" + phrase.Percent(x.seconds/total)
		if i == 0 {
			text += p.longestText(&c.Spent, &x)
		}
		parts = append(parts, text+")")
	}
	if rest > 0 {
		parts = append(parts, "others "+phrase.Duration(rest))
	}
	return strings.Join(parts, ", ")
}

// longestText names the longest span of a share, unless it is nearly all of it.
func (p *page) longestText(s *record.Spent, x *share) string {
	for i := range s.Longest {
		l := &s.Longest[i]
		if l.Cause != x.cause || l.Side != x.side || l.From == 0 {
			continue
		}
		longest := ""
		if l.Seconds < 0.995*x.seconds {
			longest = "longest " + phrase.Duration(l.Seconds) + ", "
		}
		return "; " + longest + p.frameSpan(l.From, l.To)
	}
	return ""
}
