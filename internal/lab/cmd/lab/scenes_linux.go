package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// scenes records what explains connections from beside them.
func scenes(args []string) int {
	flags := flag.NewFlagSet("scenes", flag.ContinueOnError)
	out := flags.String("out", "", "directory for captures and truth")
	seed := flags.Uint64("seed", 1, "seed of sizes, ports and losses")
	plays := flags.Int("plays", 20, "how often each is played")
	only := flags.String("only", "", "only recordings whose name contains this")
	slow := flags.Bool("slow", false, "pauses of a minute and more, as long as real limits")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *out == "" || flags.NArg() > 0 || *plays < 1 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	return recordScenes(*out, *seed, *plays, *only, *slow)
}

func recordScenes(dir string, seed uint64, plays int, only string, slow bool) int {
	ctx, dir, end, code := begin(dir, "")
	if code != 0 {
		return code
	}
	defer end()
	for _, sc := range lab.Scenes(plays, slow) {
		if !strings.Contains(sc.Name, only) {
			continue
		}
		truth, err := sc.Record(ctx, dir, seed)
		if ctx.Err() != nil {
			fmt.Fprintln(os.Stderr, "lab: interrupted")
			return 130
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			code = 1
			continue
		}
		fmt.Printf("%-22s %d connections\n", sc.Name, len(truth.Connections))
		for _, n := range truth.Notes {
			fmt.Println("  note:", n)
		}
	}
	return code
}
