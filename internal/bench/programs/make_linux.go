package programs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// play is a capture while it is made.
type play struct {
	*lab.Wire
	ctx     context.Context
	offload bool
	dir     string // for the programs' files
	server  string // the server's address
	servers []*exec.Cmd
	finish  []func() // run after the capture has ended
}

// Make makes a capture of some n packets and returns how that was done. It is
// Missing where it cannot be made.
func (k *Kind) Make(ctx context.Context, file string, n int) (how string, err error) {
	if os.Geteuid() != 0 {
		return "", Missing("root is needed for network namespaces")
	}
	for _, program := range append([]string{"ip", "ethtool", "tcpdump"}, k.Needs...) {
		if _, err := exec.LookPath(program); err != nil {
			return "", Missing(fmt.Sprintf("%s is not installed (Debian: %s)", program, k.Packages))
		}
	}
	dir, err := os.MkdirTemp("", "tcpflow-bench-programs-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	wire, err := lab.NewWire(ctx, lab.WireOptions{Offload: k.Offload, Delay: k.Delay, Loss: k.Loss, Sysctls: k.Sysctls})
	if err != nil {
		return "", err
	}
	p := &play{Wire: wire, ctx: ctx, offload: k.Offload, dir: dir, server: wire.Address(lab.AtServer).String()}
	err = p.record(k, file, n)
	for _, f := range p.finish {
		f()
	}
	for _, s := range p.servers {
		s.Process.Signal(unix.SIGTERM)
		s.Wait()
	}
	if err = errors.Join(err, wire.Close()); err != nil {
		return "", err
	}
	return k.how(versions(ctx, k.Needs), kernel()), nil
}

func (p *play) record(k *Kind, file string, n int) error {
	stop, err := p.Record(k.At, file, k.Snap)
	if err != nil {
		return err
	}
	return errors.Join(k.play(p, n), stop())
}

// serve starts a program on the server and waits until it listens on a port.
func (p *play) serve(port int, name string, args ...string) error {
	cmd := p.Command(p.ctx, lab.AtServer, name, args...)
	cmd.Dir = p.dir
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return err
	}
	p.servers = append(p.servers, cmd)
	for range 100 {
		time.Sleep(50 * time.Millisecond)
		// Asked on the server itself, over loopback, which is not captured.
		err := p.Do(lab.AtServer, func() error {
			c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
			if err == nil {
				c.Close()
			}
			return err
		})
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s does not listen on port %d: %.300s", name, port, complaint.String())
}

// run runs a program on the client to its end.
func (p *play) run(name string, args ...string) error {
	out, err := p.Command(p.ctx, lab.AtClient, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %.300s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

var number = regexp.MustCompile(`\d+(\.\d+)+`)

// versions names the programs with their versions.
func versions(ctx context.Context, names []string) (list []string) {
	flag := map[string]string{"nginx": "-v", "ab": "-V", "openssl": "version"}
	for _, name := range names {
		f := flag[name]
		if f == "" {
			f = "--version"
		}
		out, _ := exec.CommandContext(ctx, name, f).CombinedOutput()
		list = append(list, fmt.Sprintf("%s %s", name, number.Find(out)))
	}
	return list
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "?"
	}
	return string(number.Find([]byte(unix.ByteSliceToString(u.Release[:]))))
}
