//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
)

// FuzzCommand runs the whole command, in this process, on a capture that fuzzing has
// changed, with flags that it chooses: there is no panic, the output is valid in its
// format, packets = segments + skipped, and neither time nor memory is beyond what so
// many packets may cost.
func FuzzCommand(f *testing.F) {
	for i, file := range fuzzinput.Captures("../..") {
		list, err := fuzzinput.Load(file, 60)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fuzzinput.Write(byte(i), list), uint64(i)*0x9e3779b97f4a7c15)
		if raw, err := os.ReadFile(file); err == nil && len(raw) < 8<<10 {
			f.Add(append([]byte{asFile}, raw...), uint64(i)*0xd1342543de82ef95)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, chosen uint64) {
		r := newCommandRun(t, data, chosen)
		r.checkCost()
		r.checkMessages()
		r.checkOutput()
	})
}

// asFile as an input's first byte says that the others are a file as it is; otherwise
// they are packets in fuzzinput's form, which one changed byte does not tear apart.
const asFile = 0xff

// choices are taken from a number, one after another.
type choices uint64

func (c *choices) of(n int) int {
	k := uint64(*c) % uint64(n)
	*c /= choices(n)
	return int(k)
}

func (c *choices) from(list ...string) string { return list[c.of(len(list))] }

// commandRun is one run of the command, and what it came to.
type commandRun struct {
	t                *testing.T
	args             []string
	stdin            string
	piped            bool // the capture comes through a pipe
	format           string
	sources, packets int // what the files hold, read by capture alone
	size             int64
	maxPackets       int // of -c, or 0

	code           int
	stdout, stderr []byte
	cpu            time.Duration
	allocated      uint64
}

// newCommandRun writes the files, chooses the flags and runs the command.
func newCommandRun(t *testing.T, data []byte, chosen uint64) *commandRun {
	t.Helper()
	r := &commandRun{t: t, sources: 1}
	c := choices(chosen)
	r.chooseFlags(&c)
	r.chooseInput(&c, data)
	r.run()
	if r.tooDear() { // a busy machine may have been the reason: the least of three counts
		for range 2 {
			before := *r
			r.run()
			r.cpu = min(r.cpu, before.cpu)
		}
	}
	return r
}

// chooseFlags chooses what is analysed and how it is shown. Some choices exclude each
// other: that is for the command to tell.
func (r *commandRun) chooseFlags(c *choices) {
	r.format = c.from("text", "json", "ndjson", "zeek", "zeek-json", "sarif", "junit", "text", "json", "ndjson")
	r.args = []string{"--keep-root", "--format", r.format}
	add := func(args ...string) { r.args = append(r.args, args...) }
	switch c.of(12) {
	case 0:
		add("--segments")
	case 1:
		add("--summary-only")
	case 2:
		add("--conn", "1", "--full")
	case 3:
		add("--conn", "1-3,7", "--abs-seq")
	case 4:
		add("--explain", "1")
	case 5:
		add("--explain-frame", strconv.Itoa(1+c.of(40)))
	case 6:
		add("--quiet")
	case 7:
		add("--timelines", "1000", "--full", "--time", c.from("relative", "delta", "local", "utc", "epoch"))
	case 8:
		add("--fail-on", c.from("error", "warning", "note"))
	}
	switch c.of(10) {
	case 0:
		add("--host", "10.0.0.0/8")
	case 1:
		add("--port", "80,443,8000-9000")
	case 2:
		if capture.HasLibpcap {
			add("--filter", c.from("tcp", "port 80", "not tcp[13] & 4 != 0"))
		}
	case 3:
		r.maxPackets = 1 + c.of(30)
		add("--count", strconv.Itoa(r.maxPackets))
	}
	add("--workers", strconv.Itoa(1+c.of(3)))
	for _, f := range []string{"--no-checksums", "--ascii", "--color=always", "--limit=3", "--width=80", "--max-connections=2", "--msl=1ms", "--linger=1s"} {
		if c.of(4) == 0 {
			add(f)
		}
	}
}

// chooseInput writes the capture: as a file, two files, compressed, on standard input.
func (r *commandRun) chooseInput(c *choices, data []byte) {
	dir := r.t.TempDir()
	if len(data) == 0 {
		data = []byte{0}
	}
	var raw []byte
	if data[0] == asFile {
		raw = data[1:]
	} else {
		raw = pcapOf(fuzzinput.Read(data))
	}
	if c.of(4) == 0 {
		raw = compressed(raw)
	}
	name := filepath.Join(dir, "a.pcap")
	r.write(name, raw)
	switch c.of(8) {
	case 0: // one file in two, or twice the same
		second := filepath.Join(dir, "b.pcap")
		r.write(second, raw[:len(raw)-c.of(2)*(len(raw)/3)])
		r.args = append(r.args, name, second)
		r.sources = 2
		if c.of(2) == 0 {
			r.args = append(r.args, "--merge")
		}
	case 1:
		r.stdin = name
		r.args = append(r.args, "-")
	case 2:
		r.stdin, r.piped = name, true
		r.args = append(r.args, "-")
	case 3:
		r.args = append(r.args, "-r", name)
	default:
		r.args = append(r.args, name)
	}
}

// write writes a file and counts its packets.
func (r *commandRun) write(name string, data []byte) {
	if err := os.WriteFile(name, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
	s, err := capture.Open(name)
	if err != nil {
		return
	}
	defer s.Close()
	var p capture.Packet
	for s.Next(&p) == nil {
		r.packets++
		r.size += int64(len(p.Data))
	}
}

// pcapOf writes packets as a pcap file with nanoseconds.
func pcapOf(list fuzzinput.List) []byte {
	word := func(b []byte, list ...uint32) []byte {
		for _, v := range list {
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	b := word(nil, 0xa1b23c4d, 4<<16|2, 0, 0, 0, uint32(list.LinkType))
	for _, p := range list.Packets {
		b = word(b, uint32(p.Time/1e9), uint32(p.Time%1e9), uint32(len(p.Data)), uint32(p.Length))
		b = append(b, p.Data...)
	}
	return b
}

func compressed(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// run runs the command with its streams in files.
func (r *commandRun) run() {
	dir := r.t.TempDir()
	create := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		return f
	}
	out, complaint := create("out"), create("err")
	defer out.Close()
	defer complaint.Close()
	in := r.openInput()
	defer in.Close()
	a := &app{stdin: in, stdout: out, stderr: complaint, unconfined: true}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used := processorTime()
	r.code = a.run(r.args)
	r.cpu = processorTime() - used
	runtime.ReadMemStats(&after)
	r.allocated = after.TotalAlloc - before.TotalAlloc
	r.stdout, r.stderr = contents(r.t, out), contents(r.t, complaint)
}

// openInput opens what is the command's standard input.
func (r *commandRun) openInput() *os.File {
	name := r.stdin
	if name == "" {
		name = os.DevNull
	}
	f, err := os.Open(name)
	if err != nil {
		r.t.Fatal(err)
	}
	if !r.piped {
		return f
	}
	read, write, err := os.Pipe()
	if err != nil {
		r.t.Fatal(err)
	}
	go func() {
		io.Copy(write, f) // fails when the command has had enough
		write.Close()
		f.Close()
	}()
	return read
}

func contents(t *testing.T, f *os.File) []byte {
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// What a run may cost: so much in any case, and so much for each packet.
const (
	freeTime     = 100 * time.Millisecond
	packetTime   = 50 * time.Microsecond
	freeMemory   = 32 << 20
	packetMemory = 64 << 10
)

func (r *commandRun) tooDear() bool {
	return r.cpu > freeTime+time.Duration(r.packets)*packetTime
}

func (r *commandRun) checkCost() {
	if r.tooDear() {
		r.t.Errorf("%q: %v for %d packets", r.args, r.cpu, r.packets)
	}
	if most := uint64(freeMemory + r.packets*packetMemory + 8*int(r.size)); r.allocated > most {
		r.t.Errorf("%q: %d bytes allocated for %d packets of %d bytes", r.args, r.allocated, r.packets, r.size)
	}
}

// checkMessages holds standard error against the rules of the terminal.
func (r *commandRun) checkMessages() {
	lines := strings.Split(strings.TrimSuffix(string(r.stderr), "\n"), "\n")
	wrong := false
	for _, line := range lines {
		if line != "" {
			wrong = wrong || strings.HasPrefix(line, "tcpflow-states: error: ")
			if !strings.HasPrefix(line, "tcpflow-states: ") || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				r.t.Errorf("%q: %q", r.args, r.stderr)
			}
		}
	}
	switch {
	case r.code == exitOK, r.code == exitFound:
		if wrong {
			r.t.Errorf("%q: exit code %d and %q", r.args, r.code, r.stderr)
		}
	case r.code == exitUsage, r.code == exitInput:
		if !wrong {
			r.t.Errorf("%q: exit code %d without a word", r.args, r.code)
		}
	default:
		r.t.Errorf("%q: exit code %d, %q", r.args, r.code, r.stderr)
	}
}

// expect compares the sum of packets that the output tells.
func (r *commandRun) expect(packets, segments, skipped uint64) {
	if packets != segments+skipped {
		r.t.Errorf("%q: %d packets, %d segments, %d skipped", r.args, packets, segments, skipped)
	}
	want := uint64(r.packets)
	if r.maxPackets > 0 {
		want = min(want, uint64(r.maxPackets))
	}
	if packets < want && r.has("--filter") && r.code == exitUsage {
		return // it means nothing for a packet's link type: that ends the reading
	}
	if packets != want {
		r.t.Errorf("%q: %d packets of %d", r.args, packets, want)
	}
}
