package programs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// idle makes n/10 connections. Each has one exchange and then only keepalives,
// and all are open when the capture ends. A process may have only so many open,
// so that there are several on either side: this program, started with other
// arguments.
func idle(p *play, n int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	each, err := mostConnections()
	if err != nil {
		return err
	}
	var clients []func() error
	left := max(n/10, 1)
	for port := firstPort; left > 0; port++ {
		address, count := net.JoinHostPort(p.server, strconv.Itoa(port)), min(left, each)
		left -= count
		for _, side := range []struct {
			at   lab.Vantage
			args []string
		}{{lab.AtServer, []string{idleServer, address}}, {lab.AtClient, []string{idleClient, address, strconv.Itoa(count)}}} {
			ready, err := p.start(p.Command(p.ctx, side.at, self, side.args...))
			switch {
			case err != nil:
				return err
			case side.at == lab.AtServer:
				if err := ready(); err != nil {
					return err
				}
			default:
				clients = append(clients, ready)
			}
		}
	}
	for _, ready := range clients {
		if err := ready(); err != nil {
			return err
		}
	}
	time.Sleep(15 * time.Second) // a keepalive or two of each
	return nil
}

// start starts a program that prints a line when it is ready, which the function
// returned waits for. The program is ended after the capture.
func (p *play) start(cmd *exec.Cmd) (ready func() error, err error) {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.servers = append(p.servers, cmd)
	return func() error {
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			return fmt.Errorf("%s ended: %w", strings.Join(cmd.Args, " "), err)
		}
		return nil
	}, nil
}

// mostConnections is how many connections a process may have open, with files
// left for what else it needs.
func mostConnections() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	if limit.Max < 1000 {
		return 0, Missing(fmt.Sprintf("only %d files may be open", limit.Max))
	}
	return int(min(limit.Max-500, 25_000)), nil
}

// The first arguments of this program when it is one side of idle connections.
const (
	idleServer = "idle-server"
	idleClient = "idle-client"
)

// Side runs one side of idle connections if that is what the arguments ask of
// this process, and reports whether it was. Whoever makes captures calls it
// first.
func Side(args []string) bool {
	var err error
	switch {
	case len(args) == 2 && args[0] == idleServer:
		err = serveIdle(args[1])
	case len(args) == 3 && args[0] == idleClient:
		err = openIdle(args[1], args[2])
	default:
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// serveIdle answers the first message of each connection, and keeps them open.
func serveIdle(address string) error {
	// Only the clients probe: thousands of connections that probe at the same moment from
	// both sides overflow the link's queue, and are no longer idle.
	l, err := (&net.ListenConfig{KeepAlive: -1}).Listen(context.Background(), "tcp4", address)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	var open []net.Conn // referred to, so that none is closed earlier
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		open = append(open, c)
		go func() {
			b := make([]byte, 40)
			if _, err := io.ReadFull(c, b); err == nil {
				c.Write(append(b, b...))
			}
		}()
	}
}

// openIdle opens connections, has one exchange on each, and waits to be ended.
func openIdle(address, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	keepalive := net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 10 * time.Second}
	var open []net.Conn
	for range n {
		c, err := net.DialTimeout("tcp4", address, 30*time.Second)
		if err != nil {
			return err
		}
		open = append(open, c)
		if err := errors.Join(c.(*net.TCPConn).SetKeepAliveConfig(keepalive), exchange(c)); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	time.Sleep(time.Hour) // longer than any capture is made
	runtime.KeepAlive(open)
	return nil
}

func exchange(c net.Conn) error {
	b := make([]byte, 80)
	if _, err := c.Write(b[:40]); err != nil {
		return err
	}
	_, err := io.ReadFull(c, b)
	return err
}
