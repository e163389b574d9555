package capture

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"
)

// pace is how often a source that is followed is looked at.
type pace struct {
	step   time.Duration // between two looks at a file that has been read to its end
	look   time.Duration // between two looks at the folder, for the file after it
	rests  time.Duration // how many times as long as a look took the next is waited for: in a folder of very many files
	linger time.Duration // for which it is read on after an interruption: Ctrl-C goes to its writer too, which then writes what it still has
}

var usualPace = pace{100 * time.Millisecond, 200 * time.Millisecond, 25, 500 * time.Millisecond}

// noTime is before all times.
const noTime = math.MinInt64

// Follow reads a capture file that still grows, and then those that its writer goes on
// with: files of the same name but for digits (what tcpdump makes of -C, -W and -G, and
// dumpcap of -b), in the order of their first packets. Of a folder it reads all captures
// in it, and those that come. Packet.Source counts through the files read.
//
// While there is nothing new Next calls idle about ten times a second. A packet of which a
// part is written is waited for. When ctx is done Next returns io.EOF half a second later,
// or ErrInterrupted where it had not read all that was there. Notices say what became of
// files: deleted, replaced, truncated or left out. Files are looked at, and not watched
// through the system, so that it makes no difference where they lie.
func Follow(ctx context.Context, name string, idle func(), notice func(text string)) (Source, error) {
	f := &followed{pace: usualPace, ctx: ctx, idle: idle, notice: notice, last: noTime}
	st, err := os.Stat(name)
	switch {
	case err == nil && st.IsDir():
		f.family = newFamily(name, "", notice)
		return f, nil
	case err == nil && !st.Mode().IsRegular():
		return nil, &InputError{Name: name, Kind: ErrNotCapture, Detail: "it is no regular file, and so needs no following"}
	}
	f.family = familyOf(name, notice)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) || !f.family.any() {
			return nil, err
		}
		return f, nil
	}
	if st.Size() > 0 {
		s, err := openFile(name, smallWindow, 0)
		var unfit *InputError
		if errors.As(err, &unfit) {
			return nil, err
		}
		if err == nil {
			s.Close()
		}
	}
	return f, f.open(name)
}

// followed is a source of files that are written while they are read.
type followed struct {
	pace
	ctx    context.Context
	idle   func()
	notice func(text string)
	family *family

	file  *growing   // the one being read, nil before the first
	input fileSource // its reader, nil while its header is not there
	done  []Info     // of those before
	cuts  []error    // how some of them ended
	last  int64      // time of the latest packet
	late  time.Time  // until when to go on reading after ctx is done
	ended error
}

func (f *followed) open(name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	st, err := in.Stat()
	if err != nil {
		in.Close()
		return err
	}
	f.file = &growing{of: f, name: name, in: in, is: st, began: st.ModTime()}
	return nil
}

// Takes reports whether a file of this name would be read in its turn.
func (f *followed) Takes(name string) bool {
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	theirs, err := os.Stat(f.family.dir)
	if err != nil {
		return false
	}
	own, err := os.Stat(filepath.Dir(name))
	return err == nil && os.SameFile(own, theirs) && (f.family.stem == "" || stem(filepath.Base(name)) == f.family.stem)
}

// Successive says that its files come one after the other: where an interface of one is
// described as one of another, it is the same.
func (f *followed) Successive() bool { return true }

// Next delivers the next packet, waiting for it.
func (f *followed) Next(p *Packet) error {
	for f.ended == nil {
		if f.file == nil && !f.begin() {
			break
		}
		err := f.read(p)
		if err == nil {
			if f.last = p.Time; f.input.common().number == 1 {
				f.family.took(p)
			}
			p.Source = len(f.done)
			return nil
		}
		f.stopped(err)
	}
	return f.ended
}

// read reads the next packet of the file at hand.
func (f *followed) read(p *Packet) error {
	if f.input == nil {
		s, err := openReader(f.file.name, f.file, windowSize, 0)
		if err != nil {
			return err
		}
		f.input = s
	}
	return f.input.Next(p)
}

// begin waits for the first file of a folder.
func (f *followed) begin() bool {
	for {
		if next := f.family.after(nil, f.last); next != "" {
			if err := f.open(next); err != nil {
				f.ended = err
			}
			return f.ended == nil
		}
		if f.rest() {
			f.ended = io.EOF
			return false
		}
	}
}

// rest lets some time go by, and reports whether to wait no longer.
func (f *followed) rest() bool {
	f.idle()
	if f.over() {
		return true
	}
	t := time.NewTimer(f.step)
	defer t.Stop()
	done := f.ctx.Done()
	if !f.late.IsZero() { // it is done, and the writer may still write
		done = nil
	}
	select {
	case <-done:
	case <-t.C:
	}
	return f.over()
}

// over reports whether nothing more is wanted.
func (f *followed) over() bool {
	if f.ctx.Err() == nil {
		return false
	}
	if f.late.IsZero() {
		f.late = time.Now().Add(f.linger)
	}
	return time.Now().After(f.late)
}

// mostCuts is how many files' ends are remembered that were none.
const mostCuts = 16

// stopped goes on with the next file, if it is the turn of one.
func (f *followed) stopped(err error) {
	switch {
	case errors.Is(err, ErrInterrupted) && f.file.caughtUp:
		f.ended = io.EOF
	case f.file.next == "":
		f.ended = err
	default:
		if err != io.EOF && !errors.Is(err, ErrEmpty) && len(f.cuts) < mostCuts {
			f.cuts = append(f.cuts, err)
		}
		next := f.file.next
		f.finish()
		if err := f.open(next); err != nil {
			f.ended = err
		}
	}
	if f.ended == io.EOF && len(f.cuts) > 0 {
		f.ended = errors.Join(f.cuts...)
	}
}

// finish puts the file at hand among those that were read.
func (f *followed) finish() {
	f.done = append(f.done, f.current())
	if f.input != nil {
		f.input.Close()
	}
	f.file.in.Close()
	f.file, f.input = nil, nil
}

// current describes the file at hand.
func (f *followed) current() Info {
	if f.input == nil {
		return Info{Name: f.file.name}
	}
	return f.input.Info()[0]
}

// Info describes the files read so far.
func (f *followed) Info() []Info {
	all := append([]Info(nil), f.done...)
	if f.file != nil {
		all = append(all, f.current())
	}
	return all
}

// Close closes the file at hand.
func (f *followed) Close() error {
	var errs []error
	if f.input != nil {
		errs = append(errs, f.input.Close())
	}
	if f.file != nil {
		errs = append(errs, f.file.in.Close())
		f.file.next = ""
	}
	f.ended = errClosed
	return errors.Join(errs...)
}
