package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// File is a trace on disk.
type File struct {
	Path string
	Size int64
	tracegen.Counts
}

// made says beside a trace how it was made. It is written last: without it, the
// trace may be cut short.
type made struct {
	Edition, N int
	Size       int64
	Counts     tracegen.Counts
}

// makeFile makes a trace in dir, or finds the one made there earlier.
func makeFile(dir, kind string, n int) (*File, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.pcap", kind, n))
	note := path + ".json"
	if f := madeEarlier(path, note, n); f != nil {
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
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, Size: info.Size(), Counts: counts}
	data, err := json.Marshal(made{tracegen.Edition, n, f.Size, counts})
	if err != nil {
		return nil, err
	}
	return f, os.WriteFile(note, data, 0o644)
}

// madeEarlier returns the trace if it is there, whole, and of today's edition.
func madeEarlier(path, note string, n int) *File {
	data, err := os.ReadFile(note)
	if err != nil {
		return nil
	}
	var m made
	info, err := os.Stat(path)
	if err != nil || json.Unmarshal(data, &m) != nil || m.Edition != tracegen.Edition || m.N != n || m.Size != info.Size() {
		return nil
	}
	return &File{Path: path, Size: m.Size, Counts: m.Counts}
}
