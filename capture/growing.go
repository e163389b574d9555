package capture

import (
	"fmt"
	"io"
	"os"
	"time"
)

// growing reads a file at whose end more may come. It ends where another file has begun
// that goes on with what this one held.
type growing struct {
	of       *followed
	name     string
	in       *os.File
	is       os.FileInfo
	at       int64
	began    time.Time // when it was last written before it was read
	next     string    // the file to go on with, once there is one
	caughtUp bool      // all that was there is read
	gone     bool      // told that it was deleted
	looked   time.Time // when the folder was
	pause    time.Duration
}

// Read reads what is there, and waits where there is nothing.
func (g *growing) Read(p []byte) (int, error) {
	for {
		if g.of.over() {
			return 0, ErrInterrupted
		}
		n, err := g.in.Read(p)
		if n > 0 {
			g.at += int64(n)
			g.caughtUp = false
			return n, nil
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
		if g.next != "" {
			return 0, io.EOF
		}
		g.caughtUp = true
		if g.truncated() {
			return 0, io.EOF
		}
		// The writer was done with this file before it began the next: what is read
		// after a look that finds the next is all.
		if g.look(); g.next == "" && g.of.rest() {
			return 0, ErrInterrupted
		}
	}
}

// truncated reports whether the file has become shorter than what was read of it. Then it is
// read again from its beginning, as another one.
func (g *growing) truncated() bool {
	st, err := g.in.Stat()
	if err != nil || st.Size() >= g.at {
		return false
	}
	g.of.notice(fmt.Sprintf("%q was truncated: it is read again from its beginning", g.name))
	g.next = g.name
	return true
}

// look looks for the file to go on with.
func (g *growing) look() {
	now := time.Now()
	if now.Sub(g.looked) < max(g.of.pace.look, g.pause) {
		return
	}
	last := g.of.last
	if g.of.input == nil || g.of.input.common().number == 0 {
		// Nothing tells when it begins but when it was made.
		last = max(last, g.began.UnixNano())
	}
	g.next = g.of.family.after(g.is, last)
	g.looked = time.Now()
	g.pause = g.of.rests * g.looked.Sub(now)
	if g.next == "" {
		g.missed()
	}
}

// missed tells once that the file is no longer there under its name.
func (g *growing) missed() {
	st, err := os.Stat(g.name)
	switch {
	case g.gone:
	case os.IsNotExist(err):
		g.gone = true
		g.of.notice(fmt.Sprintf("%q was deleted or renamed: what is still written to it is read", g.name))
	case err == nil && !os.SameFile(st, g.is):
		g.gone = true
		g.of.notice(fmt.Sprintf("%q was replaced: the new one is read when it has packets", g.name))
	}
}
