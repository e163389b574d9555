package liverate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Outcome is what one capture came to, against what was sent.
type Outcome struct {
	Sent, Analysed, Dropped, Unread uint64
}

// Lost reports whether any packet sent was not analysed.
func (o Outcome) Lost() bool { return o.Dropped > 0 || o.Analysed < o.Sent }

var made atomic.Int32

// Net is a namespace with two interfaces that are connected: "sends" and "captures".
type Net struct{ name string }

// NewNet makes one. It needs root and the program ip.
func NewNet() (*Net, error) {
	n := &Net{fmt.Sprintf("liverate-%d-%d", os.Getpid(), made.Add(1))}
	for _, args := range []string{
		"netns add " + n.name,
		"-n " + n.name + " link set lo up",
		"-n " + n.name + " link add sends type veth peer name captures",
		"-n " + n.name + " link set sends addrgenmode none",
		"-n " + n.name + " link set captures addrgenmode none",
		"-n " + n.name + " link set sends up",
		"-n " + n.name + " link set captures up",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			n.Close()
			return nil, fmt.Errorf("ip %s: %w: %s", args, err, out)
		}
	}
	return n, nil
}

// Close deletes the namespace.
func (n *Net) Close() error { return exec.Command("ip", "netns", "delete", n.name).Run() }

// Command is a command to be run in the namespace, on one processor.
func (n *Net) Command(processor string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name, "taskset", "-c", processor}, args...)...)
}

// IP runs a command of ip(8) in the namespace.
func (n *Net) IP(command string) error {
	if out, err := exec.Command("ip", append([]string{"-n", n.name}, strings.Fields(command)...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", command, err, out)
	}
	return nil
}

// Enter returns a command that is run in the namespace.
func (n *Net) Enter(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name}, args...)...)
}

// Do calls f on a thread that is in the namespace and ends with it.
func (n *Net) Do(f func() error) error { return Inside(n.name, f) }

// Inside calls f on a thread that is in the namespace of that name and ends with it.
func Inside(name string, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		done <- func() error {
			fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
				return err
			}
			return f()
		}()
	}()
	return <-done
}

// Run captures with a program while send sends, both in the namespace.
func (n *Net) Run(program []string, send *exec.Cmd) (o Outcome, err error) {
	var out, complaint bytes.Buffer
	c := n.Command("1", append(program, "live", "-i", "captures", "--json", "--summary-only")...)
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Start(); err != nil {
		return o, err
	}
	defer c.Process.Kill()
	if err := Await(c.Process.Pid, 1); err != nil {
		return o, err
	}
	text, err := send.Output()
	if err != nil {
		return o, fmt.Errorf("send: %w", err)
	}
	if _, err := fmt.Sscan(string(text), &o.Sent); err != nil {
		return o, err
	}
	time.Sleep(1500 * time.Millisecond) // for what is on its way
	c.Process.Signal(os.Interrupt)
	if err := c.Wait(); err != nil {
		return o, fmt.Errorf("%w: %s", err, complaint.String())
	}
	var d struct {
		Capture struct {
			Packets uint64
			Sources []struct{ Dropped, Unread uint64 }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		return o, err
	}
	o.Analysed, o.Dropped, o.Unread = d.Capture.Packets, d.Capture.Sources[0].Dropped, d.Capture.Sources[0].Unread
	return o, nil
}

// Await waits until so many packet sockets are bound in a process's namespace.
func Await(pid, sockets int) error {
	for range 200 {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/packet", pid))
		if err == nil && bound(data) >= sockets {
			time.Sleep(300 * time.Millisecond)
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the program does not capture")
}

// bound counts the sockets of /proc/net/packet that are bound to a protocol.
func bound(table []byte) (n int) {
	for _, line := range strings.Split(string(table), "\n")[1:] {
		if fields := strings.Fields(line); len(fields) > 3 && fields[3] != "0000" {
			n++
		}
	}
	return n
}
