package programs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// listen makes a listening socket on the server.
func (p *play) listen(port int) (l net.Listener, err error) {
	err = p.Do(lab.AtServer, func() (err error) {
		l, err = net.Listen("tcp4", fmt.Sprintf("%s:%d", p.server, port))
		return err
	})
	return l, err
}

// dial connects from the client.
func (p *play) dial(address string) (c net.Conn, err error) {
	err = p.Do(lab.AtClient, func() (err error) {
		c, err = net.DialTimeout("tcp4", address, 30*time.Second)
		return err
	})
	return c, err
}

// goHTTP needs no programs but this one.
func goHTTP(p *play, n int) error {
	l, err := p.listen(firstPort)
	if err != nil {
		return err
	}
	body := strings.Repeat("bench ", 1000)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })}
	go server.Serve(l)
	p.finish = append(p.finish, func() { server.Close() })
	transport := &http.Transport{
		DialContext:         func(_ context.Context, _, address string) (net.Conn, error) { return p.dial(address) },
		MaxIdleConnsPerHost: 8,
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	const clients = 16
	var wait sync.WaitGroup
	errs := make([]error, clients)
	for i := range clients {
		wait.Go(func() {
			for j := range n / 15 / clients {
				if errs[i] = p.fetch(client, j%3 > 0); errs[i] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// fetch makes one request and reads the answer.
func (p *play) fetch(client *http.Client, last bool) error {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, fmt.Sprintf("http://%s:%d/", p.server, firstPort), nil)
	if err != nil {
		return err
	}
	request.Close = last
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

// idlePorts are how many ports the server of idle connections listens on.
const idlePorts = 10

// idle makes n/10 connections. Each has one exchange and then only keepalives,
// and all are open when the capture ends.
func idle(p *play, n int) error {
	connections := max(n/10/idlePorts, 1) * idlePorts
	if err := moreFiles(uint64(2*connections + 1000)); err != nil {
		return err
	}
	keepalive := net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 10 * time.Second}
	var mu sync.Mutex
	var open []net.Conn
	keep := func(c net.Conn) {
		mu.Lock()
		defer mu.Unlock()
		open = append(open, c)
	}
	p.finish = append(p.finish, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			c.Close()
		}
	})
	errs := make([]error, idlePorts)
	var wait sync.WaitGroup
	for i := range idlePorts {
		l, err := p.listen(firstPort + i)
		if err != nil {
			return err
		}
		p.finish = append(p.finish, func() { l.Close() })
		go echo(l, keep)
		wait.Go(func() {
			for range connections / idlePorts {
				c, err := p.dial(l.Addr().String())
				if err != nil {
					errs[i] = err
					return
				}
				keep(c)
				c.(*net.TCPConn).SetKeepAliveConfig(keepalive)
				if errs[i] = exchange(c); errs[i] != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	time.Sleep(15 * time.Second) // a keepalive or two of each
	return errors.Join(errs...)
}

// echo answers the first message of each connection, and keeps them open.
func echo(l net.Listener, keep func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		keep(c)
		go func() {
			b := make([]byte, 40)
			if _, err := io.ReadFull(c, b); err == nil {
				c.Write(append(b, b...))
			}
		}()
	}
}

func exchange(c net.Conn) error {
	b := make([]byte, 80)
	if _, err := c.Write(b[:40]); err != nil {
		return err
	}
	_, err := io.ReadFull(c, b)
	return err
}

// moreFiles lets this process have so many files open.
func moreFiles(n uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= n {
		return nil
	}
	limit.Cur, limit.Max = n, max(limit.Max, n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("%d open files: %w", n, err)
	}
	return nil
}
