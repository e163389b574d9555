//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// askSignals ask for the state of affairs.
var askSignals = []os.Signal{syscall.SIGUSR1}

// ignoreBrokenPipes has writing fail with EPIPE instead of killing the program,
// so that files it writes are closed properly.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }
