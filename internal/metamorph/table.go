package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// row is what became of all captures under one transformation.
type row struct {
	of       *transformation
	captures int
	with     [numFields]int // captures with a difference in each field
	grave    int            // captures with a new warning or error
	which    []string       // captures with any difference
	stories  []string
	changed  []*trace // the first variant of each that differs
}

// add adds a capture with its differences.
func (r *row) add(file string, all []difference) {
	r.captures++
	if len(all) == 0 {
		return
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".pcap")
	r.which = append(r.which, name)
	var seen [numFields]bool
	grave := false
	var lines []string
	for _, d := range all {
		seen[d.in] = true
		grave = grave || d.grave
		text := d.text
		if d.variant != "" {
			text = d.variant + ": " + text
		}
		lines = append(lines, "    "+text)
	}
	for i, s := range seen {
		if s {
			r.with[i]++
		}
	}
	if grave {
		r.grave++
	}
	slices.Sort(lines)
	r.stories = append(r.stories, "  "+name, strings.Join(lines, "\n"))
}

// writeTable writes the rows as a Markdown table: of how many captures anything
// changed, and what.
func writeTable(w io.Writer, rows []*row) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| transformation\t| captures\t| changed\t| connections\t| states\t| retransmissions\t| findings new\t| warnings, errors new\t| findings lost\t| verdict\t| which\t|")
	fmt.Fprintln(t, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
	for _, r := range rows {
		which := r.which
		if len(which) > 3 {
			which = append(slices.Clone(which[:3]), "…")
		}
		fmt.Fprintf(t, "| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %s\t|\n", r.of.name, r.captures, len(r.which),
			r.with[inConnections], r.with[inStates], r.with[inResent], r.with[inFindings], r.grave, r.with[inLost], r.with[inVerdict], strings.Join(which, " "))
	}
	t.Flush()
}

// tell writes all differences.
func (r *row) tell(w io.Writer) {
	if len(r.stories) > 0 {
		fmt.Fprintf(w, "\n%s:\n%s\n", r.of.name, strings.Join(r.stories, "\n"))
	}
}

// keep writes the captures that differ into a directory.
func (r *row) keep(dir string) error {
	for _, t := range r.changed {
		if err := t.write(dir, r.of.name); err != nil {
			return err
		}
	}
	return nil
}
