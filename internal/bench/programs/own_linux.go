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
