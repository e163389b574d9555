package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
)

// scoreDirs scores recordings that are there; without directories it records
// campaigns first.
func scoreDirs(args []string) int {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	short := flags.Bool("short", false, "only the sums over all scenarios")
	readme := flags.String("readme", "", "a Markdown file to put the summary into")
	list := flags.String("seeds", "fresh", "comma-separated seeds of the campaigns to record and score")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		return scoreAll(flags.Args(), *short, *readme)
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
	return scoreAll([]string{dir}, *short, *readme)
}

// scoreAll scores all recordings of some directories.
func scoreAll(dirs []string, short bool, readme string) int {
	var s kernelscore.Score
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
	if short {
		s.WriteSummary(os.Stdout)
	} else {
		s.Write(os.Stdout, true)
	}
	if readme != "" {
		if err := s.UpdateReadme(readme); err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 3
		}
	}
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
