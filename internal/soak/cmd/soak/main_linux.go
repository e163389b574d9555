// Command soak runs tcpflow-states under faults for as long as it is told to.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/soak"
)

func main() {
	program := flag.String("program", "./tcpflow-states", "`PROGRAM` to be run")
	d := flag.Duration("for", time.Minute, "how long")
	flag.Parse()
	if why := soak.Possible(); why != "" {
		fmt.Println("soak: left out:", why)
		return
	}
	s := &soak.Soak{Program: *program, For: *d, Log: os.Stdout}
	if err := s.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}
