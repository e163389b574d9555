package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// campaign records campaigns into a directory.
func campaign(args []string) int {
	flags := flag.NewFlagSet("campaign", flag.ContinueOnError)
	out := flags.String("out", "", "directory for captures and truth")
	list := flags.String("seeds", "1", "comma-separated seeds")
	brief := flags.Bool("brief", false, "short transfers, compressed files: for recordings that are kept")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	seeds, err := parseSeeds(*list)
	if *out == "" || flags.NArg() > 0 || err != nil {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	return recordCampaigns(*out, seeds, *brief)
}

// recordCampaigns records one campaign for each seed.
func recordCampaigns(dir string, seeds []uint64, brief bool) int {
	ctx, dir, end, code := begin(dir, "")
	if code != 0 {
		return code
	}
	defer end()
	for _, seed := range seeds {
		if err := recordCampaign(ctx, dir, seed, brief); err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 1
		}
	}
	return 0
}

func recordCampaign(ctx context.Context, dir string, seed uint64, brief bool) error {
	for _, act := range append(lab.Campaign(seed, brief), lab.Local(seed, brief)...) {
		truth, err := act.Record(ctx, dir, seed)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d connections, %d packets interfered with\n", act.Name, len(truth.Connections), len(truth.Router))
		for _, n := range truth.Notes {
			fmt.Fprintln(os.Stderr, "  note:", n)
		}
		if !brief {
			continue
		}
		files := []string{act.Name + ".truth.json"}
		for _, f := range truth.Captures {
			files = append(files, f)
		}
		for _, f := range files {
			if err := compress(filepath.Join(dir, f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// compress replaces a file by its compressed form.
func compress(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(file+".gz", b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Remove(file)
}

// parseSeeds reads "1,2,3"; "fresh" is one of the clock's, which is printed.
func parseSeeds(list string) (seeds []uint64, err error) {
	for s := range strings.SplitSeq(list, ",") {
		if s == "fresh" {
			seeds = append(seeds, uint64(time.Now().Unix()))
			continue
		}
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("seed %q: %w", s, err)
		}
		seeds = append(seeds, n)
	}
	return seeds, nil
}
