package kernelscore

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// Write prints the score as a Markdown table, by scenario if asked for, and
// what the analyzer got wrong below it.
func (s *Score) Write(w io.Writer, byScenario bool) {
	total := s.Total()
	fmt.Fprintf(w, "%d connections in %d plays.\n\n", total.Connections, s.Plays)
	head := []string{"scenario", "seen from", "endpoints", "states right", "undecided", "wrong", "resent", "named", "hidden", "named rightly",
		"called out-of-order", "kind right", "resets right"}
	if s.Tshark {
		head = append(head, "tshark: named", "named rightly", "called out-of-order")
	}
	rows := [][]string{head}
	if byScenario {
		slices.SortFunc(s.Rows, func(a, b *Row) int { return strings.Compare(a.Scenario, b.Scenario) })
		for _, r := range s.Rows {
			rows = append(rows, s.cells(r)...)
		}
	}
	rows = append(rows, s.cells(total)...)
	markdown.Table(w, rows)
	d := &s.Doubled
	fmt.Fprintf(w, "\nDoubled captures: %d frames shown twice, %d of them counted; %d of %d connections have the same states, findings and retransmissions as without them, %d the same counts too.\n",
		d.Frames, d.Counted, d.Same, d.Connections, d.SameCounts)
}

// cells are the rows of one scenario, one for each place.
func (s *Score) cells(r *Row) (rows [][]string) {
	for p := range r.At {
		t := &r.At[p]
		if t.Endpoints == 0 {
			continue
		}
		row := []string{r.Scenario, Place(p).String(), fmt.Sprint(t.Endpoints),
			share(t.Right, t.Endpoints), count(t.Undecided), count(t.Wrong),
			count(t.Resent), share(t.Named, t.Resent), hidden(t), share(t.Named, t.Named+t.False), count(t.OutOfOrder),
			share(t.KindsRight, t.Kinds), share(t.ResetsRight, t.Resets)}
		if s.Tshark {
			row = append(row, share(t.TsharkNamed, t.Resent), share(t.TsharkNamed, t.TsharkNamed+t.TsharkFalse), count(t.TsharkOutOfOrder))
		}
		rows = append(rows, row)
	}
	return rows
}

// share writes a part of a whole in per cent with the numbers behind it.
func share(n, of int) string {
	if of == 0 {
		return "–"
	}
	if n == of {
		return fmt.Sprintf("100 %% (%d)", n)
	}
	// Never rounded up to 100.
	return fmt.Sprintf("%.1f %% (%d/%d)", float64(int(float64(n)/float64(of)*1000))/10, n, of)
}

// hidden writes how many retransmissions no observer at that place could tell.
func hidden(t *Tally) string {
	if t.HiddenNamed > 0 {
		return fmt.Sprintf("%d, %d named", t.Hidden, t.HiddenNamed)
	}
	return count(t.Hidden)
}

func count(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
