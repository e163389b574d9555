package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// statusEvery is how often the status line shows anew.
const statusEvery = time.Second

// status is a line at the foot of the terminal that says how a live capture goes. What
// else is printed takes its place, and it comes again below.
type status struct {
	w       io.Writer
	width   func() int
	next    time.Time
	text    string
	shown   bool
	since   time.Time // of the packets counted
	packets uint64
}

// newStatus returns nil where no line can be shown and taken back.
func (a *app) newStatus() *status {
	if !isTerminal(a.stderr) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &status{w: a.stderr, width: func() int {
		w, _, err := term.GetSize(int(a.stderr.Fd()))
		if err != nil {
			return 0
		}
		return w
	}}
}

// figures are what a status line tells.
type figures struct {
	packets uint64 // in all
	open    int
	stalled int
	failed  uint64
	dropped uint64
}

// due reports whether it is time for new figures.
func (s *status) due(now time.Time) bool { return s != nil && !now.Before(s.next) }

// show shows the line with new figures.
func (s *status) show(now time.Time, f figures) {
	rate := 0.0
	if span := now.Sub(s.since).Seconds(); !s.since.IsZero() && span > 0 {
		rate = float64(f.packets-s.packets) / span
	}
	s.since, s.packets, s.next = now, f.packets, now.Add(statusEvery)
	s.text = fmt.Sprintf("%s packets/s, %s open, %s stalled, %s failed, %s dropped",
		phrase.Count(uint64(rate+0.5)), phrase.Count(f.open), phrase.Count(f.stalled), phrase.Count(f.failed), phrase.Count(f.dropped))
	s.again()
}

// again shows the line as it was last, below what was printed since.
func (s *status) again() {
	if s == nil || s.text == "" {
		return
	}
	text := s.text
	if w := s.width(); w > 0 && len(text) >= w { // a line that wraps cannot be taken back
		text = text[:max(0, w-1)]
	}
	fmt.Fprint(s.w, "\r\x1b[K"+text)
	s.shown = true
}

// clear takes the line away.
func (s *status) clear() {
	if s != nil && s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}

// end takes it away for good.
func (s *status) end() {
	if s != nil {
		s.clear()
		s.text, s.next = "", s.next.AddDate(1, 0, 0)
	}
}
