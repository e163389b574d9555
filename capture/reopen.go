package capture

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// spareDescriptors is how many descriptors are freed when the limit is met: the
// rest of the program opens files too, if few.
const spareDescriptors = 16

// diskFile reads a regular file that may be closed between two reads, and is then
// opened again where it was: so thousands of files can be read side by side where
// a process may have some hundred open.
type diskFile struct {
	name  string
	first os.FileInfo // which file it is
	in    *os.File    // nil while it is closed for others
	at    int64
	err   error         // that of reopening it, which stays
	busy  bool          // a read is under way
	place *list.Element // in openFiles, while it is open
}

// openFiles are the files that are open, the one read last in front. The limit on
// descriptors is the process's, and so is this list.
var openFiles struct {
	sync.Mutex
	list.List
}

// openDisk opens a file; of one that is not regular it returns the os.File.
func openDisk(name string) (in io.ReadCloser, st os.FileInfo, err error) {
	openFiles.Lock()
	defer openFiles.Unlock()
	f, err := openSparing(name)
	if err != nil {
		return nil, nil, err
	}
	if st, err = f.Stat(); err != nil {
		f.Close()
		return nil, nil, err
	}
	if !st.Mode().IsRegular() {
		return f, st, nil
	}
	d := &diskFile{name: name, in: f, first: st}
	d.place = openFiles.PushFront(d)
	return d, st, nil
}

// openSparing opens a file, closing others where there may be no more.
func openSparing(name string) (*os.File, error) {
	for {
		f, err := os.Open(name)
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) || !spare() {
			return f, err
		}
	}
}

// spare closes the files that were read longest ago, and reports whether it found
// any.
func spare() bool {
	n := 0
	for e := openFiles.Back(); e != nil && n < spareDescriptors; {
		d := e.Value.(*diskFile)
		e = e.Prev()
		if !d.busy {
			d.park()
			n++
		}
	}
	return n > 0
}

// park closes the file until it is read again.
func (d *diskFile) park() {
	d.in.Close() // it was read only: there is nothing that could be lost
	d.in = nil
	openFiles.Remove(d.place)
}

// Read reads on where the last read ended.
func (d *diskFile) Read(p []byte) (int, error) {
	if err := d.begin(); err != nil {
		return 0, err
	}
	n, err := d.in.Read(p)
	openFiles.Lock()
	defer openFiles.Unlock()
	d.at += int64(n)
	d.busy = false
	return n, err
}

// begin sees to it that the file is open and stays so during a read.
func (d *diskFile) begin() error {
	openFiles.Lock()
	defer openFiles.Unlock()
	if d.err != nil {
		return d.err
	}
	if d.in == nil {
		if d.err = d.reopen(); d.err != nil {
			return d.err
		}
		d.place = openFiles.PushFront(d)
	} else if openFiles.Front() != d.place {
		openFiles.MoveToFront(d.place)
	}
	d.busy = true
	return nil
}

// reopen opens the file where it was read to. Under its name there may be another
// by now.
func (d *diskFile) reopen() error {
	in, err := openSparing(d.name)
	if err != nil {
		return fmt.Errorf("it was closed because too many files were open, and cannot be opened again: %w", err)
	}
	st, err := in.Stat()
	if err == nil && !os.SameFile(st, d.first) {
		err = errors.New("it was replaced by another while it was read")
	}
	if err == nil {
		_, err = in.Seek(d.at, io.SeekStart)
	}
	if err != nil {
		in.Close()
		return err
	}
	d.in = in
	return nil
}

// Close closes the file for good.
func (d *diskFile) Close() error {
	openFiles.Lock()
	defer openFiles.Unlock()
	d.err = os.ErrClosed
	if d.in == nil {
		return nil
	}
	openFiles.Remove(d.place)
	err := d.in.Close()
	d.in = nil
	return err
}
