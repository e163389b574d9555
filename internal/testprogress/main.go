// Command testprogress runs go test and prints each package as it ends, in go test's
// own words, and from time to time what is still running. go test itself prints
// packages in their order, so that one slow package hides all behind it.
//
//	go run ./internal/testprogress [FLAGS] PACKAGES
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	goTool := os.Getenv("GO")
	if goTool == "" {
		goTool = "go"
	}
	cmd := exec.Command(goTool, append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "testprogress: error:", err)
		os.Exit(1)
	}
	follow(out, os.Stdout, time.Tick(15*time.Second))
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "testprogress: error:", err)
		os.Exit(1)
	}
}

// follow prints what the events on in tell, and at each tick what is running.
func follow(in io.Reader, out io.Writer, tick <-chan time.Time) {
	lines := make(chan []byte)
	go func() {
		defer close(lines)
		r := bufio.NewReader(in)
		for {
			line, err := r.ReadBytes('\n')
			if len(line) > 0 {
				lines <- line
			}
			if err != nil {
				return
			}
		}
	}()
	p := newProgress(out)
	for {
		select {
		case line, more := <-lines:
			if !more {
				return
			}
			var e event
			if json.Unmarshal(line, &e) != nil {
				out.Write(line) // what is no event is for people
				continue
			}
			p.take(e)
		case <-tick:
			p.tell()
		}
	}
}
