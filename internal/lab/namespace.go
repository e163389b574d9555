//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace known to ip(8) by name.
type namespace struct {
	name string
	fd   int
}

// newNamespace makes a namespace. The caller deletes it.
func newNamespace(name string) (*namespace, error) {
	if err := command("ip", "netns", "add", name); err != nil {
		return nil, err
	}
	fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open namespace %q: %w", name, err)
	}
	return &namespace{name: name, fd: fd}, nil
}

// delete removes the namespace with all its interfaces. A process or socket
// that is still in it keeps it alive without a name until it ends.
func (n *namespace) delete() error {
	unix.Close(n.fd)
	return command("ip", "netns", "delete", n.name)
}

// do runs f on a thread that is inside the namespace. Sockets that f makes
// belong to the namespace for good, whichever thread uses them afterwards.
func (n *namespace) do(f func() error) error {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open own namespace: %w", err)
	}
	defer unix.Close(home)
	if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %q: %w", n.name, err)
	}
	ferr := f()
	if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
		// The thread stays locked, so that the runtime ends it with its goroutine
		// instead of running other code in the wrong namespace.
		return fmt.Errorf("leave namespace %q: %w", n.name, err)
	}
	runtime.UnlockOSThread()
	return ferr
}

// sysctl sets a kernel parameter of the namespace, "net.ipv4.tcp_sack" for
// example.
func (n *namespace) sysctl(name, value string) error {
	return n.do(func() error {
		path := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			return fmt.Errorf("set %s=%s in %s: %w", name, value, n.name, err)
		}
		return nil
	})
}

// read returns a file of /proc as seen from inside the namespace; path is
// below /proc/thread-self.
func (n *namespace) read(path string) (data []byte, err error) {
	err = n.do(func() (err error) {
		data, err = os.ReadFile("/proc/thread-self/" + path)
		return err
	})
	return data, err
}

// ip runs a batch of ip(8) commands, one a line, inside the namespace.
func (n *namespace) ip(batch string) error {
	cmd := exec.Command("ip", "-n", n.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(batch)
	return run(cmd)
}

// command runs a program and puts what it complained about into the error.
func command(name string, args ...string) error { return run(exec.Command(name, args...)) }

func run(cmd *exec.Cmd) error {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(complaint.String()))
	}
	return nil
}
