//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// patience bounds every wait for another process.
const patience = 20 * time.Second

// needLoopback skips a test where live capture is not possible.
func needLoopback(t *testing.T) {
	t.Helper()
	if !capture.HasLibpcap {
		t.Skip("built without libpcap")
	}
	s, err := capture.OpenLive(context.Background(), capture.LiveOptions{Interfaces: []string{"lo"}})
	if err != nil {
		t.Skip(err)
	}
	s.Close()
}

// process is the program, running.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // of standard output
	stderr shared
	all    strings.Builder // of standard output
}

// shared is text that one goroutine writes and another looks at.
type shared struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, lines: make(chan string, 10_000)}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &p.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	go func() {
		r := bufio.NewScanner(out)
		r.Buffer(nil, 64<<20) // a JSON document is one line
		for r.Scan() {
			p.lines <- r.Text()
		}
		close(p.lines)
	}()
	return p
}

// await returns the first line of output that matches.
func (p *process) await(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for late := time.After(patience); ; {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("output ended without %s:\n%s%s", pattern, p.all.String(), p.stderr.String())
			}
			fmt.Fprintln(&p.all, line)
			if re.MatchString(line) {
				return line
			}
		case <-late:
			p.t.Fatalf("no line with %s in\n%s%s", pattern, p.all.String(), p.stderr.String())
		}
	}
}

// end reads the rest of the output and returns the exit code.
func (p *process) end() int {
	p.t.Helper()
	for late := time.After(patience); ; {
		select {
		case line, ok := <-p.lines:
			if ok {
				fmt.Fprintln(&p.all, line)
				continue
			}
			var exit *exec.ExitError
			if err := p.cmd.Wait(); errors.As(err, &exit) {
				return exit.ExitCode()
			} else if err != nil {
				p.t.Fatal(err)
			}
			return 0
		case <-late:
			p.t.Fatalf("still running; so far\n%s%s", p.all.String(), p.stderr.String())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("never: " + what)
		}
	}
}

// exists tells when live has begun: it makes the file of -w then.
func exists(name string) func() bool {
	return func() bool { _, err := os.Stat(name); return err == nil }
}

// server answers each line with a line, and closes when the client has.
func server(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port
}

// converse makes a connection with one exchange, which the client closes.
func converse(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "hello")
	if _, err := bufio.NewReader(c).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

// TestLive captures a connection that it makes itself: it is printed when it
// ends, told of on SIGUSR1, in the report after SIGINT, and kept by -w.
func TestLive(t *testing.T) {
	needLoopback(t)
	address, port := server(t)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := start(t, program("live", "-i", "lo", "-w", kept, "--linger", "300ms", "tcp port "+port))
	eventually(t, "the capture begins", exists(kept))

	converse(t, address)
	line := p.await(`#1 +127\.0\.0\.1:\d+ → 127\.0\.0\.1:` + port)
	if !strings.Contains(line, "6 B/6 B") || !strings.Contains(line, "normal close, client first") {
		t.Errorf("line of the connection: %s", line)
	}

	p.signal(syscall.SIGUSR1)
	eventually(t, "an answer to SIGUSR1", func() bool {
		return strings.Contains(p.stderr.String(), "0 connections open, 1 closed")
	})

	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	for _, want := range []string{"Capture ", "live", "Connection 1: ", "FIN-WAIT-2", "TIME-WAIT", "Findings "} {
		if !strings.Contains(p.all.String(), want) {
			t.Errorf("no %q in the report:\n%s", want, p.all.String())
		}
	}

	again, err := program(kept).Output()
	if err != nil {
		t.Fatal(err)
	}
	if text := string(again); !strings.Contains(text, "pcapng") || !strings.Contains(text, "normal close, client first") {
		t.Errorf("the file kept by -w:\n%s", text)
	}
}

// TestLiveFinding shows an anomaly as it happens, and in the exit code.
func TestLiveFinding(t *testing.T) {
	needLoopback(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close() // nobody listens here any more
	_, port, _ := net.SplitHostPort(address)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := start(t, program("live", "-i", "lo", "-w", kept, "--linger", "100ms", "--fail-on", "error", "port", port))
	eventually(t, "the capture begins", exists(kept))
	if c, err := net.Dial("tcp4", address); err == nil {
		c.Close()
		t.Skip("another process listens on the port")
	}
	p.await(`#1 .*:` + port + ` .*refused by the server`)
	p.await(`error: connect-refused`)
	p.signal(syscall.SIGTERM)
	if code := p.end(); code != exitFound {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
}

// TestLiveNDJSON writes a line as soon as the connection has ended, and stops
// by itself after --duration.
func TestLiveNDJSON(t *testing.T) {
	needLoopback(t)
	address, port := server(t)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := start(t, program("live", "-i", "lo", "-w", kept, "--ndjson", "--linger", "100ms", "--duration", "3s", "-f", "port "+port))
	eventually(t, "the capture begins", exists(kept))
	converse(t, address)
	began := time.Now()
	p.await(`^\{"type":"connection"`)
	if waited := time.Since(began); waited > 2*time.Second {
		t.Errorf("the line came after %v", waited)
	}
	p.await(`^\{"type":"summary"`)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
}

// TestLiveCount stops by itself after -c packets.
func TestLiveCount(t *testing.T) {
	needLoopback(t)
	address, port := server(t)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := start(t, program("live", "-i", "lo", "-w", kept, "-c", "3", "port", port))
	eventually(t, "the capture begins", exists(kept))
	converse(t, address)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if !regexp.MustCompile(`packets +3 = 3 TCP segments`).MatchString(p.all.String()) {
		t.Errorf("not three packets:\n%s", p.all.String())
	}
}

// TestLiveDrops stops the program while packets arrive, until the kernel has
// no room for them: the loss must be told.
func TestLiveDrops(t *testing.T) {
	needLoopback(t)
	address, port := server(t)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := start(t, program("live", "-i", "lo", "-w", kept, "-B", "64", "--json", "port", port))
	eventually(t, "the capture begins", exists(kept))
	p.signal(syscall.SIGSTOP)
	for range 200 {
		converse(t, address)
	}
	p.signal(syscall.SIGCONT)
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if !regexp.MustCompile(`"quality":\{.*"dropped":[1-9]`).MatchString(p.all.String()) {
		t.Errorf("no drops in %.1000s", p.all.String())
	}
}

// TestLiveGivesUpRoot runs the program as sudo would: once the interface is
// open it is the caller again, and still captures.
func TestLiveGivesUpRoot(t *testing.T) {
	needLoopback(t)
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("must be root on Linux")
	}
	address, port := server(t)
	cmd := program("live", "-i", "lo", "--linger", "100ms", "port", port)
	cmd.Env = append(os.Environ(), "SUDO_UID=65534", "SUDO_GID=65534")
	p := start(t, cmd)
	uids := regexp.MustCompile(`(?m)^[UG]id:\t65534\t65534\t65534\t65534$`)
	eventually(t, "somebody else's process", func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		return err == nil && len(uids.FindAll(status, -1)) == 2
	})
	converse(t, address)
	p.await(`:` + port + ` .*normal close`)
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
}

// TestTcpdumpPipe reads from tcpdump as packets come; Ctrl-C, which a terminal
// sends to both, ends both.
func TestTcpdumpPipe(t *testing.T) {
	needLoopback(t)
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip(err)
	}
	address, port := server(t)
	dump := exec.Command(tcpdump, "-i", "lo", "-U", "--immediate-mode", "-w", "-", "tcp port "+port)
	pipe, err := dump.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program("-", "--linger", "50ms")
	cmd.Stdin = pipe.(*os.File)
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dump.Process.Kill() })
	p := start(t, cmd)
	// Packets drive the time, so the second connection shows the end of the
	// first; and the first may be too early for tcpdump.
	go func() {
		for range 10 {
			if c, err := net.Dial("tcp4", address); err == nil {
				c.Close()
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	p.await(`#1 +127\.0\.0\.1:\d+ → 127\.0\.0\.1:` + port)
	dump.Process.Signal(os.Interrupt)
	p.signal(os.Interrupt)
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	if !strings.Contains(p.all.String(), "standard input") {
		t.Errorf("no report:\n%s", p.all.String())
	}
	dump.Wait()
}
