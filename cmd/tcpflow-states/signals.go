package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// signals is what the user says with signals: the first SIGINT, SIGTERM or SIGHUP
// ends the reading, and the report is printed; the second ends the program, unless it is
// an echo of the first.
// SIGUSR1 asks how far it is.
type signals struct {
	ctx    context.Context
	cancel context.CancelFunc
	asked  atomic.Bool
	first  atomic.Int32 // the signal that ended the reading, or 0
	ch     chan os.Signal
}

// echoTime is for how long the same signal again is taken for the first. timeout(1) sends its
// signal to the program and then to the process group that the program is in, too; a person
// who presses Ctrl-C again takes longer.
const echoTime = 300 * time.Millisecond

// endSignals end the reading.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 4)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, sig := range endSignals {
		// nohup has SIGHUP ignored, and that is to stay.
		if sig != syscall.SIGHUP || !signal.Ignored(sig) {
			signal.Notify(s.ch, sig)
		}
	}
	if len(askSignals) > 0 { // with none, Notify would mean all
		signal.Notify(s.ch, askSignals...)
	}
	go func() {
		var began time.Time
		for sig := range s.ch {
			n, ends := ending(sig)
			switch {
			case !ends:
				s.asked.Store(true)
			case s.first.CompareAndSwap(0, int32(n)):
				began = time.Now()
				s.cancel()
			case n != s.got() || time.Since(began) > echoTime:
				os.Exit(exitCode(n))
			}
		}
	}()
	return s
}

// ending tells whether a signal ends the reading.
func ending(sig os.Signal) (n syscall.Signal, ends bool) {
	n, _ = sig.(syscall.Signal)
	return n, n == syscall.SIGINT || n == syscall.SIGTERM || n == syscall.SIGHUP
}

func (s *signals) stop() {
	signal.Stop(s.ch)
	close(s.ch)
	s.cancel()
}

// got returns the signal that ended the reading, or 0.
func (s *signals) got() syscall.Signal { return syscall.Signal(s.first.Load()) }

// interruption is the failure of an analysis that a signal broke off; what
// happened is told in the words of format.
func (s *signals) interruption(format string, args ...any) *failure {
	return &failure{code: exitCode(s.got()), err: fmt.Errorf("interrupted by %s "+format, append([]any{signalName(s.got())}, args...)...)}
}

// exitCode is what shells give a program that a signal ended.
func exitCode(sig syscall.Signal) int { return 128 + int(sig) }

func signalName(sig syscall.Signal) string {
	switch sig {
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGTERM:
		return "SIGTERM"
	case syscall.SIGHUP:
		return "SIGHUP"
	}
	return sig.String()
}
