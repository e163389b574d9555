//go:build linux

// Package liverate measures how many packets a second a live capture takes without
// a drop: one processor sends over a pair of virtual interfaces, another captures.
package liverate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// Traffic is frames to send, again and again from other clients.
type Traffic struct {
	frames [][]byte
	filled bool // their TCP checksums are right, and to be kept so
}

// NewTraffic makes n packets of a kind of trace. With unfilled the TCP checksums are
// as a host leaves them to its network card: the sum over the pseudo-header only.
func NewTraffic(kind string, n int, unfilled bool) (*Traffic, error) {
	k := tracegen.Find(kind)
	if k == nil {
		return nil, fmt.Errorf("no kind of trace %q", kind)
	}
	var buf bytes.Buffer
	if _, err := k.Write(&buf, n, 1); err != nil {
		return nil, err
	}
	t := &Traffic{filled: !unfilled}
	for data := buf.Bytes()[24:]; len(data) > 0; {
		size := 16 + int(binary.LittleEndian.Uint32(data[8:]))
		frame := data[16:size]
		if unfilled {
			ip := frame[14:]
			binary.BigEndian.PutUint16(ip[36:], checksum.Fold(checksum.Sum(uint64(6+len(ip)-20), ip[12:20])))
		}
		t.frames = append(t.frames, frame)
		data = data[size:]
	}
	return t, nil
}

// renew gives a frame's client another address: the next of the same /16 block's
// order, so that a trace sent again is of other connections.
func (t *Traffic) renew(frame []byte) {
	ip := frame[14:]
	at := 12
	if ip[12] == 10 && ip[13] == 100 { // from a server
		at = 16
	}
	word := ip[at : at+2]
	before := binary.BigEndian.Uint16(word)
	after := before&0xff00 | uint16(byte(before)+1)
	if after&0xff == 100 && before>>8 == 10 { // that is where the servers are
		after++
	}
	binary.BigEndian.PutUint16(word, after)
	adjust(ip[10:], before, after, false)
	adjust(ip[36:], before, after, !t.filled)
}

// Tag puts a VLAN tag into every frame.
func (t *Traffic) Tag(vlan uint16) {
	for i, f := range t.frames {
		tagged := append(append(append([]byte(nil), f[:12]...), 0x81, 0, byte(vlan>>8), byte(vlan)), f[12:]...)
		t.frames[i] = tagged
	}
}

// SendAll sends each frame once, as fast as it goes, and returns how many packets went. Those
// are not counted that the interface dropped, which it does where the kernel's backlog is full:
// no capture can see them.
func (t *Traffic) SendAll(iface string) (sent int, err error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	before, err := txDropped(iface)
	if err != nil {
		return 0, err
	}
	to := &unix.SockaddrLinklayer{Ifindex: i.Index}
	for _, f := range t.frames {
		if err := unix.Sendto(fd, f, 0, to); err != nil {
			return sent, err
		}
		sent++
	}
	after, err := txDropped(iface)
	return sent - (after - before), err
}

// txDropped returns how many packets an interface of the thread's namespace dropped in place
// of sending them.
func txDropped(iface string) (int, error) {
	table, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(table)) {
		if name, figures, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == iface {
			if f := strings.Fields(figures); len(f) == 16 { // eight received, eight sent
				return strconv.Atoi(f[11])
			}
		}
	}
	return 0, fmt.Errorf("no figures of the interface %s", iface)
}

// adjust corrects a checksum for a word that has changed (RFC 1624); plain is for a
// sum that is not inverted.
func adjust(sum []byte, before, after uint16, plain bool) {
	c := binary.BigEndian.Uint16(sum)
	if plain {
		c = ^c
	}
	v := uint32(^c) + uint32(^before) + uint32(after)
	v = v&0xffff + v>>16
	v = v&0xffff + v>>16
	c = ^uint16(v)
	if plain {
		c = ^c
	}
	binary.BigEndian.PutUint16(sum, c)
}

// batch is how many packets go to the kernel at a time.
const batch = 32

type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	_   [4]byte
}

// Send sends over an interface at so many packets a second for so long, and returns
// how many packets went. It keeps its thread busy.
func (t *Traffic) Send(iface string, rate float64, d time.Duration) (sent int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		return 0, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1); err != nil {
		return 0, err
	}
	var msgs [batch]mmsghdr
	var iovs [batch]unix.Iovec
	for i := range msgs {
		msgs[i].hdr.Iov = &iovs[i]
		msgs[i].hdr.SetIovlen(1)
	}
	began := time.Now()
	for at, round := 0, 0; ; {
		due := int(time.Since(began).Seconds() * rate)
		if time.Since(began) >= d {
			return sent, nil
		}
		if due-sent < batch {
			continue
		}
		for i := range msgs {
			frame := t.frames[at]
			if round > 0 {
				t.renew(frame)
			}
			iovs[i].Base = &frame[0]
			iovs[i].SetLen(len(frame))
			if at++; at == len(t.frames) {
				at, round = 0, round+1
			}
		}
		for left := msgs[:]; len(left) > 0; {
			n, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&left[0])), uintptr(len(left)), 0, 0, 0)
			switch errno {
			case 0:
				sent += int(n)
				left = left[n:]
			case unix.ENOBUFS, unix.EAGAIN, unix.EINTR:
			default:
				return sent, fmt.Errorf("send: %w", errno)
			}
		}
	}
}
