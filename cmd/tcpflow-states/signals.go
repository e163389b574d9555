package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// signals is what the user says with signals: the first SIGINT or SIGTERM ends
// the reading, and the report is printed; the second ends the program. SIGUSR1
// asks how far it is.
type signals struct {
	ctx    context.Context
	cancel context.CancelFunc
	asked  atomic.Bool
	ch     chan os.Signal
}

func catchSignals() *signals {
	s := &signals{ch: make(chan os.Signal, 4)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	signal.Notify(s.ch, append([]os.Signal{os.Interrupt, syscall.SIGTERM}, askSignals...)...)
	go func() {
		for sig := range s.ch {
			if sig != os.Interrupt && sig != syscall.SIGTERM {
				s.asked.Store(true)
				continue
			}
			if s.ctx.Err() != nil {
				os.Exit(exitSignal)
			}
			s.cancel()
		}
	}()
	return s
}

func (s *signals) stop() {
	signal.Stop(s.ch)
	close(s.ch)
	s.cancel()
}
