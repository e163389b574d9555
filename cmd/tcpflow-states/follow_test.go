//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// pour appends data to a file in pieces, some of which end within a packet.
func pour(t *testing.T, name string, data []byte, pieces int) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for ; pieces > 0; pieces-- {
		n := len(data)
		if pieces > 1 {
			n = rand.IntN(1 + len(data))
		}
		if _, err := f.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
		time.Sleep(20 * time.Millisecond)
	}
}

// TestFollow follows a file that grows: connections are told as they end, SIGUSR1 is
// answered, and SIGINT ends it with the report.
func TestFollow(t *testing.T) {
	data, err := os.ReadFile("../../testdata/pcaps/conversations/32-zero-window-probes.pcap")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "growing.pcap")
	pour(t, name, nil, 1)
	p := start(t, program("--follow", name, "--linger", "1ms", "--every", "300ms"))
	pour(t, name, data, 5)
	eventually(t, "--every tells of the connection", func() bool {
		return strings.Contains(p.stderr.String(), "open, ") && strings.Contains(p.stderr.String(), "; 18 packets, ")
	})
	p.signal(syscall.SIGUSR1)
	more, err := os.ReadFile("../../testdata/pcaps/conversations/100-stuck.pcap") // takes longer
	if err != nil {
		t.Fatal(err)
	}
	pour(t, name, more[24:], 3)
	p.await(`#1 +10\.0\.0\.1:40000 → 10\.0\.0\.2:80 .*zero-window-duration`) // while it was open
	p.await(`normal close`)
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	for _, want := range []string{"Capture ", "growing.pcap", "none skipped"} {
		if !strings.Contains(p.all.String(), want) {
			t.Errorf("no %q in the report:\n%s", want, p.all.String())
		}
	}
}

// TestFollowSaysTheSame holds the report of captures that grew while they were read against
// that of the whole.
func TestFollowSaysTheSame(t *testing.T) {
	for _, pattern := range []string{"conversations/0[1-4]-*.pcap", "kernel/half-close.*.pcap", "kernel/lost-last-ack.*.pcap"} {
		names, _ := filepath.Glob("../../testdata/pcaps/" + pattern)
		for _, name := range names {
			t.Run(filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				data, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				whole, err := program(name, "--json").Output()
				if err != nil {
					t.Fatal(err)
				}
				growing := filepath.Join(t.TempDir(), filepath.Base(name))
				pour(t, growing, nil, 1)
				p := start(t, program("--follow", growing, "--json", "--every", "100ms"))
				pour(t, growing, data, 6)
				var doc closingDocument
				if err := json.Unmarshal(whole, &doc); err != nil {
					t.Fatal(err)
				}
				eventually(t, "all is read", func() bool {
					return strings.Contains(p.stderr.String(), "; "+phrase.Counted(doc.Capture.Packets, "packet", "packets")+",")
				})
				p.signal(os.Interrupt)
				if code := p.end(); code != exitOK {
					t.Errorf("exit code %d\n%s", code, p.stderr.String())
				}
				got := strings.Replace(p.all.String(), growing, name, 1)
				if got, want := withoutFiles(t, got), withoutFiles(t, string(whole)); !reflect.DeepEqual(got, want) {
					t.Errorf("%s\nwant\n%s", p.all.String(), whole)
				}
			})
		}
	}
}

// TestFollowWrites follows a capture that goes on in a second file, and writes the packets of
// what is chosen: they are those of the whole, on one interface.
func TestFollowWrites(t *testing.T) {
	whole := filepath.Join(root, "testdata/pcaps/kernel/half-close.client.pcap")
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	want := packetsIn(t, whole)
	half := 24 // bytes, of the file's header and then of its first packets
	for _, p := range want[:len(want)/2] {
		half += 16 + len(p.Data)
	}
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out.pcapng")
	first, second := filepath.Join(dir, "trace-1.pcap"), filepath.Join(dir, "trace-2.pcap")
	pour(t, first, data[:half], 3)
	p := start(t, program("--follow", first, "-w", out, "--verdict", "closed-normally", "--every", "100ms"))
	pour(t, second, data[:24], 1)
	pour(t, second, data[half:], 3)
	eventually(t, "all is read", func() bool {
		return strings.Contains(p.stderr.String(), "; "+phrase.Counted(len(want), "packet", "packets")+",")
	})
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	got := packetsIn(t, out)
	if len(got) != len(want) {
		t.Fatalf("%d packets were written, of %d\n%s", len(got), len(want), p.stderr.String())
	}
	for i := range got {
		if g, w := got[i], want[i]; g.Time != w.Time || g.Length != w.Length || g.Interface != 0 || !bytes.Equal(g.Data, w.Data) {
			t.Errorf("packet %d is %+v, expected %+v", i+1, g, w)
		}
	}
}

// packetsIn reads a file.
func packetsIn(t *testing.T, name string) (list []capture.Packet) {
	t.Helper()
	source, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		c := p
		c.Data = bytes.Clone(p.Data)
		list = append(list, c)
	}
	return list
}

// withoutFiles reads a document without the numbers of files, which one that is followed
// has from the beginning.
func withoutFiles(t *testing.T, text string) any {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var strip func(v any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, part := range v {
				if name == "file" || name == "files" || strings.HasSuffix(name, "_file") {
					delete(v, name)
				}
				strip(part)
			}
		case []any:
			for _, part := range v {
				strip(part)
			}
		}
	}
	strip(doc)
	return doc
}

// TestFollowTcpdump follows what tcpdump writes: files of a megabyte, files of a second,
// and both from the folder. At the end the report is that of the files as a whole.
func TestFollowTcpdump(t *testing.T) {
	needLoopback(t)
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip(err)
	}
	for _, test := range []struct{ name, write, follow string }{
		{"by size", "x.pcap -C 1", "x.pcap"},
		{"by size, counted", "x.pcap -C 1 -W 30", "x.pcap"},
		{"by time", "x-%H%M%S.pcap -G 1 -U", "x-%H%M%S.pcap"},
		{"folder", "x-%H%M%S.pcap -G 1", "."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// The kernel may stamp two packets the other way round than it hands them to tcpdump.
			// Where a file ends between them, files that are there as a whole are merged by time.
			for try := 1; !followTcpdump(t, tcpdump, test.write, test.follow); try++ {
				if try == 5 {
					t.Fatal("files that overlap in time each time")
				}
				t.Log("two files overlap in time: once more")
			}
		})
	}
}

// followTcpdump follows what tcpdump writes and holds the report against that of the files as
// a whole. It reports false, and has held nothing, if these overlap in time.
func followTcpdump(t *testing.T, tcpdump, write, follow string) (held bool) {
	t.Helper()
	address, port := server(t)
	dir := t.TempDir()
	dump := exec.Command(tcpdump, append(strings.Fields("-i lo -w "+write), "tcp", "port", port)...)
	if os.Geteuid() == 0 { // or it is another user's program when it makes the next file
		dump.Args = slices.Insert(dump.Args, 1, "-Z", "root")
	}
	dump.Dir = dir
	var complaint strings.Builder
	dump.Stderr = &complaint
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dump.Process.Kill() })
	eventually(t, "tcpdump makes a file", func() bool {
		names, _ := filepath.Glob(filepath.Join(dir, "x*"))
		return len(names) > 0
	})
	cmd := program("--follow", follow, "--json", "--every", "100ms")
	cmd.Dir = dir
	p := start(t, cmd)
	eventually(t, "it follows", func() bool { return strings.Contains(p.stderr.String(), " packets, ") })
	time.Sleep(200 * time.Millisecond) // tcpdump says too early that it listens
	for range 7 {
		echo(t, address, 300_000)
		time.Sleep(250 * time.Millisecond)
	}
	dump.Process.Signal(os.Interrupt)
	if err := dump.Wait(); err != nil {
		t.Fatal(err, complaint.String())
	}
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	var doc struct {
		Capture struct {
			Packets uint64
			Sources []struct{ Name string }
			Quality struct {
				Backwards int `json:"clock_backwards"`
			}
		}
	}
	if err := json.Unmarshal([]byte(p.all.String()), &doc); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range doc.Capture.Sources {
		names = append(names, s.Name)
	}
	if len(names) < 2 || doc.Capture.Packets == 0 {
		t.Fatalf("it read %d packets of %q", doc.Capture.Packets, names)
	}
	cmd = program(append(names, "--json")...)
	cmd.Dir = dir
	whole, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	followed := doc.Capture.Quality.Backwards
	if err := json.Unmarshal(whole, &doc); err != nil {
		t.Fatal(err)
	}
	if followed > doc.Capture.Quality.Backwards {
		return false
	}
	if string(whole) != p.all.String() {
		t.Errorf("of %q\n%s\nwant\n%s", names, p.all.String(), whole)
	}
	// No file has packets but these.
	all, _ := filepath.Glob(filepath.Join(dir, "x*"))
	for _, name := range all {
		if st, err := os.Stat(name); err == nil && st.Size() > 24 && !slices.Contains(names, filepath.Join(filepath.Dir(names[0]), filepath.Base(name))) {
			t.Errorf("%s was not read: %q", name, names)
		}
	}
	return true
}

// echo sends n bytes and takes them back.
func echo(t *testing.T, address string, n int) {
	t.Helper()
	c, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go c.Write(make([]byte, n))
	if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
		t.Fatal(err)
	}
}
