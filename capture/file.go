package capture

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
)

// file is what the readers of every file format share: the input, the count of
// packets, and how reading ended.
type file struct {
	window
	info    Info
	number  uint64 // packets delivered
	inside  string // the compressions around the capture, innermost first: "+gzip"
	last    int64  // time of the packet before
	ended   error  // what Next returns from now on
	input   *counter
	closers []func() error
}

func (f *file) common() *file { return f }

// counter counts what is read from the file itself, before decompression.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// describe returns what is known of the file by now.
func (f *file) describe() Info {
	info := f.info
	info.Packets = f.number
	info.Read = f.input.n.Load()
	info.Ended = f.ended == io.EOF
	return info
}

// Close closes the decompressors and the file, where Open opened it.
func (f *file) Close() error {
	f.ended = errClosed
	return f.release()
}

// release closes what is open, and gives the memory back.
func (f *file) release() error {
	if f.ahead != nil {
		f.ahead.stop()
		f.ahead = nil
	}
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c())
	}
	f.closers = nil
	f.buf, f.block, f.pos, f.end = nil, nil, 0, 0
	return errors.Join(errs...)
}

// stop ends reading with err, for good: of thousands of files few are then open at a time.
func (f *file) stop(err error) error {
	f.ended = err
	f.release() // what was only read has nothing to lose
	return err
}

// short ends reading because want bytes of what were not to be had. It is a
// clean end if the input stops exactly where a record would begin: there is
// nothing at offset at, and nothing went wrong below.
//
// pcapgo takes a pcapng file that ends inside a block, and a pcap file that
// ends behind a record's header, for whole.
func (f *file) short(at int64, what string, want int64) error {
	got := f.base + int64(f.end) - at
	if errors.Is(f.err, ErrInterrupted) {
		return f.stop(ErrInterrupted)
	}
	if got == 0 && f.err == io.EOF {
		return f.stop(io.EOF)
	}
	e := &CutError{Reason: fmt.Sprintf("%d of %d bytes of %s", got, want, what)}
	if f.err != io.EOF {
		e.Err = f.err
		// A decompressor that runs out of input says so with this; anything
		// else is its complaint about what it was given.
		e.Damaged = f.inside != "" && !errors.Is(f.err, io.ErrUnexpectedEOF)
	}
	return f.cut(e, at)
}

// damaged ends reading because the record at offset at makes no sense.
func (f *file) damaged(at int64, format string, args ...any) error {
	return f.cut(&CutError{Damaged: true, Reason: fmt.Sprintf(format, args...)}, at)
}

func (f *file) cut(e *CutError, at int64) error {
	e.Name, e.Offset, e.Packet, e.Inside = f.info.Name, at, f.number+1, strings.TrimPrefix(f.inside, "+")
	f.info.Cut = e.Error()
	return f.stop(e)
}
