package main

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
)

// pager is the program that shows what is too long for the terminal, as git has it: what
// $PAGER names, else less; none where it is empty or cat.
type pager struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// startPager starts the pager on standard output, or returns nil where there is none.
func startPager(stdout, stderr *os.File) *pager {
	name, set := os.LookupEnv("PAGER")
	if !set {
		name = "less"
		if _, err := exec.LookPath(name); err != nil {
			return nil
		}
	}
	if name == "" || name == "cat" {
		return nil
	}
	cmd := exec.Command("/bin/sh", "-c", name)
	cmd.Stdout, cmd.Stderr, cmd.Env = stdout, stderr, os.Environ()
	for _, usual := range [...][2]string{{"LESS", "FRX"}, {"LV", "-c"}} { // colours; at once if it fits
		if _, has := os.LookupEnv(usual[0]); !has {
			cmd.Env = append(cmd.Env, usual[0]+"="+usual[1])
		}
	}
	in, err := cmd.StdinPipe()
	if err != nil || cmd.Start() != nil {
		return nil
	}
	signal.Ignore(os.Interrupt) // it is for the pager now
	return &pager{cmd, in}
}

// close waits until the user has seen enough. How the pager ends is no matter of ours.
func (p *pager) close() {
	p.in.Close()
	p.cmd.Wait()
}
