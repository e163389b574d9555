package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// File is a trace on disk.
type File struct {
	Path string
	Size int64
	Made string // how a capture of programs was made
	tracegen.Counts
}

// perPacket is how many bytes a packet has in the file.
func (f *File) perPacket() int64 { return f.Size / int64(max(f.Packets, 1)) }

// made says beside a trace how it was made. It is written last: without it, the
// trace may be cut short.
type made struct {
	Edition, N int
	Size       int64
	Counts     tracegen.Counts
	Made       string
}

// makeFile makes a trace in dir, or finds the one made there earlier.
func makeFile(dir, kind string, n int) (*File, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.pcap", kind, n))
	note := path + ".json"
	if f := madeEarlier(path, note, tracegen.Edition, n); f != nil {
		return f, nil
	}
	os.Remove(note)
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 1<<20)
	counts, err := tracegen.Find(kind).Write(w, n, 1)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		return nil, err
	}
	return finished(path, note, made{Edition: tracegen.Edition, N: n, Counts: counts})
}

// finished writes the note beside a file that is complete.
func finished(path, note string, m made) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	m.Size = info.Size()
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return &File{Path: path, Size: m.Size, Made: m.Made, Counts: m.Counts}, os.WriteFile(note, data, 0o644)
}

// captureFile makes a capture of programs in the directory of traces, or finds
// the one made there earlier. It is programs.Missing if it cannot be made.
func captureFile(ctx context.Context, opt *Options, kind string, n int) (*File, error) {
	path := filepath.Join(opt.Dir, fmt.Sprintf("%s-%d.pcap", kind, n))
	note := path + ".json"
	if f := madeEarlier(path, note, programs.Edition, n); f != nil {
		return f, nil
	}
	os.Remove(note)
	how, err := programs.Find(kind).Make(ctx, path, n)
	var missing programs.Missing
	switch {
	case errors.As(err, &missing) || err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil: // a program failed, or the machine was too slow to capture it all
		return nil, programs.Missing(err.Error())
	}
	packets, err := count(path)
	if err != nil {
		return nil, err
	}
	return finished(path, note, made{Edition: programs.Edition, N: n, Counts: tracegen.Counts{Packets: packets}, Made: how})
}

// count returns how many packets a capture has.
func count(path string) (n uint64, err error) {
	src, err := capture.Open(path)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	var p capture.Packet
	for {
		switch err := src.Next(&p); {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
		n++
	}
}

// madeEarlier returns the trace if it is there, whole, and of this edition.
func madeEarlier(path, note string, edition, n int) *File {
	data, err := os.ReadFile(note)
	if err != nil {
		return nil
	}
	var m made
	info, err := os.Stat(path)
	if err != nil || json.Unmarshal(data, &m) != nil || m.Edition != edition || m.N != n || m.Size != info.Size() {
		return nil
	}
	return &File{Path: path, Size: m.Size, Made: m.Made, Counts: m.Counts}
}
