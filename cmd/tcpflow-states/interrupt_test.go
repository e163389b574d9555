//go:build unix

package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// largeCapture is a file that takes the program a while.
func largeCapture(t *testing.T) (name string, packets uint64) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "large.pcap")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	counts, err := tracegen.Find("web").Write(w, 400_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return name, uint64(counts.Packets)
}

// stopMidway starts the program on the file and stops it while it reads.
func stopMidway(t *testing.T, name string, args ...string) *process {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("/proc tells how far the program has read")
	}
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, program(append(args, name)...))
	eventually(t, "the file is read", func() bool {
		// Looked at every millisecond: eventually's steps are too long.
		for range 3 {
			if at := position(p.cmd, name); at > st.Size()/10 {
				p.signal(syscall.SIGSTOP)
				eventually(t, "the program stopped", func() bool { return stopped(p.cmd) })
				if position(p.cmd, name) > st.Size()/2 {
					t.Skip("too much was read before it could be stopped")
				}
				return true
			}
			time.Sleep(time.Millisecond)
		}
		return false
	})
	return p
}

// stopped reports whether a process has been stopped.
func stopped(cmd *exec.Cmd) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	return err == nil && strings.Contains(string(status), "\nState:\tT")
}

// position returns how far a process has read a file.
func position(cmd *exec.Cmd, name string) (at int64) {
	dir := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	fds, _ := os.ReadDir(dir + "fd")
	for _, fd := range fds {
		if to, err := os.Readlink(dir + "fd/" + fd.Name()); err == nil && to == name {
			if info, err := os.ReadFile(dir + "fdinfo/" + fd.Name()); err == nil {
				fmt.Sscanf(string(info), "pos: %d", &at)
			}
		}
	}
	return at
}

// closingDocument is what the tests read of a JSON document, or of NDJSON's last line.
type closingDocument struct {
	Type    string
	Capture struct {
		Packets, Segments uint64
		Skipped           map[string]uint64
		Sources           []struct {
			Packets     uint64
			Cut         string
			Interrupted bool
		}
		Quality struct{ Faults []string }
	}
}

// TestInterruptFile interrupts the analysis of a file with each signal: the report
// is of what was read, says so, and so does the exit code.
func TestInterruptFile(t *testing.T) {
	name, packets := largeCapture(t)
	for _, c := range []struct {
		sig  syscall.Signal
		word string
		code int
		args []string
	}{
		{syscall.SIGINT, "SIGINT", 130, []string{"--json", "--fail-on", "note"}},
		{syscall.SIGTERM, "SIGTERM", 143, []string{"--ndjson", "--workers", "1"}},
		{syscall.SIGHUP, "SIGHUP", 129, []string{"--json", "--summary-only"}},
		{syscall.SIGINT, "SIGINT", 130, []string{"--summary-only"}},
		{syscall.SIGTERM, "SIGTERM", 143, []string{"--json", "--conn", "999999999"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			if testing.Short() && c.sig != syscall.SIGTERM {
				t.Skip("as the others")
			}
			if signal.Ignored(c.sig) {
				t.Skip("the tests were started with this signal ignored, as nohup does, and so is the program")
			}
			p := stopMidway(t, name, c.args...)
			p.signal(c.sig)
			p.signal(syscall.SIGCONT)
			if code := p.end(); code != c.code {
				t.Errorf("exit code %d, want %d\n%s", code, c.code, p.stderr.String())
			}
			if !strings.Contains(p.stderr.String(), "interrupted by "+c.word+" after ") {
				t.Errorf("standard error: %s", p.stderr.String())
			}
			text := p.all.String()
			if !strings.HasPrefix(text, "{") {
				if strings.Count(text, "interrupted") < 2 || strings.Contains(text, "no fault of the capture") {
					t.Errorf("%s", text)
				}
				return
			}
			lines := strings.Split(strings.TrimSpace(text), "\n")
			var d closingDocument
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &d); err != nil {
				t.Fatal(err)
			}
			if d.Type != "" && d.Type != "summary" {
				t.Errorf("the last line has the type %q", d.Type)
			}
			s := d.Capture.Sources[0]
			if !s.Interrupted || !strings.HasPrefix(s.Cut, "interrupted by "+c.word+" after ") || len(d.Capture.Quality.Faults) == 0 {
				t.Errorf("%+v", d.Capture)
			}
			if s.Packets == 0 || s.Packets >= packets || s.Packets != d.Capture.Packets {
				t.Errorf("%d and %d of %d packets", s.Packets, d.Capture.Packets, packets)
			}
		})
	}
}

// TestInterruptMany interrupts while the second file is not begun: each says for
// itself how far it was read.
func TestInterruptMany(t *testing.T) {
	name, _ := largeCapture(t)
	p := stopMidway(t, name, "../../testdata/pcaps/kernel/half-close.client.pcap", "--json", "--summary-only")
	p.signal(os.Interrupt)
	p.signal(syscall.SIGCONT)
	if code := p.end(); code != 130 {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	var d closingDocument
	if err := json.Unmarshal([]byte(p.all.String()), &d); err != nil {
		t.Fatal(err)
	}
	if s := d.Capture.Sources; len(s) != 2 || !s[1].Interrupted || s[1].Packets == 0 {
		t.Errorf("%+v", s)
	}
}

// beginning is the beginning of a capture: three packets and a piece of the fourth.
func beginning(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/pcaps/kernel/half-close.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	return data[:300]
}

// quietPipe starts the program on a pipe that has delivered the beginning of a
// capture and stays open.
func quietPipe(t *testing.T) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); r.Close() })
	if _, err := w.Write(beginning(t)); err != nil {
		t.Fatal(err)
	}
	cmd := program("-")
	cmd.Stdin = r
	p := start(t, cmd)
	readEmpty(t, r)
	return p
}

// readEmpty waits until the program has read all that is in the pipe, and so has
// its signals caught.
func readEmpty(t *testing.T, r *os.File) {
	t.Helper()
	eventually(t, "the pipe read empty", func() bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(r.Fd()), Events: unix.POLLIN}}, 0)
		return n == 0 && err == nil
	})
	time.Sleep(100 * time.Millisecond) // nothing tells that it waits for more
}

// TestInterruptPipe ends the reading; what was read is reported, and is called
// interrupted, not cut short.
func TestInterruptPipe(t *testing.T) {
	p := quietPipe(t)
	p.signal(os.Interrupt)
	if code := p.end(); code != 130 {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	text := p.all.String()
	if !strings.Contains(text, "3 TCP segments") || strings.Contains(text, "cut short") || !strings.Contains(text, "interrupted by SIGINT after 3 packets") {
		t.Errorf("report:\n%s", text)
	}
}

// TestTimeout has the report where the signal comes twice within a moment, as from
// timeout(1) of GNU coreutils 9.1, which sends it to the program and to its group. Which of
// a program's threads gets it decides whether the two are one, so both are sent here.
func TestTimeout(t *testing.T) {
	p := quietPipe(t)
	for range 3 {
		p.signal(syscall.SIGTERM)
		time.Sleep(time.Millisecond)
	}
	if code := p.end(); code != 143 || !strings.Contains(p.all.String(), "interrupted by SIGTERM after 3 packets") {
		t.Errorf("exit code %d\n%s%s", code, p.all.String(), p.stderr.String())
	}
}

// TestSecondInterrupt ends the program at once.
func TestSecondInterrupt(t *testing.T) {
	p := quietPipe(t)
	p.signal(os.Interrupt)
	time.Sleep(100 * time.Millisecond) // or the two could melt into one
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 143 || p.all.Len() > 0 {
		t.Errorf("exit code %d, want 143\n%s%s", code, p.all.String(), p.stderr.String())
	}
}

// TestHangupIgnored goes on after a SIGHUP that nohup has told it to ignore.
func TestHangupIgnored(t *testing.T) {
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := program("-", "--json")
	cmd.Args, cmd.Path, cmd.Stdin = append([]string{nohup}, cmd.Args...), nohup, r
	p := start(t, cmd)
	data := beginning(t)
	w.Write(data[:100])
	readEmpty(t, r)
	p.signal(syscall.SIGHUP)
	time.Sleep(100 * time.Millisecond)
	w.Write(data[100:286]) // three whole packets
	w.Close()
	if code := p.end(); code != exitOK || !strings.Contains(p.all.String(), `"segments":3`) {
		t.Errorf("exit code %d\n%s%s", code, p.all.String(), p.stderr.String())
	}
}

// fifo makes a named pipe.
func fifo(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	return name
}

// TestFIFO reads a FIFO as standard input: connections are printed as they end,
// and a signal ends it at once.
func TestFIFO(t *testing.T) {
	name := fifo(t)
	p := start(t, program(name))
	w, err := os.OpenFile(name, os.O_WRONLY, 0) // waits for the program
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	data, err := os.ReadFile("../../testdata/pcaps/conversations/34-client-closes.pcap")
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	// The packets are the clock: those of a minute later show that the first
	// connection has been over for long.
	records := data[24:]
	for at := 0; at < len(records); {
		binary.LittleEndian.PutUint32(records[at:], binary.LittleEndian.Uint32(records[at:])+60)
		at += 16 + int(binary.LittleEndian.Uint32(records[at+8:]))
	}
	w.Write(records)
	p.await(`#1 +10\.0\.0\.1:40000 → 10\.0\.0\.2:80 .*normal close`)
	began := time.Now()
	p.signal(os.Interrupt)
	if code := p.end(); code != 130 {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if text := p.all.String(); !strings.Contains(text, "22 TCP segments") || !strings.Contains(text, "\n  interrupted  ") {
		t.Errorf("report:\n%s", text)
	}
}

// TestFIFOBeforeItsWriter is interrupted while nobody has opened the other end.
func TestFIFOBeforeItsWriter(t *testing.T) {
	p := start(t, program(fifo(t)))
	// Nothing tells that the program waits for the FIFO's other end.
	time.Sleep(500 * time.Millisecond)
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != 143 || !strings.Contains(p.stderr.String(), "before the analysis began") {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
}

// TestProcessSubstitution merges two pipes and a file.
func TestProcessSubstitution(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	const dir = "../../testdata/pcaps/conversations/"
	cmd := program()
	cmd.Path, cmd.Args = bash, []string{bash, "-c", fmt.Sprintf(
		"exec tcpflow-states --json <(cat %[1]s34-client-closes.pcap) %[1]s29-refused.pcap - < <(cat %[1]s34-client-closes.pcap)", dir)}
	p := start(t, cmd)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	var d closingDocument
	if err := json.Unmarshal([]byte(p.all.String()), &d); err != nil {
		t.Fatal(err)
	}
	s := d.Capture.Sources
	if len(s) != 3 || s[0].Packets == 0 || s[0].Packets != s[2].Packets || s[0].Packets+s[1].Packets+s[2].Packets != d.Capture.Packets {
		t.Errorf("%+v", d.Capture)
	}
}
