// Command trace writes a generated capture to standard output, for measuring.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

func main() {
	name := flag.String("kind", "web", "`KIND` of trace")
	n := flag.Int("n", 1_000_000, "how long the trace is")
	seed := flag.Uint64("seed", 1, "seed of the random numbers")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: trace [flags] > FILE")
		flag.PrintDefaults()
		for _, list := range [][]tracegen.Kind{tracegen.Kinds, tracegen.Floods, tracegen.Monsters} {
			for _, k := range list {
				fmt.Fprintf(os.Stderr, "  %-21s %s\n", k.Name, k.Title)
			}
		}
	}
	flag.Parse()
	kind := tracegen.Find(*name)
	if kind == nil || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	_, err := kind.Write(w, *n, *seed)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "trace:", err)
		os.Exit(1)
	}
}
