package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
)

// scoreDirs scores recordings that are there; without directories it records
// campaigns first.
func scoreDirs(args []string) int {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	short := flags.Bool("short", false, "only the sums over all scenarios")
	readme := flags.String("readme", "", "a Markdown file to put the summary into")
	list := flags.String("seeds", "fresh", "comma-separated seeds of the campaigns to record and score")
	plays := flags.Int("plays", 0, "how often to play each scene beside the campaigns")
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
	dir, remove, err := workDir("", "tcplab-score-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 3
	}
	defer remove()
	fmt.Println("seeds", seeds)
	if code := recordCampaigns(dir, seeds, false); code != 0 {
		return code
	}
	if *plays > 0 {
		if code := recordScenes(dir, seeds[0], *plays, "", false); code != 0 {
			return code
		}
	}
	return scoreAll([]string{dir}, *short, *readme)
}

// scoreAll scores all recordings of some directories.
func scoreAll(dirs []string, short bool, readme string) int {
	var s kernelscore.Score
	var scenes kernelscore.SceneScore
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.truth.json*"))
		if err == nil && len(files) == 0 {
			err = fmt.Errorf("no recordings in %q", dir)
		}
		slices.Sort(files)
		for _, file := range files {
			if strings.HasPrefix(filepath.Base(file), "scenes-") {
				err = scenes.Add(file)
			} else {
				err = s.Add(file)
			}
			if err != nil {
				break
			}
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 3
		}
	}
	switch {
	case s.Plays == 0:
	case short:
		s.WriteSummary(os.Stdout)
	default:
		s.Write(os.Stdout, true)
	}
	if s.Plays > 0 {
		fmt.Printf("\nAt the sender's own side, by IP version:\n\n")
		s.WriteFamilies(os.Stdout)
	}
	if s.Causes.Recordings > 0 {
		fmt.Printf("\nWhy hosts sent again, in recordings without segmentation offload:\n\n")
		s.Causes.Write(os.Stdout)
	}
	if len(scenes.Rows) > 0 {
		fmt.Printf("\nScenes: whether the cause is named, and whether somebody is accused wrongly:\n\n")
		scenes.Write(os.Stdout, !short)
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
