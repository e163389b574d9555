package main

import (
	"fmt"
	"io"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// When progress shows first, and how often anew.
const (
	progressAfter = 500 * time.Millisecond
	progressEvery = 200 * time.Millisecond
)

// progress shows in one line of a terminal how far the reading is.
type progress struct {
	w     io.Writer
	next  time.Time
	shown bool
}

// newProgress returns nil where progress is not to be shown.
func (a *app) newProgress() *progress {
	if !isTerminal(a.stderr) {
		return nil
	}
	return &progress{w: a.stderr, next: time.Now().Add(progressAfter)}
}

func (p *progress) show(s capture.Source, a *analyzer.Analyzer) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(progressEvery)
	p.shown = true
	var read, total int64
	known := true
	for _, i := range s.Info() {
		read += i.Read
		total += i.Size
		known = known && i.Size > 0
	}
	part := ""
	if known && total > 0 {
		part = phrase.Percent(min(1, float64(read)/float64(total))) + ", "
	}
	fmt.Fprintf(p.w, "\r\x1b[Kreading: %s%s, %s open", part, phrase.Counted(a.Packets(), "packet", "packets"), phrase.Counted(a.Open(), "connection", "connections"))
}

// clear takes the line away again.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
