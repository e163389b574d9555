//go:build linux

package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// recorder is one running tcpdump.
type recorder struct {
	file   string
	cmd    *exec.Cmd
	report chan string // all that tcpdump said after it began to listen
}

// record starts to capture what a filter lets through on an interface of a namespace and returns once
// the capture is running. Each packet is cut to snap octets, 0 for whole ones.
func record(ns *namespace, iface, file string, snap int, filter string) (*recorder, error) {
	return startRecorder(ns, iface, file, filter, "-s", strconv.Itoa(snap), "-B", "16384",
		// Each packet is handed over at once and written at once: none waits in
		// a buffer when the capture is stopped.
		"--immediate-mode", "-U")
}

// startRecorder starts tcpdump with a filter and these flags and returns once it listens.
func startRecorder(ns *namespace, iface, file, filter string, flags ...string) (*recorder, error) {
	args := append([]string{"netns", "exec", ns.name, "tcpdump", "-i", iface, "-n", "-Z", "root", "--time-stamp-precision=nano", "-w", file}, flags...)
	cmd := exec.Command("ip", append(args, filter)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start tcpdump: %w", err)
	}
	r := &recorder{file: file, cmd: cmd, report: make(chan string, 1)}
	listening := make(chan bool, 1)
	go func() {
		in := bufio.NewReader(stderr)
		var first strings.Builder
		for {
			line, err := in.ReadString('\n')
			first.WriteString(line)
			if strings.Contains(line, "listening on") {
				listening <- true
				rest, _ := io.ReadAll(in)
				r.report <- string(rest)
				return
			}
			if err != nil {
				listening <- false
				r.report <- first.String()
				return
			}
		}
	}()
	select {
	case ok := <-listening:
		if ok {
			return r, nil
		}
		err = errors.New("it did not start")
	case <-time.After(10 * time.Second):
		err = errors.New("it does not listen after 10 s")
	}
	cmd.Process.Kill()
	said := <-r.report
	cmd.Wait()
	return nil, fmt.Errorf("tcpdump on %s: %w: %s", iface, err, strings.TrimSpace(said))
}

var droppedByKernel = regexp.MustCompile(`(\d+) packets? dropped by (kernel|interface)`)

// stop ends the capture. It is an error if packets are missing from it.
func (r *recorder) stop() error {
	if err := r.cmd.Process.Signal(unix.SIGINT); err != nil {
		return fmt.Errorf("stop tcpdump: %w", err)
	}
	said := <-r.report
	if err := r.cmd.Wait(); err != nil {
		return fmt.Errorf("tcpdump: %w: %s", err, strings.TrimSpace(said))
	}
	for _, m := range droppedByKernel.FindAllStringSubmatch(said, -1) {
		if m[1] != "0" {
			return fmt.Errorf("capture %s: %s", r.file, m[0])
		}
	}
	return nil
}
