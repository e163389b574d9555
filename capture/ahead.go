package capture

import "io"

const (
	blockSize  = 256 << 10 // what is read at once, as of a window
	room       = 128 << 10 // before a block, for the beginning of the record that ends in it
	blocks     = 3         // one being looked at, two on the way
	leastAhead = 4 << 20   // files of less are read before a second goroutine is any use
)

// readAhead reads an input on a goroutine of its own, some blocks ahead of who looks at
// them. A block has room in front for what is left of the one before it, so that nothing
// else is copied.
type readAhead struct {
	src     io.Reader
	full    chan readBlock
	idle    chan []byte
	stopped chan struct{}
	ended   chan struct{}
}

// readBlock is what one read brought: buf[room:room+n], and the error behind it.
type readBlock struct {
	buf []byte
	n   int
	err error
}

func startReadAhead(src io.Reader) *readAhead {
	a := &readAhead{
		src: src, full: make(chan readBlock, blocks), idle: make(chan []byte, blocks),
		stopped: make(chan struct{}), ended: make(chan struct{}),
	}
	for range blocks {
		a.idle <- make([]byte, room+blockSize)
	}
	go a.read()
	return a
}

// read reads until the input ends or nobody wants any more. There is room for every
// block in both channels, so only waiting for an idle one can take long.
func (a *readAhead) read() {
	defer close(a.ended)
	empty := 0
	for {
		var buf []byte
		select {
		case <-a.stopped:
			return
		case buf = <-a.idle:
		}
		n, err := a.src.Read(buf[room:])
		if n > 0 {
			empty = 0
		} else if empty++; err == nil && empty == maxEmpty {
			err = io.ErrNoProgress
		}
		a.full <- readBlock{buf, n, err}
		if err != nil {
			return
		}
	}
}

// stop ends the reading, and returns when no read is under way any more.
func (a *readAhead) stop() {
	close(a.stopped)
	<-a.ended
}

// readAhead has the window's input read ahead from now on.
func (w *window) readAhead() { w.ahead = startReadAhead(w.src) }

// fillAhead does what fill does with blocks read ahead.
func (w *window) fillAhead(n int) bool {
	for w.end-w.pos < n {
		if w.err != nil {
			return false
		}
		b := <-w.ahead.full
		w.err = b.err
		rest := w.unread()
		if len(rest) > room { // in the middle of a very long record
			w.buf = append(w.buf[:w.end], b.buf[room:room+b.n]...)
			w.end = len(w.buf)
			w.ahead.idle <- b.buf
			continue
		}
		offset, start := w.offset(), room-len(rest)
		copy(b.buf[start:], rest)
		w.buf, w.pos, w.end, w.base = b.buf, start, room+b.n, offset-int64(start)
		if w.block != nil {
			w.ahead.idle <- w.block
		}
		w.block = b.buf
	}
	return true
}
