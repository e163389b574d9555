package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// errInterrupted ends a read that the user broke off.
var errInterrupted = errors.New("interrupted")

// interruptGrace is how long a pipe is read on after Ctrl-C. The terminal
// sends it to the writer too, tcpdump for one, which then passes on what it
// still has.
const interruptGrace = 500 * time.Millisecond

// interruptible reads from a pipe, whose reads cannot be broken off, in such a
// way that the reader behind it can be.
func interruptible(r io.Reader, ctx context.Context) io.Reader {
	p := &pipe{ctx: ctx, full: make(chan []byte), empty: make(chan []byte, 2)}
	p.empty <- make([]byte, 64<<10)
	p.empty <- make([]byte, 64<<10)
	go p.fill(r)
	return p
}

// pipe moves two buffers between a goroutine that reads and one that uses.
type pipe struct {
	ctx         context.Context
	full, empty chan []byte
	err         error // set before full is closed
	buf, rest   []byte
	late        <-chan time.Time
}

func (p *pipe) fill(r io.Reader) {
	for buf := range p.empty {
		n, err := r.Read(buf[:cap(buf)])
		if n > 0 {
			p.full <- buf[:n]
		}
		if err != nil {
			p.err = err
			close(p.full)
			return
		}
		if n == 0 {
			p.empty <- buf
		}
	}
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.buf != nil {
			p.empty <- p.buf
			p.buf = nil
		}
		if err := p.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// wait takes the next buffer.
func (p *pipe) wait() error {
	done := p.ctx.Done()
	for {
		select {
		case buf, ok := <-p.full:
			if !ok {
				return p.err
			}
			p.buf, p.rest = buf, buf
			return nil
		case <-done:
			done = nil
			if p.late == nil {
				p.late = time.After(interruptGrace)
			}
		case <-p.late:
			return errInterrupted
		}
	}
}
