package soak

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

// program is the program under test, running; its output is read line by line.
type program struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.ReadCloser
	stderr  locked
	paused  atomic.Bool // its output is not read
	lines   int         // of connections
	invalid int
	summary []byte // the last line
	done    chan struct{}
	memory  []uint64 // bytes resident, once a second
}

// locked is text that one goroutine writes and another reads.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startProgram starts a command whose output is NDJSON.
func startProgram(cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd, done: make(chan struct{})}
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME=/nonexistent") // the measurer's own defaults change nothing
	var err error
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.stdout, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	cmd.Stderr = &p.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go p.read()
	return p, nil
}

// startLive captures on both links, in the client's namespace.
func startLive(h *hosts, binary string, args ...string) (*program, error) {
	args = append([]string{"netns", "exec", h.client, binary, "live", "-i", steady, "-i", shaky, "--ndjson", "--msl", "1s"}, args...)
	p, err := startProgram(exec.Command("ip", args...))
	if err == nil {
		if err = liverate.Await(p.cmd.Process.Pid, len(links)); err != nil {
			p.cmd.Process.Kill()
			err = fmt.Errorf("%w: %s", err, p.stderr.String())
		}
	}
	return p, err
}

// read reads the output, with pauses when asked.
func (p *program) read() {
	defer close(p.done)
	in := bufio.NewReaderSize(p.stdout, 64<<10)
	for {
		for p.paused.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			if !json.Valid(line) {
				p.invalid++
			}
			if bytes.HasPrefix(line, []byte(`{"type":"connection"`)) {
				p.lines++
			}
			p.summary = line
		}
		if err != nil {
			return
		}
	}
}

// look notes the memory that is resident now.
func (p *program) look() {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return
	}
	_, rest, _ := strings.Cut(string(data), "RssAnon:") // not the kernel's packet memory
	var kib uint64
	if _, err := fmt.Sscan(rest, &kib); err == nil {
		p.memory = append(p.memory, kib<<10)
	}
}

// ended waits for the end and returns the exit code.
func (p *program) ended() (int, error) {
	p.paused.Store(false)
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.cmd.Process.Signal(syscall.SIGQUIT)
		<-p.done
		return 0, fmt.Errorf("it did not end\n%s", p.stderr.String())
	}
	if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState.ExitCode() < 0 {
		return 0, fmt.Errorf("%w\n%s", err, p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// account is what the summary line says.
type account struct {
	Type    string
	Summary struct{ Connections uint64 }
	Capture struct {
		Packets, Segments uint64
		Skipped           map[string]uint64
		Sources           []struct {
			Packets, Received, Dropped, Unread uint64
			Outages                            []struct{ Interface string }
		}
		Quality struct {
			ClockBackwards uint64 `json:"clock_backwards"`
		}
	}
}

// account checks what must add up, and returns it.
func (p *program) account() (a account, err error) {
	if err := json.Unmarshal(p.summary, &a); err != nil || a.Type != "summary" || len(a.Capture.Sources) != 1 {
		return a, fmt.Errorf("the last line is no summary: %v: %.200q", err, p.summary)
	}
	c := &a.Capture
	sum := c.Segments
	for _, n := range c.Skipped {
		sum += n
	}
	s := c.Sources[0]
	switch {
	case p.invalid > 0:
		return a, fmt.Errorf("%d lines are no JSON", p.invalid)
	case uint64(p.lines) != a.Summary.Connections:
		return a, fmt.Errorf("%d lines of %d connections", p.lines, a.Summary.Connections)
	case sum != c.Packets:
		return a, fmt.Errorf("%d packets, but %d segments and skipped ones", c.Packets, sum)
	case s.Received > 0 && s.Received != c.Packets+s.Dropped+s.Unread:
		return a, fmt.Errorf("%d received, %d analysed, %d dropped, %d unread", s.Received, c.Packets, s.Dropped, s.Unread)
	}
	return a, nil
}

// slack is by how much memory may grow all the same: what is bounded, such as tables
// that have not been full yet, is filled within minutes.
const slack = 32 << 20

// flat compares the memory after the first tenth with that of the end. A garbage
// collector's heap goes up and down, so it compares the highest of two tenths each.
func flat(memory []uint64) (early, late uint64, ok bool) {
	tenth := max(1, len(memory)/10)
	for i, m := range memory {
		switch {
		case i >= tenth && i < 3*tenth:
			early = max(early, m)
		case i >= len(memory)-2*tenth:
			late = max(late, m)
		}
	}
	return early, late, late <= early+early/10+slack
}
