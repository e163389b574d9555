package analyzer_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestStreamNumbers holds the numbers that connections have in Wireshark against tshark's,
// where that is installed: none may be wrong, and nearly all must be there.
func TestStreamNumbers(t *testing.T) {
	if testing.Short() {
		t.Skip("short: tshark takes half a second a capture")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("skipped:", err)
	}
	files, err := filepath.Glob("../testdata/pcaps/conversations/*.pcap")
	cases, _ := filepath.Glob("../testdata/pcaps/cases/*.pcap")
	if err != nil || len(files) == 0 || len(cases) == 0 {
		t.Fatal("no captures", err)
	}
	for _, file := range cases { // those in which a connection shares its stream, or might
		ends := map[[2]record.Addr]bool{}
		for _, c := range recordsOf(t, file) {
			if pair := [2]record.Addr{c.Client, c.Server}; ends[pair] {
				files = append(files, file)
				break
			} else {
				ends[pair] = true
			}
		}
	}
	numbered, all := 0, 0
	for _, file := range files {
		theirs := streamsOf(t, tshark, file)
		for _, c := range recordsOf(t, file) {
			ordinary := strings.Contains(file, "conversations")
			if ordinary {
				all++
			}
			if c.Stream == 0 {
				continue
			}
			if ordinary {
				numbered++
			}
			for _, f := range []fsm.Frame{c.FirstFrame, c.LastFrame} {
				if got, want := c.Stream-1, theirs[f.Number()]; got != want {
					t.Errorf("%s #%d, frame %d: stream %d, tshark's %d", filepath.Base(file), c.ID, f.Number(), got, want)
				}
			}
		}
	}
	if numbered*100 < all*90 {
		t.Errorf("%d of %d connections have a number, want nine in ten at least", numbered, all)
	}
}

// streamsOf returns tshark's stream of each frame.
func streamsOf(t *testing.T, tshark, file string) map[uint64]uint64 {
	t.Helper()
	out, err := exec.Command(tshark, "-n", "-r", file, "-Y", "tcp", "-T", "fields", "-e", "frame.number", "-e", "tcp.stream").Output()
	if err != nil && len(out) == 0 {
		t.Skipf("skipped: tshark: %v", err)
	}
	streams := make(map[uint64]uint64)
	for line := range bytes.Lines(out) {
		frame, stream, _ := bytes.Cut(bytes.TrimSpace(line), []byte("\t"))
		f, ferr := strconv.ParseUint(string(frame), 10, 64)
		if s, err := strconv.ParseUint(string(stream), 10, 64); err == nil && ferr == nil {
			streams[f] = s
		}
	}
	return streams
}

func recordsOf(t *testing.T, file string) []*record.Connection {
	t.Helper()
	src, err := capture.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	} else if err != nil {
		return nil
	}
	defer src.Close()
	a := analyzer.New(analyzer.Options{})
	var p capture.Packet
	for src.Next(&p) == nil {
		a.Packet(&p)
	}
	r, err := a.Finish()
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return r.Connections
}
