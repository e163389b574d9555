//go:build linux

package lab

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Direction is the way a packet travels through the router.
type Direction int

// The two directions.
const (
	ToServer Direction = iota
	ToClient
)

// String names the endpoint that the packet comes from.
func (d Direction) String() string {
	if d == ToClient {
		return "server"
	}
	return "client"
}

// Packet is what a rule may look at. Numbers are as in the packet.
type Packet struct {
	Direction  Direction
	Source     netip.Addr
	Target     netip.Addr
	Time       time.Time // when the router read it
	SourcePort uint16
	TargetPort uint16
	Flags      fsm.Flags
	Seq, Ack   uint32
	Payload    int // octets of TCP payload

	add    [2]uint32     // to the client's and the server's numbers
	answer time.Duration // when a second host answers, after it is passed on; 0 for never
}

// Rule says what the router does with some packets. The first rule that
// matches decides.
type Rule struct {
	Name   string // in words: "first SYN", written to the truth
	Action Action
	Match  func(*Packet) bool
	Skip   int           // matches that pass untouched before the rule acts
	Count  int           // matches that it acts on; 0 for all
	By     time.Duration // for Delay, Duplicate and Impostor
	Add    [2]uint32     // for Renumber: what the client's and the server's numbers gain on their way
	Maybe  bool          // it is no fault if fewer packets match than Skip and Count say

	seen int
}

// forwarder carries packets between the router's two links, as a router would
// (new MAC addresses, TTL one less), each after the same delay, except where a
// rule says otherwise. It keeps a giant segment of an offloading sender whole.
type forwarder struct {
	socket [2]int // packet sockets on routerLinks
	index  [2]int // interface indexes
	delay  time.Duration
	next   net.HardwareAddr // where packets to the server go, if not to the server itself
	others bool             // carry what is not TCP too
	stop   chan struct{}
	queue  chan departure

	mirror      int // packet socket of the mirror port, -1 for none
	mirrorIndex int
	mirrorTags  [2]uint16

	done sync.WaitGroup

	mu    sync.Mutex
	rules []*Rule
	log   []Interference
	rsts  []Packet // every RST that came by
	err   error
}

// departure is a frame and when it has to leave.
type departure struct {
	due   time.Time
	order uint64 // among equal times, first come first served
	to    Direction
	data  []byte // virtio header and frame
}

// virtioHeader is the length of the header that says how far a frame's
// checksum and segmentation were left to a network card.
const virtioHeader = 10

// newForwarder starts to forward in the router's namespace.
func newForwarder(net *network, others bool, delay time.Duration, rules []*Rule, mirror *Mirror) (*forwarder, error) {
	router := net.router
	f := &forwarder{
		socket: [2]int{-1, -1},
		mirror: -1,
		others: others,
		delay:  delay,
		rules:  rules,
		stop:   make(chan struct{}),
		queue:  make(chan departure, 4096),
	}
	if net.box != nil {
		f.next = boxMACs[0]
	}
	err := router.do(func() error {
		for i := range f.socket {
			if err := f.open(i); err != nil {
				return fmt.Errorf("forwarder on %s: %w", routerLinks[i], err)
			}
		}
		if mirror != nil {
			return f.openMirror(mirror)
		}
		return nil
	})
	if err != nil {
		f.closeSockets()
		return nil, err
	}
	f.done.Add(3)
	go f.read(0, ToServer)
	go f.read(1, ToClient)
	go f.send()
	return f, nil
}

// open makes the packet socket on router link i. It runs inside the namespace.
func (f *forwarder) open(i int) error {
	const any = uint16(unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8) // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f.socket[i] = fd
	for _, o := range [][3]int{
		{unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1},
		{unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1},
		{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32 << 20},
		{unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 32 << 20},
	} {
		if err := unix.SetsockoptInt(fd, o[0], o[1], o[2]); err != nil {
			return fmt.Errorf("socket option %d: %w", o[1], err)
		}
	}
	ifr, err := unix.NewIfreq(routerLinks[i])
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return err
	}
	f.index[i] = int(ifr.Uint32())
	return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: any, Ifindex: f.index[i]})
}

// read takes frames from link i and queues them for the other link.
func (f *forwarder) read(i int, dir Direction) {
	defer f.done.Done()
	buf := make([]byte, virtioHeader+70000)
	var order uint64
	for {
		select {
		case <-f.stop:
			return
		default:
		}
		if ready, err := poll(f.socket[i], unix.POLLIN, 100*time.Millisecond); err != nil {
			f.fail(err)
			return
		} else if !ready {
			continue
		}
		n, from, err := unix.Recvfrom(f.socket[i], buf, unix.MSG_DONTWAIT)
		if err == unix.EINTR || err == unix.EAGAIN || err == unix.ENETDOWN {
			continue
		}
		if err != nil {
			f.fail(fmt.Errorf("read %s: %w", routerLinks[i], err))
			return
		}
		if ll, ok := from.(*unix.SockaddrLinklayer); !ok || ll.Pkttype != unix.PACKET_HOST || n < virtioHeader {
			continue
		}
		now := time.Now()
		f.copyTo(i, buf[virtioHeader:n])
		p, ok := route(buf[virtioHeader:n], dir)
		waits := []time.Duration{f.delay}
		switch {
		case ok:
			p.Time = now
			waits = f.judge(p)
			renumber(buf[virtioHeader:n], dir, p.add)
		case f.others && pass(buf[virtioHeader:n], dir):
		default:
			continue // not between our two hosts
		}
		if dir == ToServer && f.next != nil {
			copy(buf[virtioHeader:], f.next)
		}
		if ok && p.answer != 0 {
			d := departure{due: now.Add(f.delay + p.answer), order: order, to: 1 - dir, data: secondAnswer(buf[:n], dir)}
			select {
			case f.queue <- d:
			case <-f.stop:
				return
			}
		}
		for _, wait := range waits {
			order++
			d := departure{due: now.Add(wait), order: order, to: dir, data: append([]byte(nil), buf[:n]...)}
			select {
			case f.queue <- d:
			case <-f.stop:
				return
			}
		}
	}
}

// judge asks the rules and returns after what time the packet is sent on: no
// time for a dropped packet, two for a duplicated one.
func (f *forwarder) judge(p *Packet) []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Flags.Has(fsm.RST) {
		f.rsts = append(f.rsts, *p)
	}
	for _, r := range f.rules {
		if !r.Match(p) {
			continue
		}
		r.seen++
		if r.seen <= r.Skip || r.Count > 0 && r.seen > r.Skip+r.Count {
			continue
		}
		switch r.Action {
		case Renumber:
			p.add = r.Add
			return []time.Duration{f.delay}
		case Impostor:
			p.answer = r.By
		}
		f.note(p, r)
		switch r.Action {
		case Drop:
			return nil
		case Delay:
			return []time.Duration{f.delay + r.By}
		case Duplicate:
			return []time.Duration{f.delay, f.delay + r.By}
		}
	}
	return []time.Duration{f.delay}
}

// note writes down an interference; f.mu is held.
func (f *forwarder) note(p *Packet, r *Rule) {
	f.log = append(f.log, Interference{
		Time: p.Time.UTC().Round(0), From: p.Direction.String(), Action: r.Action, Rule: r.Name, ByS: r.By.Seconds(),
		Sport: p.SourcePort, Dport: p.TargetPort,
		Flags: p.Flags.String(), Seq: p.Seq, Ack: p.Ack, Len: p.Payload,
	})
}

// send lets each queued frame leave when its time has come.
func (f *forwarder) send() {
	defer f.done.Done()
	var waiting departures
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		if len(waiting) > 0 {
			timer.Reset(time.Until(waiting[0].due))
		} else {
			timer.Reset(time.Hour)
		}
		select {
		case <-f.stop:
			return
		case d := <-f.queue:
			heap.Push(&waiting, d)
		case <-timer.C:
		}
		for len(waiting) > 0 && !time.Now().Before(waiting[0].due) {
			d := heap.Pop(&waiting).(departure)
			out := 1 - int(d.to) // routerLinks is ordered client, server
			f.copyTo(out, d.data[virtioHeader:])
			err := unix.Sendto(f.socket[out], d.data, 0, &unix.SockaddrLinklayer{Ifindex: f.index[out], Halen: 6})
			if err != nil && err != unix.EINTR {
				f.fail(fmt.Errorf("send on %s: %w", routerLinks[out], err))
				return
			}
		}
	}
}

func (f *forwarder) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = errors.Join(f.err, err)
}

// close ends forwarding and returns what the router did to packets. It is an
// error if the forwarder lost a packet that no rule took, or if a rule that
// was to act a number of times did so less often.
func (f *forwarder) close() ([]Interference, error) {
	close(f.stop)
	f.done.Wait()
	for i, fd := range f.socket {
		if lost, err := droppedPackets(fd); err != nil {
			f.fail(err)
		} else if lost > 0 {
			f.fail(fmt.Errorf("forwarder on %s lost %d packets by itself", routerLinks[i], lost))
		}
	}
	f.closeSockets()
	for _, r := range f.rules {
		if r.seen < r.Skip+r.Count && !r.Maybe {
			f.fail(fmt.Errorf("rule %q matched %d packets, not %d", r.Name, r.seen, r.Skip+r.Count))
		}
	}
	return f.log, f.err
}

func (f *forwarder) closeSockets() {
	for _, fd := range f.socket {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	if f.mirror >= 0 {
		unix.Close(f.mirror)
	}
}

// droppedPackets returns how many frames a packet socket had no room for.
func droppedPackets(fd int) (uint32, error) {
	var stats struct{ packets, drops uint32 }
	size := uint32(unsafe.Sizeof(stats))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS,
		uintptr(unsafe.Pointer(&stats)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("packet statistics: %w", errno)
	}
	return stats.drops, nil
}

// route makes a frame ready for the other link, in place, and returns what
// rules look at. It is false for anything but TCP without extension headers.
func route(frame []byte, dir Direction) (*Packet, bool) {
	if len(frame) < 14+20 {
		return nil, false
	}
	ip := frame[14:]
	var tcp []byte
	var source, target netip.Addr
	switch {
	case binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IP && ip[0]>>4 == 4 && ip[9] == unix.IPPROTO_TCP:
		header, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
		if total == 0 || total > len(ip) { // zero in the biggest offloaded segments
			total = len(ip)
		}
		if header < 20 || header > total {
			return nil, false
		}
		tcp = ip[header:total]
		ip[8]--
		source, target = netip.AddrFrom4([4]byte(ip[12:])), netip.AddrFrom4([4]byte(ip[16:]))
		// One less in the TTL's octet is 0x0100 more in the checksum (RFC 1624).
		sum := uint32(binary.BigEndian.Uint16(ip[10:])) + 0x100
		binary.BigEndian.PutUint16(ip[10:], uint16(sum+sum>>16))
	case binary.BigEndian.Uint16(frame[12:]) == unix.ETH_P_IPV6 && len(ip) >= 40 && ip[6] == unix.IPPROTO_TCP:
		total := 40 + int(binary.BigEndian.Uint16(ip[4:]))
		if total == 40 || total > len(ip) {
			total = len(ip)
		}
		tcp = ip[40:total]
		ip[7]--
		source, target = netip.AddrFrom16([16]byte(ip[8:])), netip.AddrFrom16([16]byte(ip[24:]))
	default:
		return nil, false
	}
	if len(tcp) < 20 || int(tcp[12]>>4)*4 > len(tcp) {
		return nil, false
	}
	readdress(frame, dir)
	return &Packet{
		Direction:  dir,
		Source:     source,
		Target:     target,
		SourcePort: binary.BigEndian.Uint16(tcp),
		TargetPort: binary.BigEndian.Uint16(tcp[2:]),
		Seq:        binary.BigEndian.Uint32(tcp[4:]),
		Ack:        binary.BigEndian.Uint32(tcp[8:]),
		Flags:      fsm.Flags(tcp[13]) | fsm.Flags(tcp[12]&15)<<8,
		Payload:    len(tcp) - int(tcp[12]>>4)*4,
	}, true
}

// pass makes an IP packet that is not TCP, or is a fragment, ready for the other
// link, in place. It is false for what is no IP packet from one host to another.
func pass(frame []byte, dir Direction) bool {
	if len(frame) < 14+20 {
		return false
	}
	ip := frame[14:]
	switch binary.BigEndian.Uint16(frame[12:]) {
	case unix.ETH_P_IP:
		ip[8]--
		sum := uint32(binary.BigEndian.Uint16(ip[10:])) + 0x100
		binary.BigEndian.PutUint16(ip[10:], uint16(sum+sum>>16))
	case unix.ETH_P_IPV6:
		if len(ip) < 40 || ip[7] == 255 { // 255 is between neighbours
			return false
		}
		ip[7]--
	default:
		return false
	}
	readdress(frame, dir)
	return true
}

// readdress gives a frame the MAC addresses of the other link.
func readdress(frame []byte, dir Direction) {
	if dir == ToServer {
		copy(frame, serverMAC)
		copy(frame[6:], routerMACs[1])
	} else {
		copy(frame, clientMAC)
		copy(frame[6:], routerMACs[0])
	}
}

// departures is a heap by time, then by arrival.
type departures []departure

func (d departures) Len() int      { return len(d) }
func (d departures) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *departures) Push(x any)   { *d = append(*d, x.(departure)) }
func (d departures) Less(i, j int) bool {
	if !d[i].due.Equal(d[j].due) {
		return d[i].due.Before(d[j].due)
	}
	return d[i].order < d[j].order
}
func (d *departures) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}
