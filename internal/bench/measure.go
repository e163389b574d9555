package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Usage is what one run of a program took.
type Usage struct {
	Wall, CPU time.Duration
	Memory    int64 // peak, octets; 0 where the system does not tell
}

// Limits end a run that would take too long or too much. 0 is no limit.
type Limits struct {
	Time   time.Duration
	Memory int64
}

// exceeded is the error of a run that was ended.
type exceeded string

func (e exceeded) Error() string { return string(e) }

// measure runs a program to its end, its output going to out. A run beyond the
// limits is ended, which is an error of the type exceeded.
func measure(ctx context.Context, args []string, out io.Writer, limits Limits) (Usage, error) {
	if limits.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limits.Time, exceeded("more than "+limits.Time.String()))
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var complaint strings.Builder
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = out, &complaint
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME=/nonexistent") // nobody's own defaults change what is measured
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return Usage{}, err
	}
	if limits.Memory > 0 {
		go watch(ctx, cmd.Process.Pid, limits.Memory, stop)
	}
	err := cmd.Wait()
	u := Usage{Wall: time.Since(start), CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), Memory: peak(cmd.ProcessState)}
	if err == nil {
		return u, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return u, cause
	}
	return u, fmt.Errorf("%s: %w: %.300s", args[0], err, strings.TrimSpace(complaint.String()))
}

// watch ends a run that takes more memory than it may, before it takes the
// machine's. Only where there is /proc; elsewhere it does nothing.
func watch(ctx context.Context, pid int, limit int64, stop context.CancelCauseFunc) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		fields := strings.Fields(string(data))
		if err != nil || len(fields) < 2 {
			return
		}
		if pages, _ := strconv.ParseInt(fields[1], 10, 64); pages*int64(os.Getpagesize()) > limit {
			stop(exceeded("more than " + memory(limit)))
			return
		}
	}
}
