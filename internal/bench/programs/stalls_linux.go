package programs

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// The stalls: how long each of three connections, among all those that are well, makes
// somebody wait, and on which port.
const (
	thinkPort, thinks = 9001, 6 * time.Second // the server takes so long to answer
	lossPort, lost    = 9002, 5 * time.Second // the router drops everything for so long
	deafPort, deaf    = 9003, 7 * time.Second // the client does not read for so long
)

// stalls has nginx serve short connections, some 18 packets each, and beside them plays the
// three.
func stalls(p *play, n int) error {
	sizes := []int{1_000, 3_000, 8_000, 20_000}
	if err := p.startNginx(1000, false, sizes...); err != nil {
		return err
	}
	var wait sync.WaitGroup
	errs := make([]error, 4)
	for i, f := range []func() error{p.thinking, p.losing, p.deafness} {
		wait.Go(func() {
			time.Sleep(time.Duration(i+1) * 200 * time.Millisecond)
			errs[i] = f()
		})
	}
	errs[3] = p.short("http", n/18, 50, sizes...)
	wait.Wait()
	return errors.Join(errs...)
}

// session has a server and a client talk on a port, each with its end of the connection.
func (p *play) session(port int, server, client func(net.Conn) error) error {
	l, err := p.listen(port)
	if err != nil {
		return err
	}
	defer l.Close()
	served := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = errors.Join(server(c), c.Close())
		}
		served <- err
	}()
	c, err := p.dial(fmt.Sprintf("%s:%d", p.server, port))
	if err != nil {
		return err
	}
	return errors.Join(client(c), c.Close(), <-served)
}

// ask sends a request and reads the whole answer.
func ask(c net.Conn) error {
	_, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
	if err == nil {
		_, err = io.Copy(io.Discard, c)
	}
	return err
}

// thinking plays a server that takes its time.
func (p *play) thinking() error {
	return p.session(thinkPort, func(c net.Conn) error {
		if _, err := c.Read(make([]byte, 100)); err != nil {
			return err
		}
		time.Sleep(thinks)
		_, err := io.WriteString(c, strings.Repeat("answer ", 100))
		return err
	}, ask)
}

// losing plays an upload, for a part of which the router drops everything.
func (p *play) losing() error {
	nft := func(rules string) error {
		cmd := p.Command(p.ctx, lab.AtRouter, "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("nft: %w: %.300s", err, out)
		}
		return nil
	}
	return p.session(lossPort, func(c net.Conn) error {
		_, err := io.Copy(io.Discard, c)
		return err
	}, func(c net.Conn) error {
		data := make([]byte, 50_000)
		if _, err := c.Write(data); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
		drop := fmt.Sprintf("table ip stall {\nchain forward {\ntype filter hook forward priority filter\ntcp dport %d drop\ntcp sport %d drop\n}\n}\n", lossPort, lossPort)
		if err := nft(drop); err != nil {
			return err
		}
		heal := time.AfterFunc(lost, func() { nft("delete table ip stall\n") })
		defer heal.Stop()
		for range 4 {
			if _, err := c.Write(data); err != nil {
				return err
			}
		}
		c.(*net.TCPConn).CloseWrite()
		c.Read(data) // until the server has all
		return nil
	})
}

// deafness plays a download whose reader pauses.
func (p *play) deafness() error {
	return p.session(deafPort, func(c net.Conn) error {
		if _, err := c.Read(make([]byte, 100)); err != nil {
			return err
		}
		_, err := c.Write(make([]byte, 8<<20))
		return err
	}, func(c net.Conn) error {
		c.(*net.TCPConn).SetReadBuffer(64 << 10)
		if _, err := io.WriteString(c, "GET /\r\n"); err != nil {
			return err
		}
		time.Sleep(deaf)
		_, err := io.Copy(io.Discard, c)
		return err
	})
}
