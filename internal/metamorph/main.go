// Metamorph analyses captures and the same captures changed in ways that must
// not change what is said of the connections: cut by a snap length, one
// direction stamped late, every frame doubled by a mirror, IP identification
// cleared, VLAN tags added, begun late, ended early. It counts the captures of
// which something else is said afterwards.
//
//	metamorph [-v] [-only NAME] [-keep DIR] [-all] [CAPTURE…]
//
// Without captures it takes every second client-side one of
// testdata/pcaps/kernel. It is run in the project's root.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const usage = `usage: metamorph [-v] [-only NAME] [-keep DIR] [-all] [CAPTURE…]`

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	flags := flag.NewFlagSet("metamorph", flag.ContinueOnError)
	verbose := flags.Bool("v", false, "tell the differences")
	only := flags.String("only", "", "only the transformations whose name contains this")
	keep := flags.String("keep", "", "write the captures that made a difference into this directory, as they were analysed")
	all := flags.Bool("all", false, "all client-side captures, not every second one")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	files := flags.Args()
	if len(files) == 0 {
		step := 2
		if *all {
			step = 1
		}
		var err error
		if files, err = baseSet("testdata/pcaps/kernel", step); err != nil {
			fmt.Fprintln(os.Stderr, "metamorph: error:", err)
			return 3
		}
	}
	var rows []*row
	for _, t := range transformations() {
		if strings.Contains(t.name, *only) {
			rows = append(rows, &row{of: t})
		}
	}
	if len(rows) == 0 {
		fmt.Fprintf(os.Stderr, "metamorph: error: no transformation's name contains %q\n%s\n", *only, usage)
		return 2
	}
	for _, file := range files {
		err := apply(file, rows)
		if err != nil {
			fmt.Fprintln(os.Stderr, "metamorph: error:", err)
			return 3
		}
	}
	writeTable(os.Stdout, rows)
	for _, r := range rows {
		if *verbose {
			r.tell(os.Stdout)
		}
		if *keep != "" {
			if err := r.keep(*keep); err != nil {
				fmt.Fprintln(os.Stderr, "metamorph: error:", err)
				return 3
			}
		}
	}
	return 0
}

// baseSet returns every step-th client-side capture of a directory, by name. Those of
// Multipath TCP with several subflows are left out: what is said of them rests on options that
// the shorter cuts take away, and a DATA_FIN sent again differs from a copy by nothing but
// the identification.
func baseSet(dir string, step int) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.client.pcap"))
	if err == nil && len(files) == 0 {
		err = errors.New("no client-side captures")
	}
	if err != nil {
		return nil, fmt.Errorf("directory %q: %w", dir, err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasPrefix(filepath.Base(name), "mptcp-") })
	slices.Sort(files)
	var out []string
	for i := 0; i < len(files); i += step {
		out = append(out, files[i])
	}
	return out, nil
}

// apply runs the transformations on one capture and adds to their rows what it
// changed. A capture with several variants of a transformation counts once.
func apply(file string, rows []*row) error {
	whole, err := readFile(file)
	if err != nil {
		return err
	}
	before, err := whole.analyse()
	if err != nil {
		return fmt.Errorf("capture %q: %w", file, err)
	}
	whole.orient(before)
	for _, r := range rows {
		from, said := whole, describe(before)
		if r.of.from != nil {
			from = r.of.from(whole)
			report, err := from.analyse()
			if err != nil {
				return fmt.Errorf("capture %q: %w", file, err)
			}
			said = describe(report)
		}
		var all []difference
		changed := false
		for _, variant := range r.of.make(from) {
			after, err := variant.analyse()
			if err != nil {
				return fmt.Errorf("capture %q, %s: %w", file, r.of.name, err)
			}
			found := r.of.compare(said, describe(after))
			for i := range found {
				found[i].variant = variant.name
			}
			all = append(all, found...)
			if len(found) > 0 && !changed {
				changed = true
				r.changed = append(r.changed, variant)
			}
		}
		r.add(file, all)
	}
	return nil
}
