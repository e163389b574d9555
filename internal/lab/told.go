//go:build linux

package lab

import (
	"errors"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// told is what one socket's program learned from its kernel.
type told struct {
	time     time.Time // when the socket was closed, or the scenario ended
	from, to netip.AddrPort
	connect  *ConnectResult
	info     *SocketInfo
	clocked  []float64
}

// alias is an address that one host knows another by, because something between
// the two translates it.
type alias struct {
	outside, inside netip.AddrPort // a port of 0 is any
	since           time.Time
}

// knownAs notes that from now on the host at inside is known as outside.
func (s *Stage) knownAs(inside, outside netip.AddrPort) {
	if s.whole != nil {
		s.whole.knownAs(inside, outside)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aliases = append(s.aliases, alias{outside, inside, time.Now()})
}

// inside returns who was known by an address at a time.
func (s *Stage) inside(a netip.AddrPort, at time.Time) netip.AddrPort {
	for i := len(s.aliases) - 1; i >= 0; i-- {
		x := s.aliases[i]
		if x.outside.Addr() == a.Addr() && (x.outside.Port() == 0 || x.outside.Port() == a.Port()) && !x.since.After(at) {
			return netip.AddrPortFrom(x.inside.Addr(), a.Port())
		}
	}
	return a
}

// outside returns the address that a was ever known by, or the zero one.
func (s *Stage) outside(a netip.AddrPort) netip.AddrPort {
	for _, x := range s.aliases {
		if x.inside == a {
			return netip.AddrPortFrom(x.outside.Addr(), a.Port())
		}
	}
	return netip.AddrPort{}
}

// hear keeps what a socket was told.
func (s *Stage) hear(t told) {
	if s.whole != nil {
		s.whole.hear(t)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, t)
}

// tell asks the kernel about the socket, which is about to be closed.
func (s *Socket) tell() {
	if s.fd < 0 || !s.to.IsValid() {
		return
	}
	t := told{time: time.Now(), from: s.from, to: s.to, connect: s.connect, clocked: s.clocked}
	if i, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
		const bits = 7 // where tcpi_delivery_rate_app_limited is, which package unix gives no name
		appLimited := *(*uint8)(unsafe.Add(unsafe.Pointer(i), bits))&1 != 0
		t.info = &SocketInfo{
			State: rfcNumber(i.State), Retransmits: i.Total_retrans, Timeouts: uint32(i.Total_rto),
			BytesSent: i.Bytes_sent, BytesResent: i.Bytes_retrans, BytesAcked: i.Bytes_acked, BytesReceived: i.Bytes_received,
			SegmentsOut: i.Segs_out, SegmentsIn: i.Segs_in, DataSegmentsOut: i.Data_segs_out, DataSegmentsIn: i.Data_segs_in,
			DSACKs: i.Dsack_dups, Reordered: i.Reord_seen, RTTS: float64(i.Rtt) / 1e6, RTOS: float64(i.Rto) / 1e6,
			MSS: i.Snd_mss, PathMTU: i.Pmtu, RTTVarS: float64(i.Rttvar) / 1e6, MinRTTS: float64(i.Min_rtt) / 1e6,
			DeliveryRate: i.Delivery_rate, AppLimited: appLimited,
		}
	}
	s.host.stage.hear(t)
}

// rfcNumber translates the kernel's number of a state.
func rfcNumber(n uint8) string {
	if n < 1 || int(n) > len(kernelStates) {
		return ""
	}
	return kernelStates[n-1].rfc
}

// named notes the socket's ends.
func (s *Socket) named(to netip.AddrPort) {
	s.to = to
	if a, err := unix.Getsockname(s.fd); err == nil {
		s.from = addrPortOf(a)
	}
}

func addrPortOf(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}

// errorName returns the kernel's name of an error, or its text.
func errorName(err error) string {
	var code unix.Errno
	if errors.As(err, &code) {
		return unix.ErrnoName(code)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// attach gives what the sockets were told to their connections: of several
// incarnations to the last that had begun by then.
func (t *Truth) attach(st *Stage) {
	for _, x := range st.told {
		from, to := st.inside(x.from, x.time), st.inside(x.to, x.time)
		var end *Endpoint
		for _, c := range t.Connections {
			var e *Endpoint
			switch (tuple{c.Client, c.Server}) {
			case tuple{from, to}:
				e = &c.ClientSide
			case tuple{to, from}:
				e = &c.ServerSide
			default:
				continue
			}
			if end == nil || len(e.States) > 0 && !e.States[0].Time.After(x.time) {
				end = e
			}
		}
		if end != nil {
			end.Connect, end.Socket, end.Clocked = x.connect, x.info, x.clocked
		}
	}
}
