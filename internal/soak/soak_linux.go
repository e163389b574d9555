package soak

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// Soak is one run.
type Soak struct {
	Program string        // to be run
	For     time.Duration // how long
	Log     io.Writer     // what happened

	failed int
}

func (s *Soak) logf(format string, args ...any) { fmt.Fprintf(s.Log, format+"\n", args...) }

// check logs an outcome.
func (s *Soak) check(ok bool, format string, args ...any) {
	word := "ok    "
	if !ok {
		word = "FAILED"
		s.failed++
	}
	s.logf("%s  "+format, append([]any{word}, args...)...)
}

// Possible tells why there can be no run here, or "".
func Possible() string {
	if os.Geteuid() != 0 {
		return "network namespaces need root"
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "the program ip is missing"
	}
	h, err := newHosts()
	if err != nil {
		return err.Error()
	}
	h.close()
	return ""
}

// Run runs, and fails unless everything held.
func (s *Soak) Run() error {
	h, err := newHosts()
	if err != nil {
		return err
	}
	defer h.close()
	every, err := s.calibrate(h)
	if err != nil {
		return err
	}
	clocks := make(chan error, 1)
	go func() { clocks <- s.clockSteps() }()
	if err := s.live(h, every); err != nil {
		return err
	}
	if err := <-clocks; err != nil {
		return err
	}
	if s.failed > 0 {
		return fmt.Errorf("%d checks failed", s.failed)
	}
	return nil
}

// calibrate finds how many connections a second the hosts make while the program takes
// all their packets, and returns the interval for half of that.
func (s *Soak) calibrate(h *hosts) (time.Duration, error) {
	var every time.Duration
	for {
		p, err := startLive(h, s.Program)
		if err != nil {
			return 0, err
		}
		t, err := startTraffic(h, every)
		if err != nil {
			return 0, err
		}
		const trial = 3 * time.Second
		time.Sleep(trial)
		t.end()
		p.cmd.Process.Signal(os.Interrupt)
		if _, err := p.ended(); err != nil {
			return 0, err
		}
		a, err := p.account()
		if err != nil {
			return 0, err
		}
		reached := trial / time.Duration(max(1, t.begun.Load()))
		src := a.Capture.Sources[0]
		if src.Dropped == 0 {
			s.logf("can take %d connections, %d packets a second: half of it for %v",
				time.Second/reached, perSecond(src.Received, trial), s.For)
			return 2 * reached, nil
		}
		every = 2 * reached
	}
}

func perSecond(n uint64, d time.Duration) uint64 { return uint64(float64(n) / d.Seconds()) }

// live is the run with traffic and faults.
func (s *Soak) live(h *hosts, every time.Duration) error {
	disk, err := newDisk()
	if err != nil {
		return err
	}
	defer disk.close()
	kept := filepath.Join(disk.dir, "kept.pcapng")
	before, err := h.passed()
	if err != nil {
		return err
	}
	p, err := startLive(h, s.Program, "-w", kept)
	if err != nil {
		return err
	}
	defer p.cmd.Process.Kill()
	t, err := startTraffic(h, every)
	if err != nil {
		return err
	}
	f := s.faults(h, p, disk)
	t.end()
	time.Sleep(500 * time.Millisecond)
	after, err := h.passed()
	if err != nil {
		return err
	}
	p.cmd.Process.Signal(os.Interrupt)
	code, err := p.ended()
	if err != nil {
		return err
	}
	return s.judge(p, code, f, kept, after-before)
}

// faults has everything go wrong, again and again, until the time is over.
func (s *Soak) faults(h *hosts, p *program, disk *disk) (f faultCounts) {
	period := max(4*time.Second, s.For/20) // of one kind each in turn
	began := time.Now()
	for n := 0; time.Since(began) < s.For; n++ {
		next := began.Add(time.Duration(n+1) * period)
		switch n % 4 {
		case 0:
			f.outages++
			s.try(ip("-n " + h.client + " link set " + shaky + " down"))
			time.Sleep(time.Second)
			s.try(ip("-n " + h.client + " link set " + shaky + " up"))
		case 1:
			f.pauses++
			p.paused.Store(true)
			time.Sleep(1500 * time.Millisecond)
			p.paused.Store(false)
		case 2:
			f.stops++
			p.cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(500 * time.Millisecond)
			p.cmd.Process.Signal(syscall.SIGCONT)
		case 3:
			s.try(disk.grow())
		}
		for time.Until(next) > 0 {
			time.Sleep(min(time.Second, time.Until(next)))
			p.look()
			p.cmd.Process.Signal(syscall.SIGUSR1)
			f.asked++
		}
	}
	return f
}

func (s *Soak) try(err error) { s.check(err == nil, "the fault was made (%v)", err) }

// faultCounts says what was played.
type faultCounts struct{ outages, pauses, stops, asked int }

// leftOut finds in the program's last message how many packets the file lacks.
var leftOut = regexp.MustCompile(`error: cannot write .*: ([\d,]+) packets? (?:was|were) left out`)

// judge holds the outcome against what was played.
func (s *Soak) judge(p *program, code int, f faultCounts, kept string, passed uint64) error {
	messages := p.stderr.String()
	var missing uint64
	if m := leftOut.FindStringSubmatch(messages); m != nil {
		missing, _ = strconv.ParseUint(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	}
	a, err := p.account()
	s.check(err == nil, "accounting of the live capture (%v)", err)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, messages)
	}
	src := a.Capture.Sources[0]
	s.logf("played: %d outages, %d readers that fell behind, %d stops, %d questions; passed %d packets; received %d, dropped %d, unread %d; %d connections",
		f.outages, f.pauses, f.stops, f.asked, passed, src.Received, src.Dropped, src.Unread, a.Summary.Connections)
	s.check(src.Unread == 0, "what came was read to its end")
	s.check(len(src.Outages) == f.outages, "outages told: %d", len(src.Outages))
	// What is under way when a link goes down is counted by the interface or by the
	// capture, not by both.
	difference := int64(passed) - int64(src.Received)
	s.check(max(difference, -difference) <= int64(100*f.outages), "the interfaces' own counters differ by %d packets", difference)
	answered := strings.Count(messages, "dropped by the kernel")
	s.check(answered > f.asked/2, "questions by signal answered: %d of %d", answered, f.asked)

	inFile, err := wholeFile(kept)
	s.check(err == nil && inFile+missing == a.Capture.Packets, "the file of -w is whole: %d packets in it and %d told as left out are %d (%v)", inFile, missing, inFile+missing, err)
	full := strings.Count(messages, "packets are left out of it until")
	s.logf("the disk was full %d times, and had room again %d times", full, strings.Count(messages, "there is room for"))
	want := 0
	if missing > 0 {
		want = 5
	}
	s.check(code == want, "exit code %d", code)
	early, late, ok := flat(p.memory)
	s.check(ok, "memory: %d MiB after the first tenth, %d MiB in the last", early>>20, late>>20)
	return nil
}

// wholeFile counts the packets of a capture that is to have a clean end.
func wholeFile(name string) (n uint64, err error) {
	src, err := capture.Open(name)
	if err != nil {
		return 0, err
	}
	defer src.Close()
	var p capture.Packet
	for err == nil {
		if err = src.Next(&p); err == nil {
			n++
		}
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// disk is a small file system, in memory.
type disk struct {
	dir  string
	size int // MiB
}

func newDisk() (*disk, error) {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return nil, err
	}
	d := &disk{dir: dir, size: 8}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		os.Remove(dir)
		return nil, fmt.Errorf("a small disk: %w", err)
	}
	return d, nil
}

// maxDisk is how many MiB it may come to.
const maxDisk = 256

// grow makes a little more room.
func (d *disk) grow() error {
	d.size = min(d.size+48, maxDisk)
	return syscall.Mount("tmpfs", d.dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%dm", d.size))
}

func (d *disk) close() {
	syscall.Unmount(d.dir, 0)
	os.Remove(d.dir)
}
