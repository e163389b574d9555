package kernelscore

import (
	"fmt"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// Place says from where a capture looks at an endpoint.
type Place int

// The places.
const (
	OwnSide Place = iota // the endpoint's own capture
	FarSide              // its peer's
	Between              // the router's, which has each forwarded packet twice
	numPlaces
)

// String names the place as the table does.
func (p Place) String() string { return [...]string{"own side", "far side", "router, any"}[p] }

// Tally counts what was right from one place.
type Tally struct {
	Endpoints int // whose states were compared
	Right     int
	Undecided int // the record says itself that it is not proved
	Wrong     int

	Resent      int // frames that are retransmissions
	Named       int // of them, called one
	OutOfOrder  int // of them, called out-of-order
	False       int // other frames called retransmissions
	Hidden      int // retransmissions, not in Resent, that nothing in the capture shows to be such
	HiddenNamed int // of them, called one all the same

	Kinds      int // resent frames whose kind the kernel's congestion state tells
	KindsRight int
	KindsWrong int // another kind named; the rest was called unknown

	Resets      int // RSTs that reached a socket
	ResetsRight int

	TsharkNamed, TsharkOutOfOrder, TsharkFalse int
}

// add sums two tallies.
func (a *Tally) add(b *Tally) {
	a.Endpoints += b.Endpoints
	a.Right += b.Right
	a.Undecided += b.Undecided
	a.Wrong += b.Wrong
	a.Resent += b.Resent
	a.Hidden += b.Hidden
	a.HiddenNamed += b.HiddenNamed
	a.Named += b.Named
	a.OutOfOrder += b.OutOfOrder
	a.False += b.False
	a.Kinds += b.Kinds
	a.KindsRight += b.KindsRight
	a.KindsWrong += b.KindsWrong
	a.Resets += b.Resets
	a.ResetsRight += b.ResetsRight
	a.TsharkNamed += b.TsharkNamed
	a.TsharkOutOfOrder += b.TsharkOutOfOrder
	a.TsharkFalse += b.TsharkFalse
}

// Row is one scenario's tallies.
type Row struct {
	Scenario    string
	Connections int
	At          [numPlaces]Tally
}

// Score is the result over any number of plays.
type Score struct {
	Rows       []*Row
	Plays      int
	Tshark     bool
	Mismatches []string // where the analyzer and the truth differ, one line each
	Doubts     []string // where the truth itself is not whole

	Doubled Doubled

	Families map[string]*Tally // at the own side, by IP version
	Causes   Causes
}

// row returns the row of a scenario.
func (s *Score) row(name string) *Row {
	for _, r := range s.Rows {
		if r.Scenario == name {
			return r
		}
	}
	r := &Row{Scenario: name}
	s.Rows = append(s.Rows, r)
	return r
}

// family returns the tally of a connection's IP version.
func (s *Score) family(c *lab.Connection) *Tally {
	name := lab.IPv4.String()
	if c.Client.Addr().Is6() {
		name = lab.IPv6.String()
	}
	if s.Families == nil {
		s.Families = make(map[string]*Tally)
	}
	if s.Families[name] == nil {
		s.Families[name] = new(Tally)
	}
	return s.Families[name]
}

// Total sums all rows.
func (s *Score) Total() *Row {
	t := &Row{Scenario: "all"}
	for _, r := range s.Rows {
		t.Connections += r.Connections
		for p := range t.At {
			t.At[p].add(&r.At[p])
		}
	}
	return t
}

// Add scores one recording, named by its truth file.
func (s *Score) Add(file string) error {
	p, err := open(file)
	if err != nil {
		return err
	}
	s.Plays++
	for i, c := range p.truth.Connections {
		name := c.Scenario
		if name == "" {
			name = p.truth.Scenario
		}
		row := s.row(name)
		row.Connections++
		where := fmt.Sprintf("%s: %s (%v > %v #%d)", file, name, c.Client, c.Server, c.Incarnation)
		for _, client := range []bool{true, false} {
			home := p.views[lab.AtServer]
			if client {
				home = p.views[lab.AtClient]
			}
			if home == nil || client && c.ByHand {
				continue
			}
			own := home.talks[i]
			s.doubtKinds(where, own, client)
			for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtRouter} {
				v := p.views[at]
				if v == nil || len(v.talks[i].frames) == 0 {
					continue // nothing of it was ever there
				}
				place := FarSide
				switch at {
				case home.at:
					place = OwnSide
				case lab.AtRouter:
					place = Between
				}
				var one Tally
				s.compare(&one, v, v.talks[i], home, own, client, fmt.Sprintf("%s, %s at %s's: ", where, endName(client), at))
				row.At[place].add(&one)
				if place == OwnSide {
					s.family(c).add(&one)
				}
			}
		}
	}
	if err := s.Causes.add(p); err != nil {
		return err
	}
	for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtRouter} {
		if v := p.views[at]; v != nil {
			s.Tshark = s.Tshark || v.tshark != nil
			for _, t := range v.talks {
				for _, r := range t.extra {
					s.mismatch("%s at %s: a connection too many, from frame %d (%v > %v)", file, at, r.FirstFrame.Number(), t.conn.Client, t.conn.Server)
				}
			}
			for _, r := range v.stray {
				s.mismatch("%s at %s: a connection that was none, from frame %d", file, at, r.FirstFrame.Number())
			}
		}
	}
	if v := p.views[lab.AtRouter]; v != nil {
		return s.compareDoubled(v)
	}
	return nil
}

func endName(client bool) string {
	if client {
		return "client"
	}
	return "server"
}

func (s *Score) mismatch(format string, args ...any) {
	s.Mismatches = append(s.Mismatches, fmt.Sprintf(format, args...))
}

// compare scores one endpoint of one connection at one place.
func (s *Score) compare(to *Tally, v *view, t *talk, home *view, own *talk, client bool, where string) {
	addr, _ := own.end(client)
	to.Endpoints++
	switch o, what := t.compareStates(own, client); o {
	case right:
		to.Right++
	case undecided:
		to.Undecided++
		s.mismatch("%sundecided states: %s", where, what)
	default:
		to.Wrong++
		s.mismatch("%swrong states: %s", where, what)
	}
	for _, f := range t.frames {
		if f.from != addr || f.leaving {
			continue
		}
		if t != own && f.origin == nil {
			if f.time.Before(home.last) { // else the sender's capture had ended
				s.Doubts = append(s.Doubts, fmt.Sprintf("%sframe %d is not in its sender's capture", where, f.number))
			}
			continue
		}
		s.compareFrame(to, v, t, own, f, where)
	}
	if t == own {
		total, good, faults := t.resets(client)
		to.Resets += total
		to.ResetsRight += good
		for _, what := range faults {
			s.mismatch("%s%s", where, what)
		}
	}
}

// compareFrame scores what is said of one frame.
func (s *Score) compareFrame(to *Tally, v *view, t, own *talk, f *frame, where string) {
	truth := f
	if t != own {
		truth = f.origin
	}
	labels := v.labels[f.number]
	named, tshark := namesRetransmission(labels), v.tshark[f.number]
	if !truth.resent || f.copied {
		if named {
			to.False++
			s.mismatch("%sframe %d is called %v and is no retransmission%s", where, f.number, labels, copyNote(f))
		}
		if tshark.retransmission {
			to.TsharkFalse++
		}
		return
	}
	if f.hidden {
		to.Hidden++
		if named {
			to.HiddenNamed++
		}
		return
	}
	to.Resent++
	if named {
		to.Named++
	} else {
		s.mismatch("%sframe %d (%s seq %d len %d) is a retransmission, called %v", where, f.number, f.segment.Flags, f.segment.Seq, f.segment.Len, labels)
	}
	if slices.Contains(labels, record.LabelOutOfOrder) {
		to.OutOfOrder++
	}
	if tshark.retransmission {
		to.TsharkNamed++
	}
	if tshark.outOfOrder {
		to.TsharkOutOfOrder++
	}
	if truth.kind == Unreported || truth.kind == Handshake || f.segment.Len == 0 && f.segment.Flags.Has(fsm.FIN) && kindNamed(labels) == Unreported {
		return
	}
	to.Kinds++
	switch named := kindNamed(labels); {
	case truth.kind.agrees(named):
		to.KindsRight++
	case named == Unreported:
		s.mismatch("%sframe %d is of kind %s, called %v", where, f.number, truth.kind, labels)
	default:
		to.KindsWrong++
		s.mismatch("%sframe %d is of kind %s, called %v", where, f.number, truth.kind, labels)
	}
}

func copyNote(f *frame) string {
	if f.copied {
		return " but a copy that the network made"
	}
	return ""
}

// doubtKinds checks the two truths of resending against each other: each resent
// frame must have its report, and each report its frame.
func (s *Score) doubtKinds(where string, own *talk, client bool) {
	addr, said := own.end(client)
	frames := 0
	for _, f := range own.frames {
		if f.from == addr && f.resent && !f.shared {
			frames++
			if f.kind == Unreported {
				s.Doubts = append(s.Doubts, fmt.Sprintf("%s, %s: frame %d repeats, but the kernel reports nothing", where, endName(client), f.number))
			}
		}
	}
	if n := len(said.Retransmissions); n != frames {
		s.Doubts = append(s.Doubts, fmt.Sprintf("%s, %s: the kernel reports %d retransmissions, the capture has %d", where, endName(client), n, frames))
	}
}
