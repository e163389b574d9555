//go:build linux

package lab

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every single wait of a scenario that plays alone.
const patience = 60 * time.Second

// Socket is a kernel TCP socket of one host. Its methods end the scenario on
// failure, as a test's Fatal would; those whose failure is part of a scenario
// return it instead and say so. One goroutine at a time may use a direction.
type Socket struct {
	fd       int
	host     *Host
	from, to netip.AddrPort // zero until it is connected or about to be
	began    time.Time      // of connect
	connect  *ConnectResult
	clocked  []float64 // Endpoint.Clocked
}

// Host is one endpoint's machine.
type Host struct {
	Addr  netip.Addr
	name  string
	ns    *namespace
	stage *Stage
}

// failure is how a scenario is left from deep inside.
type failure struct{ err error }

func (h *Host) fail(what string, err error) {
	panic(failure{fmt.Errorf("%s: %s: %w", h.name, what, err)})
}

// Socket makes a TCP socket on the host, bound to port (0 for any) at once, so
// that the kernel's reports carry the port from the first state on.
func (h *Host) Socket(port uint16) *Socket { return h.socket(port, unix.IPPROTO_TCP) }

func (h *Host) socket(port uint16, protocol int) *Socket {
	s := &Socket{fd: -1, host: h}
	err := h.ns.do(func() (err error) {
		family := unix.AF_INET
		if h.Addr.Is6() {
			family = unix.AF_INET6
		}
		s.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
		return err
	})
	if err != nil {
		h.fail("socket", err)
	}
	h.stage.own(s)
	s.Set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	// The most common one, whatever this machine prefers. A listener's is its
	// connections' too.
	if err := unix.SetsockoptString(s.fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic"); err != nil {
		h.fail("congestion control", err)
	}
	if err := unix.Bind(s.fd, sockaddr(netip.AddrPortFrom(h.Addr, port))); err != nil {
		h.fail("bind", err)
	}
	return s
}

// Listen makes a listening socket.
func (h *Host) Listen(port uint16, backlog int) *Socket {
	s := h.Socket(port)
	s.listen(backlog)
	return s
}

func (s *Socket) listen(backlog int) {
	if err := unix.Listen(s.fd, backlog); err != nil {
		s.host.fail("listen", err)
	}
}

// Set sets an integer option.
func (s *Socket) Set(level, option, value int) {
	if err := unix.SetsockoptInt(s.fd, level, option, value); err != nil {
		s.host.fail(fmt.Sprintf("option %d/%d", level, option), err)
	}
}

// TryConnect connects and returns how that ended.
func (s *Socket) TryConnect(to netip.AddrPort) error {
	s.StartConnect(to)
	return s.EndConnect()
}

// StartConnect sends the SYN and does not wait.
func (s *Socket) StartConnect(to netip.AddrPort) {
	s.began = time.Now()
	for {
		switch err := unix.Connect(s.fd, sockaddr(to)); err {
		case unix.EINTR:
		case nil, unix.EINPROGRESS:
			s.named(to)
			return
		default:
			s.host.fail("connect", err)
		}
	}
}

// EndConnect waits for the end of the handshake and returns how that ended.
func (s *Socket) EndConnect() error {
	if ready, err := s.wait(unix.POLLOUT, s.host.stage.patience); err != nil || !ready {
		return errors.Join(err, unix.ETIMEDOUT)
	}
	err := s.Error()
	s.connect = &ConnectResult{Error: errorName(err), TookS: time.Since(s.began).Seconds()}
	return err
}

// Connect connects, which has to succeed.
func (s *Socket) Connect(to netip.AddrPort) {
	if err := s.TryConnect(to); err != nil {
		s.host.fail("connect", err)
	}
}

// Error returns and clears the socket's pending error.
func (s *Socket) Error() error {
	n, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	if n != 0 {
		return unix.Errno(n)
	}
	return nil
}

// Accept waits for a connection.
func (s *Socket) Accept() *Socket {
	for {
		if ready, err := s.wait(unix.POLLIN, s.host.stage.patience); err != nil || !ready {
			s.host.fail("accept", errors.Join(err, unix.ETIMEDOUT))
		}
		fd, from, err := unix.Accept4(s.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == unix.EINTR || err == unix.EAGAIN {
			continue
		}
		if err != nil {
			s.host.fail("accept", err)
		}
		c := &Socket{fd: fd, host: s.host}
		c.named(addrPortOf(from))
		s.host.stage.own(c)
		return c
	}
}

// Write sends n octets of the scenario's filling.
func (s *Socket) Write(n int) {
	if err := s.TryWrite(n, s.host.stage.patience); err != nil {
		s.host.fail("write", err)
	}
}

// WriteString sends text.
func (s *Socket) WriteString(text string) {
	if _, err := s.write([]byte(text), s.host.stage.patience); err != nil {
		s.host.fail("write", err)
	}
}

// TryWrite sends n octets and returns the error that kept it from it; waiting
// longer than limit for the socket to take any is unix.ETIMEDOUT.
func (s *Socket) TryWrite(n int, limit time.Duration) error {
	filling := make([]byte, min(n, 1<<16))
	for i := range filling {
		filling[i] = 'a' + byte(i%26)
	}
	for n > 0 {
		m, err := s.write(filling[:min(n, len(filling))], limit)
		if err != nil {
			return err
		}
		n -= m
	}
	return nil
}

func (s *Socket) write(data []byte, limit time.Duration) (int, error) {
	sent := 0
	for sent < len(data) {
		n, err := unix.SendmsgN(s.fd, data[sent:], nil, nil, unix.MSG_NOSIGNAL)
		switch err {
		case nil:
			sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			if ready, err := s.wait(unix.POLLOUT, limit); err != nil || !ready {
				return sent, errors.Join(err, unix.ETIMEDOUT)
			}
		default:
			return sent, err
		}
	}
	return sent, nil
}

// Ask sends a request and receives its answer, and clocks when the first octet of it was
// read.
func (s *Socket) Ask(request, answer int) {
	begun := time.Now()
	s.Write(request)
	s.Read(1)
	s.clocked = append(s.clocked, time.Since(begun).Seconds())
	s.Read(answer - 1)
}

// Answer receives a request and answers it after a time, and clocks that.
func (s *Socket) Answer(request, answer int, after time.Duration) {
	s.Read(request)
	begun := time.Now()
	s.host.stage.Sleep(after)
	took := time.Since(begun)
	s.Write(answer)
	s.clocked = append(s.clocked, took.Seconds())
}

// WriteUrgent sends data of which the last octet is urgent.
func (s *Socket) WriteUrgent(text string) {
	if err := unix.Send(s.fd, []byte(text), unix.MSG_OOB|unix.MSG_NOSIGNAL); err != nil {
		s.host.fail("write urgent", err)
	}
}

// Read receives exactly n octets.
func (s *Socket) Read(n int) {
	got, err := s.read(n)
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		s.host.fail(fmt.Sprintf("read %d octets, got %d", n, got), err)
	}
}

// ReadEnd receives until the peer's FIN and returns how many octets came.
func (s *Socket) ReadEnd() int {
	n, err := s.read(1 << 40)
	if err != nil {
		s.host.fail("read to the end", err)
	}
	return n
}

// ReadError receives until the connection breaks and returns how; nil if it
// ended with a FIN.
func (s *Socket) ReadError() error {
	_, err := s.read(1 << 40)
	return err
}

// read receives up to n octets, fewer only at the peer's FIN.
func (s *Socket) read(n int) (got int, err error) {
	buf := make([]byte, 1<<16)
	for got < n {
		m, err := unix.Read(s.fd, buf[:min(n-got, len(buf))])
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if ready, err := s.wait(unix.POLLIN, s.host.stage.patience); err != nil || !ready {
				return got, errors.Join(err, unix.ETIMEDOUT)
			}
		case err != nil:
			return got, err
		case m == 0:
			return got, nil
		default:
			got += m
		}
	}
	return got, nil
}

// Shutdown ends the sending side only: a half close.
func (s *Socket) Shutdown() {
	if err := unix.Shutdown(s.fd, unix.SHUT_WR); err != nil {
		s.host.fail("shutdown", err)
	}
}

// Close closes the socket.
func (s *Socket) Close() {
	if s.fd >= 0 {
		s.tell()
		unix.Close(s.fd)
		s.fd = -1
	}
}

// Abort closes the socket with a RST (SO_LINGER with time 0).
func (s *Socket) Abort() {
	err := unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if err != nil {
		s.host.fail("linger", err)
	}
	s.Close()
}

// Keepalive turns keepalive on; idle and interval are in seconds.
func (s *Socket) Keepalive(idle, interval, probes int) {
	s.Set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	s.Set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, idle)
	s.Set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, interval)
	s.Set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, probes)
}

// wait is poll for the socket, cut short when the scenario is cancelled.
func (s *Socket) wait(events int16, limit time.Duration) (bool, error) {
	for deadline := time.Now().Add(limit); ; {
		if err := s.host.stage.ctx.Err(); err != nil {
			return false, err
		}
		ready, err := poll(s.fd, events, min(200*time.Millisecond, time.Until(deadline)))
		if err != nil || ready || time.Now().After(deadline) {
			return ready, err
		}
	}
}

// poll waits for one of the events, an error or a hang-up; false is time out.
func poll(fd int, events int16, limit time.Duration) (bool, error) {
	deadline := time.Now().Add(limit)
	for {
		fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
		n, err := unix.Poll(fds, int(max(0, time.Until(deadline).Milliseconds())))
		if err == unix.EINTR {
			continue
		}
		return n > 0, err
	}
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}
