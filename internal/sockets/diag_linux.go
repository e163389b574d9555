package sockets

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// diag asks the kernel about sockets (sock_diag(7)).
type diag struct {
	fd  int
	buf []byte
}

func newDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	// An answer that does not come must not hold up all others.
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})
	return &diag{fd: fd, buf: make([]byte, 64<<10)}, nil
}

func (d *diag) close() { unix.Close(d.fd) }

// socket is what the kernel tells of one.
type socket struct {
	local, peer netip.AddrPort
	state       uint8
	uid         uint32
	inode       uint32 // 0 while no process has it: before accept(2), and after close(2)
}

const (
	sockDiagByFamily = 20
	diagRequest      = 56 // struct inet_diag_req_v2
	diagAnswer       = 72 // struct inet_diag_msg

	stateListen = 10 // of the kernel's numbers
	// withProcess are the states in which a process may have the socket: not LISTEN, NEW-SYN-RECV, TIME-WAIT.
	withProcess = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<8 | 1<<9 | 1<<11
)

// request makes a request for one socket, or for all of a family.
func request(family uint8, flags uint16, local, peer netip.AddrPort) []byte {
	b := make([]byte, unix.SizeofNlMsghdr+diagRequest)
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], sockDiagByFamily)
	binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|flags)
	r := b[unix.SizeofNlMsghdr:]
	r[0], r[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(r[4:], withProcess)
	id := r[8:]
	if flags&unix.NLM_F_DUMP == 0 {
		binary.BigEndian.PutUint16(id, local.Port())
		binary.BigEndian.PutUint16(id[2:], peer.Port())
		copy(id[4:20], local.Addr().AsSlice())
		copy(id[20:36], peer.Addr().AsSlice())
	}
	binary.NativeEndian.PutUint64(id[40:], 1<<64-1) // no cookie
	return b
}

// find returns the socket with these ends. An IPv6 socket that has IPv4 addresses is found by
// these.
func (d *diag) find(local, peer netip.AddrPort) (s socket, found bool) {
	family := uint8(unix.AF_INET6)
	if local.Addr().Is4() {
		family = unix.AF_INET
	}
	d.ask(request(family, 0, local, peer), func(got socket) bool {
		s, found = got, true
		return false
	})
	// Where there is no such socket, one that listens is found in its place.
	return s, found && s.state != stateListen && s.local.Port() == local.Port() && s.peer == peer
}

// all calls each for the sockets that processes may have, until it returns false.
func (d *diag) all(each func(s socket) bool) {
	for _, family := range [...]uint8{unix.AF_INET, unix.AF_INET6} {
		d.ask(request(family, unix.NLM_F_DUMP, netip.AddrPort{}, netip.AddrPort{}), each)
	}
}

// ask sends a request, and calls each for the sockets that come back, until it returns false:
// the rest is then read and dropped.
func (d *diag) ask(request []byte, each func(s socket) bool) {
	if unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}) != nil {
		return
	}
	dump := binary.NativeEndian.Uint16(request[6:])&unix.NLM_F_DUMP == unix.NLM_F_DUMP
	wanted := true
	for {
		n, _, err := unix.Recvfrom(d.fd, d.buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		for b := d.buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size := int(binary.NativeEndian.Uint32(b))
			if size < unix.SizeofNlMsghdr || size > len(b) {
				return
			}
			switch binary.NativeEndian.Uint16(b[4:]) {
			case unix.NLMSG_ERROR, unix.NLMSG_DONE:
				return
			case sockDiagByFamily:
				if s, ok := readSocket(b[unix.SizeofNlMsghdr:size]); ok && wanted {
					wanted = each(s)
				}
			}
			b = b[min(len(b), (size+3)&^3):]
		}
		if !dump {
			return
		}
	}
}

func readSocket(b []byte) (s socket, ok bool) {
	if len(b) < diagAnswer {
		return s, false
	}
	id := b[4:]
	addr := func(at int) netip.Addr {
		if b[0] == unix.AF_INET {
			return netip.AddrFrom4([4]byte(id[at : at+4]))
		}
		return netip.AddrFrom16([16]byte(id[at : at+16])).Unmap()
	}
	s.state = b[1]
	s.local = netip.AddrPortFrom(addr(4), binary.BigEndian.Uint16(id))
	s.peer = netip.AddrPortFrom(addr(20), binary.BigEndian.Uint16(id[2:]))
	s.uid = binary.NativeEndian.Uint32(b[64:])
	s.inode = binary.NativeEndian.Uint32(b[68:])
	return s, true
}
