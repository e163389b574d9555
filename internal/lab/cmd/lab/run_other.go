//go:build !linux

package main

import (
	"fmt"
	"os"
)

func run([]string) int {
	fmt.Fprintln(os.Stderr, "lab: error: the laboratory works on Linux only: it needs network namespaces")
	return 4
}
