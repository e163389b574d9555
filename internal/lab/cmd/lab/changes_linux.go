package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// wanted are the measures of which one must be named first where so much is changed; none
// where nothing is.
var wanted = map[string][]change.Measure{
	"nothing":     nil,
	"loss":        {change.ServerResent, change.ClientResent},
	"slow-server": {change.Answer},
	"resets":      {change.Failed},
	"window":      {change.ClientWindow},
}

// changes plays pairs of captures, before and after, that differ in one thing or in none, and
// counts how often compare names it first.
func changes(args []string) int {
	flags := flag.NewFlagSet("changes", flag.ContinueOnError)
	out := flags.String("out", "", "directory for the captures; they are not kept without")
	readme := flags.String("readme", "", "a Markdown file to put the counts into")
	pairs := flags.Int("pairs", 20, "pairs of each kind")
	seed := flags.Uint64("seed", 1, "seed of the losses")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	ctx, dir, end, code := begin(*out, "tcplab-changes-")
	if code != 0 {
		return code
	}
	defer end()
	counts := map[string]*changeCount{}
	for n := range *pairs { // all kinds in turn: what else the machine does is then the same for each
		for _, play := range lab.ChangePlays {
			c := counts[play.Name]
			if c == nil {
				c = &changeCount{play: play}
				counts[play.Name] = c
			}
			if err := c.pair(ctx, dir, n, *seed); err != nil {
				fmt.Fprintln(os.Stderr, "lab: error:", err)
				return 1
			}
		}
	}
	writeChanges(os.Stdout, counts)
	bad := 0
	for _, c := range counts {
		bad += c.pairs - c.right
	}
	if *readme != "" {
		if err := markdown.Put(*readme, "changes", func(w io.Writer) { writeChanges(w, counts) }); err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 3
		}
	}
	return min(bad, 1)
}

// changeCount is how one kind went.
type changeCount struct {
	play         lab.ChangePlay
	pairs, right int
	connections  int
	likely       float64 // the largest chance of what was named first
}

// pair plays one pair and compares it.
func (c *changeCount) pair(ctx context.Context, dir string, n int, seed uint64) error {
	var sets [2]change.Set
	for side, play := range []lab.ChangePlay{lab.ChangePlays[0], c.play} {
		file := filepath.Join(dir, fmt.Sprintf("%s-%02d-%s.pcap", c.play.Name, n+1, [...]string{"before", "after"}[side]))
		if err := play.Record(ctx, file, seed+uint64(2*n+side)); err != nil {
			return err
		}
		r, err := kernelscore.Analyse(file, nil)
		if err != nil {
			return err
		}
		for _, conn := range r.Connections {
			sets[side].Connection(conn)
			c.connections++
		}
	}
	c.pairs++
	r := change.Between(&sets[0], &sets[1], change.Options{})
	var first *change.Comparison
	if len(r.Services) > 0 && len(r.Services[0].Changes) > 0 {
		first = &r.Services[0].Changes[0]
	}
	want := wanted[c.play.Name]
	switch {
	case first == nil && want == nil:
		c.right++
	case first != nil && slices.Contains(want, first.Measure) && first.Direction > 0:
		c.right++
		c.likely = max(c.likely, first.Corrected)
	case first == nil:
		fmt.Printf("%s %d: nothing named\n", c.play.Name, n+1)
	default:
		fmt.Printf("%s %d: %s named first, %v to %v\n", c.play.Name, n+1, first.Measure, first.Before.Value, first.After.Value)
	}
	return nil
}

func writeChanges(w io.Writer, counts map[string]*changeCount) {
	rows := [][]string{{"what was changed", "pairs", "connections", "right", "largest chance"}}
	for _, play := range lab.ChangePlays {
		c := counts[play.Name]
		if c == nil {
			continue
		}
		likely := "none named"
		if wanted[play.Name] != nil {
			likely = fmt.Sprintf("%.1g", c.likely)
		}
		rows = append(rows, []string{play.Title, fmt.Sprint(c.pairs), fmt.Sprint(c.connections), fmt.Sprint(c.right), likely})
	}
	markdown.Table(w, rows)
}
