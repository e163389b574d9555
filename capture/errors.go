package capture

import (
	"errors"
	"fmt"
)

// Kinds of input that cannot be read, for errors.Is. Open returns them inside
// an *InputError.
var (
	ErrEmpty       = errors.New("the file is empty")
	ErrDirectory   = errors.New("it is a directory")
	ErrNotCapture  = errors.New("not a packet capture")
	ErrFormat      = errors.New("capture format not supported")
	ErrCompression = errors.New("compression not supported")
)

// Reasons why capturing live or filtering cannot work here, for errors.Is.
var (
	ErrPermission  = errors.New("no permission to capture")
	ErrNoInterface = errors.New("no such interface")
	ErrNoLive      = errors.New("built without libpcap, live capture is not available")
	ErrNoFilter    = errors.New("built without libpcap, packet filters are not available")
)

// ErrInterrupted is what a reader given to OpenReader returns to end the reading
// where it stands. Next returns it then, in whatever part of a record that was, and
// Info calls the source neither ended nor cut: Info.Interrupt says what happened.
var ErrInterrupted = errors.New("interrupted")

// errClosed is what Next returns after Close.
var errClosed = errors.New("the source is closed")

// InputError says that a file is nothing this package reads.
type InputError struct {
	Name   string // as given to Open
	Kind   error  // ErrEmpty, ErrDirectory, ErrNotCapture, ErrFormat or ErrCompression
	Detail string // what the content is, such as "it is text", or ""
	Hint   string // what the user can do, or ""
}

// Error names the file, the kind and the detail; the hint is left to the caller.
func (e *InputError) Error() string {
	if e.Detail == "" {
		return fmt.Sprintf("%q: %v", e.Name, e.Kind)
	}
	return fmt.Sprintf("%q: %v: %s", e.Name, e.Kind, e.Detail)
}

// Unwrap returns the kind, for errors.Is.
func (e *InputError) Unwrap() error { return e.Kind }

// CutError says where and why a capture could not be read to its end. Every
// packet before Packet has been delivered.
type CutError struct {
	Name    string
	Offset  int64  // bytes before the record that could not be read
	Packet  uint64 // the number the next packet would have had
	Damaged bool   // the content is wrong, not merely missing
	Inside  string // compression around the capture ("gzip"): Offset then counts uncompressed bytes; or ""
	Reason  string // such as "6 of 16 bytes of a record header"
	Err     error  // the error of reading or decompressing below, or nil
}

// Error names the file, the packet, the offset and the reason.
func (e *CutError) Error() string {
	what := "cut short"
	if e.Damaged {
		what = "damaged"
	}
	where := fmt.Sprintf("offset %d", e.Offset)
	if e.Inside != "" {
		where += " of the uncompressed data"
	}
	s := fmt.Sprintf("%q: %s before packet %d, at %s: %s", e.Name, what, e.Packet, where, e.Reason)
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the error below, if there is one.
func (e *CutError) Unwrap() error { return e.Err }
