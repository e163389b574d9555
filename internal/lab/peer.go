//go:build linux

package lab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// peerAddr is where hand-made packets come from: an address of the client's
// network that no kernel has, so that none answers in its name.
var peerAddr = netip.MustParseAddr("10.77.1.3")

// Peer makes TCP segments by hand and reads what the server's kernel answers.
// Its numbers are what it would send and expect if it kept to the rules; what
// breaks them is written out in each Send.
type Peer struct {
	stage *Stage
	fd    int
	index int
	port  uint16
	to    uint16 // the kernel's port

	Next   uint32 // the sequence number to send next
	Expect uint32 // the one expected of the kernel
	Window uint16 // of the kernel, as last heard, scaled
	times  bool   // use timestamps
	clock  uint32 // the timestamp to send next
	echo   uint32
	ipid   uint16
}

// Shape is one segment to send. Its numbers are absolute.
type Shape struct {
	Flags    fsm.Flags
	Seq, Ack uint32
	Data     string
	Clock    uint32 // timestamp; 0 for the next in order
	Spoil    bool   // wrong checksum
}

// Answer is a segment of the kernel.
type Answer struct {
	Flags    fsm.Flags
	Seq, Ack uint32
	Window   uint16
	Payload  int
}

// Peer makes a peer at a port for talk with the server's kernel at its port.
func (s *Stage) Peer(port, to uint16, timestamps bool) *Peer {
	p := &Peer{stage: s, fd: -1, port: port, to: to, times: timestamps,
		Next: s.Rand.Uint32(), clock: 1_000_000 + uint32(s.Rand.IntN(1<<20)), ipid: uint16(s.Rand.Uint32())}
	err := s.Client.ns.do(func() (err error) {
		const every = uint16(unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8)
		if p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		ifr, err := unix.NewIfreq(clientLink)
		if err != nil {
			return err
		}
		if err := unix.IoctlIfreq(p.fd, unix.SIOCGIFINDEX, ifr); err != nil {
			return err
		}
		p.index = int(ifr.Uint32())
		if err := unix.SetsockoptInt(p.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
			return err
		}
		return unix.Bind(p.fd, &unix.SockaddrLinklayer{Protocol: every, Ifindex: p.index})
	})
	if err != nil {
		s.Client.fail("packet socket", err)
	}
	s.own(&Socket{fd: p.fd, host: s.Client})
	s.peers = append(s.peers, tuple{netip.AddrPortFrom(peerAddr, port), netip.AddrPortFrom(s.Server.Addr, to)})
	return p
}

// Send sends a segment as it is given; no number of the peer changes.
func (p *Peer) Send(g Shape) {
	var options []byte
	if g.Flags.Has(fsm.SYN) {
		options = append(options, 2, 4, 1460>>8, 1460&0xff)
	}
	if p.times {
		if g.Clock == 0 {
			p.clock += 1 + uint32(p.stage.Rand.IntN(5))
			g.Clock = p.clock
		}
		options = append(options, 1, 1, 8, 10)
		options = binary.BigEndian.AppendUint32(options, g.Clock)
		options = binary.BigEndian.AppendUint32(options, p.echo)
	}
	tcp := make([]byte, 20, 20+len(options)+len(g.Data))
	binary.BigEndian.PutUint16(tcp, p.port)
	binary.BigEndian.PutUint16(tcp[2:], p.to)
	binary.BigEndian.PutUint32(tcp[4:], g.Seq)
	binary.BigEndian.PutUint32(tcp[8:], g.Ack)
	tcp[12], tcp[13] = byte(5+len(options)/4)<<4, byte(g.Flags)
	binary.BigEndian.PutUint16(tcp[14:], 64000)
	tcp = append(append(tcp, options...), g.Data...)

	p.ipid++
	ip := make([]byte, 20, 20+len(tcp))
	ip[0], ip[6], ip[8], ip[9] = 0x45, 0x40, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
	binary.BigEndian.PutUint16(ip[4:], p.ipid)
	from, to := peerAddr.As4(), p.stage.Server.Addr.As4()
	copy(ip[12:], from[:])
	copy(ip[16:], to[:])
	binary.BigEndian.PutUint16(ip[10:], ^onesSum(0, ip))
	sum := onesSum(unix.IPPROTO_TCP+uint32(len(tcp)), ip[12:20])
	binary.BigEndian.PutUint16(tcp[16:], ^onesSum(uint32(sum), tcp))
	if g.Spoil {
		tcp[16] ^= 0x55
	}
	frame := append(append(append(append([]byte(nil), routerMACs[0]...), clientMAC...), 8, 0), ip...)
	frame = append(frame, tcp...)
	if err := unix.Sendto(p.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: p.index, Halen: 6}); err != nil {
		p.stage.Client.fail("send by hand", err)
	}
}

// onesSum is the Internet checksum's sum.
func onesSum(sum uint32, b []byte) uint16 {
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i]) << 8
		if i+1 < len(b) {
			sum += uint32(b[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

// receive returns the next segment of the kernel, or false when none comes in time.
func (p *Peer) receive(limit time.Duration) (a Answer, ok bool) {
	buf := make([]byte, 70000)
	for deadline := time.Now().Add(limit); ; {
		ready, err := poll(p.fd, unix.POLLIN, time.Until(deadline))
		if err != nil {
			p.stage.Client.fail("wait by hand", err)
		}
		if !ready {
			return a, false
		}
		n, _, err := unix.Recvfrom(p.fd, buf, unix.MSG_DONTWAIT)
		if err != nil {
			continue
		}
		f := buf[:n]
		if n < 54 || f[12] != 8 || f[23] != unix.IPPROTO_TCP || netip.AddrFrom4([4]byte(f[30:34])) != peerAddr {
			continue
		}
		t := f[34:min(n, 14+int(binary.BigEndian.Uint16(f[16:])))]
		if binary.BigEndian.Uint16(t[2:]) != p.port || binary.BigEndian.Uint16(t) != p.to {
			continue
		}
		header := int(t[12]>>4) * 4
		a = Answer{
			Flags: fsm.Flags(t[13]), Seq: binary.BigEndian.Uint32(t[4:]), Ack: binary.BigEndian.Uint32(t[8:]),
			Window: binary.BigEndian.Uint16(t[14:]), Payload: len(t) - header,
		}
		for o := t[20:header]; p.times && len(o) >= 10; o = o[1:] {
			if o[0] == 8 && o[1] == 10 { // its place never looks like anything else here
				p.echo = binary.BigEndian.Uint32(o[2:])
				break
			}
		}
		return a, true
	}
}

// Await returns the first segment that has all of the flags; others are passed
// over. None within two seconds ends the scenario.
func (p *Peer) Await(flags fsm.Flags) Answer {
	for deadline := time.Now().Add(2 * time.Second); ; {
		a, ok := p.receive(time.Until(deadline))
		if !ok {
			p.stage.Client.fail(fmt.Sprintf("wait for %s", flags), unix.ETIMEDOUT)
		}
		if a.Flags.Has(flags) {
			return a
		}
	}
}

// Silence lets time pass, in which the kernel must not answer.
func (p *Peer) Silence() {
	if a, ok := p.receive(3*p.stage.Delay + 60*time.Millisecond); ok {
		p.stage.Client.fail("silence", fmt.Errorf("the kernel sent %+v", a))
	}
}

// ACK sends an acknowledgment as the rules have it.
func (p *Peer) ACK() { p.Send(Shape{Flags: fsm.ACK, Seq: p.Next, Ack: p.Expect}) }

// Say sends data as the rules have it and waits for its ACK.
func (p *Peer) Say(data string) {
	p.Send(Shape{Flags: fsm.ACK | fsm.PSH, Seq: p.Next, Ack: p.Expect, Data: data})
	p.Next += uint32(len(data))
	for p.Await(fsm.ACK).Ack != p.Next {
	}
}

// Open connects to the kernel's listener.
func (p *Peer) Open() {
	p.Send(Shape{Flags: fsm.SYN, Seq: p.Next})
	p.Next++
	p.Expect = p.Await(fsm.SYN|fsm.ACK).Seq + 1
	p.ACK()
}

// Close closes; the kernel reads what it was sent, and follows.
func (p *Peer) Close(kernel *Socket) {
	p.Send(Shape{Flags: fsm.FIN | fsm.ACK, Seq: p.Next, Ack: p.Expect})
	p.Next++
	kernel.Drain(2 * time.Second)
	kernel.Close()
	p.Expect = p.Await(fsm.FIN).Seq + 1
	p.ACK()
	p.stage.Trip()
}
