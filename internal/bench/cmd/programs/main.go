// Command programs makes a capture of real programs that talk between network namespaces:
// programs KIND FILE [PACKETS]. It needs root on Linux; without arguments it lists the kinds.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
)

func main() {
	if programs.Side(os.Args[1:]) {
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "programs:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		for _, k := range append(programs.Kinds, programs.Stalls) {
			fmt.Printf("%-12s %s\n", k.Name, k.Title)
		}
		return nil
	}
	kind := programs.Find(args[0])
	if kind == nil {
		return fmt.Errorf("no kind %q", args[0])
	}
	packets := 612_000 // 34,000 short connections
	if len(args) > 2 {
		var err error
		if packets, err = strconv.Atoi(args[2]); err != nil || packets < 1 {
			return fmt.Errorf("%q is no number of packets", args[2])
		}
	}
	how, err := kind.Make(context.Background(), args[1], packets)
	if err != nil {
		return err
	}
	fmt.Println("made with", how)
	return nil
}
