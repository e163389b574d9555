package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/browse"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// checkTUI refuses what does not go with a screen.
func (a *app) checkTUI(opt *liveOptions) error {
	if !opt.text() || opt.quiet || opt.summaryOnly || opt.some() {
		return usagef("--tui shows connections on a screen: no other format, --quiet, --summary-only, --conn or --explain goes with it")
	}
	if opt.every != 0 {
		return usagef("--tui shows what --every would print")
	}
	return a.checkScreen("without --tui live prints lines, which pipes can take")
}

// onScreen has connections shown on a screen in place of lines.
func (o *output) onScreen(title string) browse.Options {
	s := browse.Options{Title: "live " + title, Live: true, Render: o.render, Checks: analyzer.Checks()}
	o.rows = browse.NewRows(s)
	o.render.Lines = false
	o.digest = report.NewDigest(o.render)
	return s
}

// readOnScreen captures while the screen is shown. The screen takes what it is given, and the
// capture never waits for it.
func (s *session) readOnScreen(o browse.Options, stop context.CancelFunc) error {
	s.app.screen = &heldNotices{}
	var reading sync.WaitGroup
	reading.Go(func() {
		s.read(s.source)
		p := s.screenProgress(fsm.Time(s.latest))
		p.Done = true
		s.out.rows.Progress(p)
	})
	err := browse.Run(s.sig.ctx, o, s.out.rows, s.app.stdin, s.app.stdout)
	stop()
	reading.Wait()
	s.app.screen.release(s.app)
	if err != nil && !errors.Is(err, tea.ErrProgramKilled) {
		return errors.Join(err, s.finish())
	}
	return s.finish()
}

// surveyOpenEvery is how often the screen of a live capture gets the open connections.
const surveyOpenEvery = 500 * time.Millisecond

// tellScreen tells the screen how it goes, and has the open connections surveyed for it.
func (s *session) tellScreen(latest fsm.Time) {
	if now := time.Now(); now.Sub(s.surveyed) >= surveyOpenEvery {
		s.surveyed = now
		s.out.rows.Progress(s.screenProgress(latest))
		s.analyzer.Survey(browse.MaxOpen)
	}
}

func (s *session) screenProgress(latest fsm.Time) browse.Progress {
	f := s.figures()
	return browse.Progress{Share: -1, Packets: f.packets, Open: f.open, Dropped: f.dropped, Now: latest}
}

// heldNotices keeps what would be printed while a screen has the terminal.
type heldNotices struct {
	mu   sync.Mutex
	list []string
	more int
}

// mostHeld bounds what is kept; it is a few lines usually.
const mostHeld = 100

// hold keeps a line, and reports false where there is no screen.
func (h *heldNotices) hold(line string) bool {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.list) == mostHeld {
		h.more++
		return true
	}
	h.list = append(h.list, line)
	return true
}

// release prints what was kept, when the screen is gone.
func (h *heldNotices) release(a *app) {
	a.screen = nil
	for _, line := range h.list {
		fmt.Fprintln(a.stderr, line)
	}
	if h.more > 0 {
		a.noticef("and %d more lines", h.more)
	}
}
