package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// results are those of all matches, in their order.
type results []*Result

// find returns the result of the kind in a group with the fewest or the most
// packets, or nil.
func (all results) find(group, kind string, most bool) (found *Result) {
	for _, r := range all {
		if r.group == group && r.kind == kind && (found == nil || most && r.n > found.n || !most && r.n < found.n) {
			found = r
		}
	}
	return found
}

func (all results) in(group string) (list results) {
	for _, r := range all {
		if r.group == group {
			list = append(list, r)
		}
	}
	return list
}

// hopeless says why a match need not be tried: a shorter trace of its kind was
// too much already.
func (all results) hopeless(m *match) string {
	if m.group != single {
		return ""
	}
	for _, r := range all {
		if r.group == single && r.kind == m.kind && r.n < m.n && (r.Note != "" || r.row(ours(jsonSummary)).exceeded()) {
			return fmt.Sprintf("not tried: %d packets were too many", r.n)
		}
	}
	return ""
}

// write prints what there is to print of a group when its last result, or one
// that has a table of its own, is there.
func (all results) write(w io.Writer, group string, last *Result) {
	switch group {
	case generated:
		last.write(w)
	case real:
		fmt.Fprintf(w, "### Captures of real programs\n\nNone of these is generated. Each cell has the time to tcpdump's, and the peak memory.\n\n")
		all.in(group).table(w, true)
		for _, r := range all.in(group) {
			if r.File != nil && r.File.Made != "" {
				fmt.Fprintf(w, "- **%s**: %s\n", r.kind, r.File.Made)
			}
		}
		fmt.Fprintln(w)
	case floods:
		fmt.Fprintf(w, "### Floods and scans\n\nGenerated. Each cell has the time to tcpdump's, and the peak memory.\n\n")
		all.in(group).table(w, false)
	case single:
		fmt.Fprintf(w, "### One connection\n\nGenerated: a handshake, and then so many packets. Each cell has the time to tcpdump's, and the peak memory;\ngrowth is time per packet of the longest to the shortest, of what ended.\n\n")
		all.in(group).growthTable(w)
	}
	for _, r := range all.in(group) {
		for _, s := range r.Remarks {
			fmt.Fprintf(w, "- wrong answer: %s\n", s)
		}
	}
}

// cell is how a tool did, in few characters.
func (r *Result) cell(name string) string {
	row := r.row(name)
	switch {
	case r != nil && r.Note != "":
		return "not tried"
	case row == nil:
		return ""
	case !row.measured():
		return row.Note
	}
	x, _ := r.times(name)
	return fmt.Sprintf("%s, %s", ratio(x), memory(row.memory()))
}

// ratio has no more digits than mean something.
func ratio(x float64) string {
	if x >= 100 {
		return fmt.Sprintf("%.0f ×", x)
	}
	return fmt.Sprintf("%.*f ×", 2-min(int(x/10), 1), x)
}

// names are the tools of ours that any of the results has.
func (all results) names() (list []string) {
	for _, r := range all {
		for _, row := range r.Rows {
			if strings.HasPrefix(row.Name, "ours, ") && !slices.Contains(list, row.Name) {
				list = append(list, row.Name)
			}
		}
	}
	return list
}

// table prints a line for each result and a column for each mode.
func (all results) table(w io.Writer, connections bool) {
	names := all.names()
	head := []string{"", "", "packets", "size", "tcpdump"}
	if connections {
		head = []string{"", "", "packets", "bytes a packet", "tcpdump"}
	}
	for _, n := range names {
		head = append(head, strings.TrimPrefix(n, "ours, "))
	}
	rows := [][]string{head}
	for _, r := range all {
		row := []string{r.kind, r.Title}
		if r.Note != "" {
			row = append(row, r.Note)
			rows = append(rows, append(row, make([]string, len(head)-len(row))...))
			continue
		}
		size := memory(r.File.Size)
		if connections {
			size = fmt.Sprint(r.File.perPacket())
		}
		row = append(row, fmt.Sprint(r.File.Packets), size, r.base())
		for _, n := range names {
			row = append(row, r.cell(n))
		}
		rows = append(rows, row)
	}
	markdown.Table(w, rows)
	fmt.Fprintln(w)
}

func (r *Result) base() string {
	if row := r.row(reference); row.measured() {
		return seconds(row.median())
	}
	return "–"
}

// growthTable prints a line for each kind: the lengths side by side, and by how
// much the time per packet grows.
func (all results) growthTable(w io.Writer) {
	summary := ours(jsonSummary)
	var kinds []string
	var lengths []int
	for _, r := range all {
		if !slices.Contains(kinds, r.kind) {
			kinds = append(kinds, r.kind)
		}
		if !slices.Contains(lengths, r.n) {
			lengths = append(lengths, r.n)
		}
	}
	slices.Sort(lengths)
	head := []string{"", ""}
	for _, n := range lengths {
		head = append(head, fmt.Sprintf("JSON summary, %d", n))
	}
	head = append(head, "growth")
	var others []string
	for _, n := range all.names() {
		if n != summary {
			others = append(others, n)
			head = append(head, strings.TrimPrefix(n, "ours, "))
		}
	}
	rows := [][]string{head}
	for _, k := range kinds {
		one := all.only(k)
		row := []string{k, one[0].Title}
		for _, n := range lengths {
			row = append(row, one.of(n).cell(summary))
		}
		row = append(row, one.growth(summary))
		for _, n := range others {
			row = append(row, one[len(one)-1].cell(n))
		}
		rows = append(rows, row)
	}
	markdown.Table(w, rows)
	fmt.Fprintln(w)
}

// only returns the results of one kind, the shortest first.
func (all results) only(kind string) (list results) {
	for _, r := range all {
		if r.kind == kind {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Result) int { return a.n - b.n })
	return list
}

// of returns the result with so many packets, or nil.
func (all results) of(n int) *Result {
	for _, r := range all {
		if r.n == n {
			return r
		}
	}
	return nil
}

// growth is time per packet of the longest to the shortest, of what was measured.
func (all results) growth(name string) string {
	var first, last *Row
	for _, r := range all {
		if row := r.row(name); row.measured() {
			if first == nil {
				first = row
			}
			last = row
		}
	}
	if first == last {
		return "–"
	}
	return ratio(last.perPacket() / first.perPacket())
}
