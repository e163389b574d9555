package kernelscore

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// WriteSummary prints the sums as a Markdown table that has the places side by
// side, and tshark's figures beside ours.
func (s *Score) WriteSummary(w io.Writer) {
	total := s.Total()
	rows := [][]string{{fmt.Sprintf("%d connections", total.Connections), OwnSide.String(), FarSide.String(), Between.String()}}
	line := func(what string, cell func(*Tally) string) {
		row := []string{what}
		for p := range total.At {
			row = append(row, cell(&total.At[p]))
		}
		rows = append(rows, row)
	}
	line("endpoints whose states are the kernel's", func(t *Tally) string { return share(t.Right, t.Endpoints) })
	line("… undecided, and said to be", func(t *Tally) string { return count(t.Undecided) })
	line("… wrong", func(t *Tally) string { return count(t.Wrong) })
	line("retransmissions named", func(t *Tally) string { return share(t.Named, t.Resent) })
	if s.Tshark {
		line("… by tshark", func(t *Tally) string { return share(t.TsharkNamed, t.Resent) })
	}
	line("… called out-of-order", func(t *Tally) string { return count(t.OutOfOrder) })
	if s.Tshark {
		line("… by tshark", func(t *Tally) string { return count(t.TsharkOutOfOrder) })
	}
	line("named retransmissions that are such", func(t *Tally) string { return share(t.Named, t.Named+t.False) })
	if s.Tshark {
		line("… by tshark", func(t *Tally) string { return share(t.TsharkNamed, t.TsharkNamed+t.TsharkFalse) })
	}
	line("further ones, which nothing there shows", hidden)
	line("kinds that are the kernel's", func(t *Tally) string { return share(t.KindsRight, t.Kinds) })
	line("resets accepted or ignored as by the kernel", func(t *Tally) string { return share(t.ResetsRight, t.Resets) })
	markdown.Table(w, rows)
	d := &s.Doubled
	fmt.Fprintf(w, "\nOn the router's captures %d frames show twice; %s of the connections have the same states,\nfindings and retransmissions as without the second sights.\n",
		d.Frames, share(d.Same, d.Connections))
}

// WriteFamilies prints the retransmissions at the senders' own sides by IP version.
func (s *Score) WriteFamilies(w io.Writer) {
	rows := [][]string{{"", "endpoints", "states right", "resent", "named", "named rightly", "kind right"}}
	for _, name := range slices.Sorted(maps.Keys(s.Families)) {
		t := s.Families[name]
		rows = append(rows, []string{name, count(t.Endpoints), share(t.Right, t.Endpoints), count(t.Resent), share(t.Named, t.Resent),
			share(t.Named, t.Named+t.False), share(t.KindsRight, t.Kinds)})
	}
	markdown.Table(w, rows)
}

// UpdateReadme puts the summary into a Markdown file, between <!-- score --> and
// <!-- end -->.
func (s *Score) UpdateReadme(file string) error {
	return markdown.Put(file, "score", s.WriteSummary)
}
