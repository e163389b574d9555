package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// Open opens a capture file, or standard input for "-". What the file holds is
// told from its content, never from its name, and without seeking. It fails
// with an *InputError if the content is nothing it reads, with a *CutError if
// the file ends inside its own header, and otherwise with what the operating
// system says.
//
// A large file is read some blocks ahead, and decompressed, on a goroutine that ends with
// the file or with Close.
func Open(name string) (Source, error) {
	s, err := openFile(name, windowSize, 0)
	if err != nil {
		return nil, err
	}
	if f := s.common(); f.info.Size >= leastAhead && runtime.GOMAXPROCS(0) > 1 {
		f.readAhead()
	}
	return s, nil
}

// OpenReader reads a capture from r, without seeking; name is for messages. The
// source does not close r.
func OpenReader(name string, r io.Reader) (Source, error) {
	return openReader(name, r, windowSize, 0)
}

// openFile opens a file with a read buffer of bufSize, which becomes one of full, if that is
// more, when it is read further than the first read brings.
func openFile(name string, bufSize, full int) (fileSource, error) {
	if name == "-" {
		return openReader(name, os.Stdin, bufSize, full)
	}
	in, st, err := openDisk(name)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		err = &InputError{Name: name, Kind: ErrDirectory, Hint: "name the capture files in it"}
	}
	var s fileSource
	if err == nil {
		s, err = openReader(name, in, bufSize, full)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	f := s.common()
	f.closers = append(f.closers, in.Close)
	if st.Mode().IsRegular() {
		f.info.Size = st.Size()
	}
	return s, nil
}

// fileSource is a source with a file behind it.
type fileSource interface {
	Source
	common() *file
}

// maxNesting is how many compressions may be wrapped around a capture.
const maxNesting = 2

// openReader finds out what the input is, through its compressions, and returns
// the reader for it.
func openReader(name string, r io.Reader, bufSize, full int) (fileSource, error) {
	input := &counter{r: r}
	f := file{window: newWindow(input, bufSize), input: input}
	f.info.Name, f.full = name, full
	s, err := f.open()
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

func (f *file) open() (fileSource, error) {
	for depth := 0; ; depth++ {
		f.has(6)
		magic := identify(f.unread())
		switch magic {
		case "pcap":
			f.info.Format = magic + f.inside
			return newPcap(*f)
		case "pcapng":
			f.info.Format = magic + f.inside
			return newPcapng(*f)
		}
		if _, packed := decompressors[magic]; packed {
			if depth < maxNesting {
				if err := f.unpack(magic); err != nil {
					return nil, err
				}
				continue
			}
			return nil, &InputError{Name: f.info.Name, Kind: ErrCompression,
				Detail: fmt.Sprintf("it is compressed more than %d times over", maxNesting)}
		}
		f.has(16)
		if f.err != nil && f.err != io.EOF {
			if f.inside == "" {
				return nil, fmt.Errorf("%q: %w", f.info.Name, f.err)
			}
			return nil, f.short(0, "the first header", 4)
		}
		e := refusal(f.unread())
		e.Name = f.info.Name
		return nil, e
	}
}

// unpack puts a decompressor between the input and the window.
func (f *file) unpack(kind string) error {
	packed := f.window
	r, err := decompressors[kind](&packed)
	if err != nil {
		e := &CutError{Reason: "no whole " + kind + " header", Err: err}
		e.Damaged = !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF)
		return f.cut(e, 0)
	}
	f.window = newWindow(r, len(packed.buf))
	f.full = packed.full
	f.closers = append(f.closers, r.Close)
	f.inside = "+" + kind + f.inside
	return nil
}
