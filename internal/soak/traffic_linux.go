package soak

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

// traffic is connections of all kinds between the hosts, so many a second.
type traffic struct {
	hosts     *hosts
	listeners []net.Listener
	interval  atomic.Int64 // nanoseconds between two connections; 0: as fast as it goes
	begun     atomic.Int64 // connections
	next      atomic.Int64 // when the next is due
	stop      context.CancelFunc
	wait      sync.WaitGroup
}

const (
	service = 80
	nobody  = 81 // no service listens there
	workers = 48
)

// startTraffic lets servers listen and clients connect, every so often.
func startTraffic(h *hosts, interval time.Duration) (*traffic, error) {
	ctx, cancel := context.WithCancel(context.Background())
	t := &traffic{hosts: h, stop: cancel}
	t.interval.Store(int64(interval))
	t.next.Store(time.Now().UnixNano())
	for _, link := range links {
		err := liverate.Inside(h.server, func() error {
			l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", address(link, 2), service))
			if err == nil {
				t.listeners = append(t.listeners, l)
			}
			return err
		})
		if err != nil {
			t.end()
			return nil, err
		}
	}
	for _, l := range t.listeners {
		go serve(l)
	}
	for i := range workers {
		t.wait.Go(func() {
			liverate.Inside(h.client, func() error {
				t.work(ctx, rand.New(rand.NewPCG(uint64(i), 1)))
				return nil
			})
		})
	}
	return t, nil
}

// end ends the traffic and waits for its last packet.
func (t *traffic) end() {
	t.stop()
	t.wait.Wait()
	for _, l := range t.listeners {
		l.Close()
	}
}

// work makes one connection after another.
func (t *traffic) work(ctx context.Context, r *rand.Rand) {
	for ctx.Err() == nil {
		if every := t.interval.Load(); every > 0 {
			due := time.Unix(0, t.next.Add(every))
			if late := time.Since(due); late > time.Second { // no burst to catch up
				t.next.Store(time.Now().UnixNano())
			}
			time.Sleep(time.Until(due))
		}
		t.begun.Add(1)
		link := steady
		if r.IntN(10) == 0 {
			link = shaky
		}
		connect(link, r)
	}
}

// connect makes a connection. Whatever goes wrong is part of the traffic.
func connect(link string, r *rand.Rand) {
	port := service
	if r.IntN(50) == 0 {
		port = nobody
	}
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", address(link, 2), port), time.Second)
	if err != nil {
		return
	}
	c := conn.(*net.TCPConn)
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	size := 200 + r.IntN(3000)
	if r.IntN(40) == 0 {
		size = 300_000
	}
	requests := 1 + r.IntN(3)
	in := bufio.NewReader(c)
	for range requests {
		fmt.Fprintf(c, "%d\n", size)
		if r.IntN(60) == 0 { // gives up in the middle
			c.SetLinger(0)
			return
		}
		if _, err := io.CopyN(io.Discard, in, int64(size)); err != nil {
			return
		}
	}
	if r.IntN(4) == 0 { // the server closes first
		fmt.Fprintln(c, "0")
		in.ReadByte()
	}
}

// zeros are what servers answer.
var zeros = make([]byte, 300_000)

// serve answers each line, a number, with so many bytes, and 0 by closing.
func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			c.SetDeadline(time.Now().Add(3 * time.Second))
			answer := zeros
			in := bufio.NewReader(c)
			for {
				var size int
				if _, err := fmt.Fscanln(in, &size); err != nil || size < 1 || size > len(answer) {
					return
				}
				if _, err := c.Write(answer[:size]); err != nil {
					return
				}
			}
		}()
	}
}
