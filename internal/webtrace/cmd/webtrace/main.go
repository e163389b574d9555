// Command webtrace writes a generated capture of short HTTP connections to
// standard output, for measuring.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/tcpflow-states/tcpflow-states/internal/webtrace"
)

func main() {
	n := flag.Int("packets", 1_000_000, "how many packets at least")
	seed := flag.Uint64("seed", 1, "seed of the random numbers")
	flag.Parse()
	w := bufio.NewWriterSize(os.Stdout, 1<<20)
	err := webtrace.Write(w, *n, *seed)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "webtrace:", err)
		os.Exit(1)
	}
}
