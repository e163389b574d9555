package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// campaign records campaigns into a directory each, DIR/seed-N.
func campaign(args []string) int {
	flags := flag.NewFlagSet("campaign", flag.ContinueOnError)
	out := flags.String("out", "", "directory for captures and truth")
	list := flags.String("seeds", "1", "comma-separated seeds")
	brief := flags.Bool("brief", false, "short transfers, for recordings that are kept")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	seeds, err := parseSeeds(*list)
	if *out == "" || flags.NArg() > 0 || err != nil {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	if err := lab.Available(); err != nil {
		fmt.Fprintln(os.Stderr, "lab: error:", err)
		return 4
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, seed := range seeds {
		if err := recordCampaign(ctx, filepath.Join(*out, fmt.Sprintf("seed-%d", seed)), seed, *brief); err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 1
		}
	}
	return 0
}

func recordCampaign(ctx context.Context, dir string, seed uint64, brief bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, act := range lab.Campaign(seed, brief) {
		truth, err := act.Record(ctx, dir, seed)
		if err != nil {
			return err
		}
		fmt.Printf("seed %d, %s: %d connections, %d packets interfered with\n", seed, act.Name, len(truth.Connections), len(truth.Router))
		for _, n := range truth.Notes {
			fmt.Println("  note:", n)
		}
	}
	return nil
}

// parseSeeds reads "1,2,3".
func parseSeeds(list string) (seeds []uint64, err error) {
	for s := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("seed %q: %w", s, err)
		}
		seeds = append(seeds, n)
	}
	return seeds, nil
}
