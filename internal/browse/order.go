package browse

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// sortKey is what a list is ordered by.
type sortKey uint8

const (
	byTrouble sortKey = iota // failures first, then what is worst, then the time lost
	byID
	byTook
	byBytes
	byResent
	byRTT
	byRate
	byWait // since when somebody waits, the longest first
	numSortKeys
)

var sortNames = [numSortKeys]string{"trouble", "number", "duration", "bytes", "resent", "RTT", "rate", "wait"}

func (k sortKey) String() string { return sortNames[k%numSortKeys] }

// before compares two rows: below 0, a comes first.
func (k sortKey) before(a, b *Row) int {
	switch k {
	case byTrouble:
		return cmp.Or(cmp.Compare(b.gravity(), a.gravity()), cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.ID, b.ID))
	case byTook:
		return cmp.Or(cmp.Compare(b.Last-b.First, a.Last-a.First), cmp.Compare(a.ID, b.ID))
	case byBytes:
		return cmp.Or(cmp.Compare(b.Bytes[0]+b.Bytes[1], a.Bytes[0]+a.Bytes[1]), cmp.Compare(a.ID, b.ID))
	case byResent:
		return cmp.Or(cmp.Compare(b.Resent, a.Resent), cmp.Compare(a.ID, b.ID))
	case byRTT:
		return cmp.Or(cmp.Compare(b.RTT, a.RTT), cmp.Compare(a.ID, b.ID))
	case byRate:
		return cmp.Or(cmp.Compare(b.Rate, a.Rate), cmp.Compare(a.ID, b.ID))
	case byWait:
		return cmp.Or(cmp.Compare(b.found(), a.found()), compareWaits(a, b), cmp.Compare(a.ID, b.ID))
	}
	return cmp.Compare(a.ID, b.ID)
}

// compareWaits puts first what waits for longest; what is idle waits for nothing.
func compareWaits(a, b *Row) int {
	x, y := a.Waits != waitsForNothing, b.Waits != waitsForNothing
	switch {
	case x && !y:
		return -1
	case y && !x:
		return 1
	}
	return cmp.Compare(a.Since, b.Since)
}

// gravity ranks rows by how much a person should care.
func (w *Row) gravity() int {
	g := 0
	if w.verdict().Concern == record.ConcernTrouble {
		g = 1
	}
	if w.Worst > 0 && w.Severity >= record.SeverityWarning {
		g = int(w.Severity)
	}
	if w.failed() {
		return 10 + g
	}
	return g
}

// found ranks rows by their worst finding, and is 0 without any.
func (w *Row) found() int {
	if w.Worst == 0 {
		return 0
	}
	return 1 + int(w.Severity)
}

// choice is which rows a list shows, and in what order.
type choice struct {
	key     sortKey
	reverse bool

	open    bool            // the open ones, of a live capture; else those that have ended
	ids     map[uint64]bool // with a filter: the connections that it chose; else nil
	problem *record.Problem // only those that have it, or nil
}

// order is what a list shows: places in a table.
type order struct {
	t      *table
	choice choice
	list   []int32
}

// of returns the order of a table by a choice. It takes a while where rows are many, and is
// not for the screen's goroutine.
func (c choice) of(t *table, k *catalogue, live bool) *order {
	from, to := 0, t.len()
	if live && c.open {
		from = t.n
	} else if live {
		to = t.n
	}
	o := &order{t: t, choice: c, list: make([]int32, 0, to-from)}
	for i := from; i < to; i++ {
		if c.shows(t.at(i), k) && !(live && c.open && !t.at(i).Open) {
			o.list = append(o.list, int32(i))
		}
	}
	slices.SortFunc(o.list, func(a, b int32) int {
		n := c.key.before(t.at(int(a)), t.at(int(b)))
		if c.reverse {
			return -n
		}
		return n
	})
	return o
}

func (c *choice) shows(w *Row, k *catalogue) bool {
	if c.ids != nil && !c.ids[w.ID] {
		return false
	}
	return c.problem == nil || hasProblem(w, c.problem, k)
}

// hasProblem reports whether a connection is one of those that a problem is about.
func hasProblem(w *Row, x *record.Problem, k *catalogue) bool {
	if x.Server.IP.IsValid() && (w.Server.Addr() != x.Server.IP || x.Server.Port != 0 && w.Server.Port() != x.Server.Port) {
		return false
	}
	if x.Check != "" {
		place, known := k.place[x.Check]
		return known && w.Checks.has(place)
	}
	return w.verdict().Code == x.Verdict
}

// place returns where in the order a connection is, or -1.
func (o *order) place(id uint64) int {
	return slices.IndexFunc(o.list, func(i int32) bool { return o.t.at(int(i)).ID == id })
}

// row returns the row at a place of the order, nil beyond its ends.
func (o *order) row(i int) *Row {
	if o == nil || i < 0 || i >= len(o.list) {
		return nil
	}
	return o.t.at(int(o.list[i]))
}

// find returns the next place, from one on and around, whose row has the text; -1 for none.
func (o *order) find(text string, from, step int, k *catalogue) int {
	text = strings.ToLower(text)
	n := len(o.list)
	for i := range n {
		at := ((from+i*step)%n + n) % n
		if strings.Contains(strings.ToLower(o.row(at).words(k)), text) {
			return at
		}
	}
	return -1
}

// words is what can be searched for in a row.
func (w *Row) words(k *catalogue) string {
	text := w.Client.String() + " " + w.Server.String() + " " + w.Service + " " + w.what(k) + " " + string(w.verdict().Code) +
		" " + w.State[0].State.String() + " " + w.State[1].State.String() + " " + w.Waits.String()
	for i := range k.docs {
		if w.Checks.has(i) {
			text += " " + string(k.docs[i].Name)
		}
	}
	return text
}
