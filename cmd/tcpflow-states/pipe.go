package main

import (
	"context"
	"os"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// interruptGrace is how long a pipe is read on after Ctrl-C. The terminal
// sends it to the writer too, tcpdump for one, which then passes on what it
// still has.
const interruptGrace = 500 * time.Millisecond

// isPipe tells whether a name stands for something whose packets come as they
// are written: standard input, a FIFO, the /dev/fd/N of a process substitution, a
// device. Opening and reading such a thing may take any time.
func isPipe(name string, stdin *os.File) bool {
	var st os.FileInfo
	var err error
	if name == "-" {
		st, err = stdin.Stat()
	} else {
		st, err = os.Stat(name)
	}
	return err == nil && !st.Mode().IsRegular() && !st.IsDir()
}

// interruptible reads from a pipe, whose opening and reading cannot be broken
// off, in such a way that the reader behind it can be.
func interruptible(open func() (*os.File, error), ctx context.Context) *pipe {
	p := &pipe{ctx: ctx, full: make(chan []byte), empty: make(chan []byte, 2)}
	p.empty <- make([]byte, 64<<10)
	p.empty <- make([]byte, 64<<10)
	go p.fill(open)
	return p
}

// pipe moves two buffers between a goroutine that reads and one that uses.
type pipe struct {
	ctx         context.Context
	full, empty chan []byte
	err         error // set before full is closed
	buf, rest   []byte
	late        <-chan time.Time
	idle, waits func() // if set, called when what came is read and no more is there, and then now and then
}

func (p *pipe) fill(open func() (*os.File, error)) {
	r, err := open() // of a FIFO: waits for somebody to write
	if err != nil {
		p.err = err
		close(p.full)
		return
	}
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
	select {
	case buf, ok := <-p.full:
		return p.took(buf, ok)
	default:
	}
	if p.idle != nil {
		p.idle()
	}
	done := p.ctx.Done()
	var tick <-chan time.Time
	if p.waits != nil {
		t := time.NewTicker(showEvery)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case buf, ok := <-p.full:
			return p.took(buf, ok)
		case <-done:
			done = nil
			if p.late == nil {
				p.late = time.After(interruptGrace)
			}
		case <-tick:
			p.waits()
		case <-p.late:
			return capture.ErrInterrupted
		}
	}
}

func (p *pipe) took(buf []byte, ok bool) error {
	if !ok {
		return p.err
	}
	p.buf, p.rest = buf, buf
	return nil
}
