//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// tracepoints are the kernel's reports that truth is made of. Those after the
// first are left out by kernels that lack them.
var tracepoints = []string{
	"sock/inet_sock_set_state",
	"tcp/tcp_retransmit_skb",
	"tcp/tcp_retransmit_synack",
	"tcp/tcp_send_reset",
	"tcp/tcp_receive_reset",
	"tcp/tcp_cong_state_set",
}

// tracer is a trace buffer of our own, so that nobody else's tracing is
// disturbed.
type tracer struct {
	mount    string // where this tracer mounted tracefs
	instance string
	before   clock
}

// clock relates the trace's clock (monotonic) to the wall clock of captures.
type clock struct {
	offset      time.Duration // wall clock minus monotonic
	uncertainty time.Duration
}

// readClock measures the offset several times and keeps the tightest.
func readClock() (clock, error) {
	best := clock{uncertainty: time.Hour}
	for range 20 {
		var a, w, b unix.Timespec
		for _, read := range []struct {
			id int32
			to *unix.Timespec
		}{{unix.CLOCK_MONOTONIC, &a}, {unix.CLOCK_REALTIME, &w}, {unix.CLOCK_MONOTONIC, &b}} {
			if err := unix.ClockGettime(read.id, read.to); err != nil {
				return clock{}, fmt.Errorf("read clock: %w", err)
			}
		}
		span := time.Duration(b.Nano() - a.Nano())
		if span < best.uncertainty {
			best = clock{time.Duration(w.Nano() - a.Nano() - int64(span)/2), span}
		}
	}
	return best, nil
}

// newTracer starts to trace.
func newTracer(suffix string) (t *tracer, err error) {
	t = new(tracer)
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	mount, err := os.MkdirTemp("", "tcplab-tracefs-")
	if err != nil {
		return nil, err
	}
	if err := unix.Mount("tracefs", mount, "tracefs", 0, ""); err != nil {
		os.Remove(mount)
		return nil, fmt.Errorf("mount tracefs: %w", err)
	}
	t.mount = mount
	instance := filepath.Join(mount, "instances", "tcplab-"+suffix)
	if err := os.Mkdir(instance, 0o700); err != nil {
		return nil, fmt.Errorf("trace instance: %w", err)
	}
	t.instance = instance
	if err := errors.Join(t.set("trace_clock", "mono"), t.set("buffer_size_kb", "16384")); err != nil {
		return nil, err
	}
	if t.before, err = readClock(); err != nil {
		return nil, err
	}
	for i, p := range tracepoints {
		if err := t.set("events/"+p+"/enable", "1"); err != nil && i == 0 {
			return nil, err
		}
	}
	// The functions that led to a retransmission tell its cause. A kernel without
	// stack traces tells all the rest.
	t.set("events/tcp/tcp_retransmit_skb/trigger", "stacktrace")
	return t, nil
}

func (t *tracer) set(file, value string) error {
	if err := os.WriteFile(filepath.Join(t.instance, file), []byte(value), 0o644); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	return nil
}

// stop ends tracing and returns what was reported, in order, and how the two
// clocks were related. It is an error if reports were lost or a clock jumped.
func (t *tracer) stop() ([]report, clock, error) {
	if err := t.set("tracing_on", "0"); err != nil {
		return nil, clock{}, err
	}
	after, err := readClock()
	if err != nil {
		return nil, clock{}, err
	}
	if drift := (after.offset - t.before.offset).Abs(); drift > time.Millisecond {
		return nil, clock{}, fmt.Errorf("the wall clock moved by %v during the scenario", drift)
	}
	text, err := os.ReadFile(filepath.Join(t.instance, "trace"))
	if err != nil {
		return nil, clock{}, fmt.Errorf("read trace: %w", err)
	}
	reports, err := parseTrace(string(text), t.before.offset)
	return reports, t.before, err
}

// close removes the trace buffer and the mount.
func (t *tracer) close() error {
	var errs []error
	if t.instance != "" {
		errs = append(errs, os.Remove(t.instance))
	}
	if t.mount != "" {
		errs = append(errs, unix.Unmount(t.mount, 0), os.Remove(t.mount))
	}
	return errors.Join(errs...)
}
