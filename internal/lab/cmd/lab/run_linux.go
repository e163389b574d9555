package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

const usage = `usage: lab list
       lab record -out DIR [-seed N] [-scenario NAME[,NAME…]]
       lab campaign -out DIR [-seeds N[,N…]|fresh] [-brief]
       lab scenes -out DIR [-seed N] [-plays N] [-only NAME] [-slow]
       lab healthy [-out DIR] [-seed N] [-scale N] [-readme FILE]
       lab changes [-out DIR] [-pairs N] [-seed N] [-readme FILE]
       lab measures [-out DIR] [-seeds N[,N…]|fresh] [-brief] [-readme FILE]
       lab score [-short] [-readme FILE] [-seeds N[,N…]|fresh] [-plays N] [DIR…]`

func run(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	switch args[0] {
	case "list":
		for _, s := range slices.Concat(lab.Scenarios(), lab.HandMade(), lab.AtTaps()) {
			fmt.Printf("%-30s %s\n", s.Name, s.Title)
		}
		names, titles := lab.SceneNames()
		for i := range names {
			fmt.Printf("%-30s %s\n", "scene "+names[i], titles[i])
		}
		return 0
	case "record":
		return record(args[1:])
	case "score":
		return scoreDirs(args[1:])
	case "scenes":
		return scenes(args[1:])
	case "healthy":
		return healthy(args[1:])
	case "changes":
		return changes(args[1:])
	case "measures":
		return measures(args[1:])
	case "campaign":
		return campaign(args[1:])
	}
	fmt.Fprintln(os.Stderr, usage)
	return 2
}

// attempts is how often a scenario is played that does not go as intended.
const attempts = 3

func record(args []string) int {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	out := flags.String("out", "", "directory for captures and truth")
	seed := flags.Uint64("seed", 1, "seed of sizes, ports and losses")
	only := flags.String("scenario", "", "comma-separated names; byhand for all of a hand-made peer; all others when empty")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *out == "" || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	ctx, dir, end, code := begin(*out, "")
	if code != 0 {
		return code
	}
	defer end()
	scenarios, err := choose(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 2
	}
	fmt.Printf("seed %d\n", *seed)
	for _, s := range scenarios {
		truth, err := s.Record(ctx, dir, *seed)
		for tries := 1; tries < attempts && errors.Is(err, lab.ErrAstray); tries++ {
			fmt.Fprintln(os.Stderr, "lab: again:", err)
			truth, err = s.Record(ctx, dir, *seed)
		}
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "lab: interrupted")
			return 130
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			code = 1
			continue
		}
		fmt.Printf("%-30s %d connections, %d packets interfered with\n", s.Name, len(truth.Connections), len(truth.Router))
	}
	if err := lab.WriteReadme(filepath.Join(dir, "README.md"), dir); err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 3
	}
	return code
}

// choose returns the named scenarios.
func choose(names string) ([]*lab.Scenario, error) {
	all := lab.Scenarios()
	if names == "" {
		return all, nil
	}
	byName := make(map[string]*lab.Scenario)
	for _, s := range slices.Concat(all, lab.HandMade(), lab.AtTaps()) {
		byName[s.Name] = s
	}
	var out []*lab.Scenario
	for name := range strings.SplitSeq(names, ",") {
		if name == "byhand" {
			out = append(out, lab.HandMade()...)
			continue
		}
		s := byName[name]
		if s == nil {
			return nil, fmt.Errorf("no scenario %q; see lab list", name)
		}
		out = append(out, s)
	}
	return out, nil
}
