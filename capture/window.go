package capture

import "io"

const (
	windowSize = 256 << 10 // first size of the read buffer; large enough to make a read(2) cheap, small enough for the cache
	maxEmpty   = 100       // reads of nothing, without an error, before a reader is given up
)

// window is the part of an input that is in memory. Packets are slices of its
// buffer, so reading one costs no copy and no allocation. A read takes what is
// there and never waits to fill the buffer: on a pipe, a packet can be
// delivered as soon as its last byte has come.
type window struct {
	src  io.Reader
	buf  []byte
	pos  int   // unread bytes are buf[pos:end]
	end  int   //
	base int64 // offset in the input of buf[0]
	err  error // what ended the input, io.EOF included
	full int   // size of buf from the second read on, if it is less

	ahead *readAhead // reads the input, or nil
	block []byte     // of it, that buf was, if it is not still
}

func newWindow(src io.Reader, size int) window {
	return window{src: src, buf: make([]byte, size)}
}

// offset returns how many bytes of the input come before the unread ones.
func (w *window) offset() int64 { return w.base + int64(w.pos) }

// has reports whether n bytes can be had from pos on, reading as needed. It may
// move the unread bytes, so slices are to be taken after it.
func (w *window) has(n int) bool { return w.end-w.pos >= n || w.fill(n) }

// unread returns the bytes at hand without reading.
func (w *window) unread() []byte { return w.buf[w.pos:w.end] }

func (w *window) fill(n int) bool {
	if w.ahead != nil {
		return w.fillAhead(n)
	}
	empty := 0
	for w.end-w.pos < n {
		if w.err != nil {
			return false
		}
		if w.pos > 0 {
			w.base += int64(w.pos)
			w.end = copy(w.buf, w.buf[w.pos:w.end])
			w.pos = 0
		}
		if len(w.buf) < w.full && w.offset() > 0 {
			w.buf = append(make([]byte, 0, w.full), w.buf[:w.end]...)[:w.full]
		}
		if w.end == len(w.buf) {
			// Grow as the bytes come, never by what a length field promises.
			w.buf = append(w.buf, make([]byte, min(len(w.buf), n-len(w.buf)))...)
		}
		k, err := w.src.Read(w.buf[w.end:])
		w.end += k
		w.err = err
		if k > 0 {
			empty = 0
		} else if empty++; err == nil && empty == maxEmpty {
			w.err = io.ErrNoProgress
		}
	}
	return true
}

// skip drops n bytes, which need not fit into the buffer, and reports whether
// they were all there.
func (w *window) skip(n int64) bool {
	for {
		k := min(n, int64(w.end-w.pos))
		w.pos += int(k)
		n -= k
		if n == 0 {
			return true
		}
		if !w.has(1) {
			return false
		}
	}
}

// Read lets a decompressor take the input over from where the window stands.
func (w *window) Read(p []byte) (int, error) {
	if w.pos < w.end {
		n := copy(p, w.buf[w.pos:w.end])
		w.pos += n
		return n, nil
	}
	if w.err != nil {
		return 0, w.err
	}
	return w.src.Read(p)
}
