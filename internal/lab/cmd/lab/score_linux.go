package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/internal/score"
)

// scoreDirs scores recordings that are there; without directories it records
// campaigns first.
func scoreDirs(args []string) int {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	short := flags.Bool("short", false, "only the sums over all scenarios")
	list := flags.String("seeds", "fresh", "comma-separated seeds of the campaigns to record and score")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		return scoreAll(flags.Args(), *short)
	}
	seeds, err := parseSeeds(*list)
	if err != nil {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	dir, err := os.MkdirTemp("", "tcplab-score-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 3
	}
	defer os.RemoveAll(dir)
	fmt.Println("seeds", seeds)
	if code := recordCampaigns(dir, seeds, false); code != 0 {
		return code
	}
	return scoreAll([]string{dir}, *short)
}

func scoreAll(dirs []string, short bool) int {
	var s score.Score
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.truth.json*"))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("no recordings in %q", dir)
		}
		slices.Sort(files)
		for _, file := range files {
			if err = s.Add(file); err != nil {
				break
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 3
		}
	}
	s.Write(os.Stdout, !short)
	for _, list := range []struct {
		title string
		lines []string
	}{{"Where the analyzer and the kernel differ", s.Mismatches}, {"Where the truth itself is in doubt", s.Doubts}} {
		if len(list.lines) > 0 {
			fmt.Printf("\n%s:\n", list.title)
		}
		for _, l := range list.lines {
			fmt.Println("-", l)
		}
	}
	return 0
}
