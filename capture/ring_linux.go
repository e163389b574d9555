//go:build cgo && !nopcap

package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ring is a packet socket with the memory that the kernel shares with us
// (packet(7), TPACKET_V3). The kernel fills blocks with packets of all sizes and
// hands them over whole, when full or after blockTimeout; we read them in place and
// hand them back. There is no system call and no copy for a packet, and as long as a
// block is free the kernel never waits for us.
//
// gopacket v1.1.19 has two other ways to the same memory. Its pcap crosses into C for
// every packet. Its afpacket hides the socket: what
// came before the filter was set cannot be told from what came after, an interface
// that goes down ends it, and it does not say which packets of a loopback interface
// are the second copies.
type ring struct {
	fd        int
	mem       []byte
	blockSize int
	next      int    // offset in mem of the block to read next
	held      bool   // the block before next is ours still: its last packet may be in use
	packets   uint32 // left in the block at hand
	at        int    // offset in mem of the next of them

	name     string
	index    int // of the interface; 0 for all
	linkType int
	cooked   bool // the kernel takes the link layer's header away, and a cooked one is put there

	received, dropped uint64 // by the kernel's count; received has the dropped ones in it
	delivered         uint64
}

const (
	blockTimeout  = 20 // milliseconds that a packet waits for company
	minBlockSize  = 1 << 14
	maxBlockSize  = 1 << 18 // but for packets that are larger
	headroom      = 64      // before each packet: for a cooked header and a VLAN tag
	sllLength     = 16      // of the cooked header, v1
	sll2Length    = 20      // and v2
	blockOverhead = 4096    // of a block that no packet can use, and more

	// Offsets in the structures of linux/if_packet.h.
	blockStatus, blockPackets, blockFirst                      = 8, 12, 16
	packetNext, packetSec, packetNsec, packetSnap, packetLen   = 0, 4, 8, 12, 16
	packetStatus, packetMAC, packetTCI, packetTPID, packetAddr = 20, 24, 32, 36, 48
)

// kinds are the link types of interfaces that are captured on as they are, by
// ARPHRD number. The others are captured on cooked.
var kinds = map[uint16]int{
	unix.ARPHRD_ETHER: linkTypeEthernet, unix.ARPHRD_LOOPBACK: linkTypeEthernet,
	unix.ARPHRD_NONE: linkTypeRaw, unix.ARPHRD_TUNNEL: linkTypeRaw, unix.ARPHRD_TUNNEL6: linkTypeRaw,
	unix.ARPHRD_SIT: linkTypeRaw, unix.ARPHRD_RAWIP: linkTypeRaw,
	unix.ARPHRD_IEEE80211: 105, unix.ARPHRD_IEEE80211_PRISM: 119, unix.ARPHRD_IEEE80211_RADIOTAP: 127,
}

// newRing makes the socket and its memory. Until start it gets no packets.
func newRing(name string, options *LiveOptions) (r *ring, err error) {
	r = &ring{fd: -1, name: name, linkType: linkTypeSLL2, cooked: true}
	if name != anyInterface {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", ErrNoInterface, name)
		}
		r.index = i.Index
		if link, ok := kinds[hardwareType(name)]; ok {
			r.linkType, r.cooked = link, false
		}
		if i.Flags&net.FlagUp == 0 {
			return nil, fmt.Errorf("interface %q is down", name)
		}
	}
	kind := unix.SOCK_RAW
	if r.cooked {
		kind = unix.SOCK_DGRAM
	}
	// Protocol 0: nothing comes before it is bound.
	if r.fd, err = unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0); err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("%w on interface %q: %v", ErrPermission, name, err)
		}
		return nil, fmt.Errorf("interface %q: packet socket: %w", name, err)
	}
	if err := r.share(options); err != nil {
		r.close()
		return nil, fmt.Errorf("interface %q: memory for packets: %w", name, err)
	}
	return r, nil
}

// share has the kernel make the memory.
func (r *ring) share(options *LiveOptions) error {
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, headroom); err != nil {
		return err
	}
	r.blockSize = maxBlockSize
	for r.blockSize > minBlockSize && r.blockSize*4 > options.BufferSize {
		r.blockSize /= 2
	}
	for r.blockSize < options.SnapLen+blockOverhead && r.blockSize*4 <= options.BufferSize {
		r.blockSize *= 2 // what is larger than a block is cut, and shows that it is
	}
	timeout := uint32(blockTimeout)
	if options.Immediate {
		timeout = 1
	}
	blocks := max(2, options.BufferSize/r.blockSize)
	for {
		err := unix.SetsockoptTpacketReq3(r.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &unix.TpacketReq3{
			Block_size: uint32(r.blockSize), Block_nr: uint32(blocks),
			Frame_size: 2048, Frame_nr: uint32(r.blockSize / 2048 * blocks),
			Retire_blk_tov: timeout,
		})
		if err == nil {
			break
		}
		if blocks /= 2; blocks < 2 || !errors.Is(err, unix.ENOMEM) {
			return err
		}
	}
	var err error
	r.mem, err = unix.Mmap(r.fd, 0, r.blockSize*blocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

// hardwareType returns the ARPHRD number of an interface.
func hardwareType(name string) uint16 {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return unix.ARPHRD_VOID
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return unix.ARPHRD_VOID
	}
	defer unix.Close(fd)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, request); err != nil {
		return unix.ARPHRD_VOID
	}
	return request.Uint16() // the family of the address
}

// interfaceCounter returns one of an interface's statistics, or 0.
func interfaceCounter(name, counter string) (n uint64) {
	if text, err := os.ReadFile("/sys/class/net/" + name + "/statistics/" + counter); err == nil {
		fmt.Sscan(string(text), &n)
	}
	return n
}

// start lets packets that the program takes come.
func (r *ring) start(program []unix.SockFilter, promiscuous bool) error {
	if err := r.attach(program); err != nil {
		return fmt.Errorf("interface %q: filter: %w", r.name, err)
	}
	if promiscuous && r.index != 0 {
		// Refused, it is as it is on interfaces that know no such thing.
		_ = unix.SetsockoptPacketMreq(r.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
			&unix.PacketMreq{Ifindex: int32(r.index), Type: unix.PACKET_MR_PROMISC})
	}
	all := uint16(unix.ETH_P_ALL)
	to := &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: r.index}
	if err := unix.Bind(r.fd, to); err != nil {
		return fmt.Errorf("interface %q: %w", r.name, err)
	}
	return nil
}

func (r *ring) attach(program []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(r.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// stop lets no further packets come. Those in the block that the kernel is filling
// are handed over within blockTimeout.
func (r *ring) stop() error { return r.attach([]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}}) }

// count takes in the kernel's counters, which begin anew with each look.
func (r *ring) count() {
	if r.fd < 0 {
		return
	}
	if s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		r.received += uint64(s.Packets)
		r.dropped += uint64(s.Drops)
	}
}

// unread returns how many packets are in the memory, or are being written to it.
func (r *ring) unread() uint64 { return r.received - r.dropped - r.delivered }

// status is the word through which the kernel and we hand a block to each other.
func (r *ring) status(block int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.mem[block+blockStatus]))
}

// ready reports whether a packet is there, without waiting. The packet delivered
// last is then lost.
func (r *ring) ready() bool {
	for r.packets == 0 {
		r.release()
		if r.mem == nil || atomic.LoadUint32(r.status(r.next))&unix.TP_STATUS_USER == 0 {
			return false
		}
		r.packets = binary.NativeEndian.Uint32(r.mem[r.next+blockPackets:])
		r.at = r.next + int(binary.NativeEndian.Uint32(r.mem[r.next+blockFirst:]))
		r.next = (r.next + r.blockSize) % len(r.mem)
		r.held = true
	}
	return true
}

// release hands the block before next back to the kernel.
func (r *ring) release() {
	if r.held {
		before := (r.next - r.blockSize + len(r.mem)) % len(r.mem)
		atomic.StoreUint32(r.status(before), unix.TP_STATUS_KERNEL)
		r.held = false
	}
}

// time returns the time of the packet that is ready.
func (r *ring) time() int64 {
	h := r.mem[r.at:]
	return int64(binary.NativeEndian.Uint32(h[packetSec:]))*1e9 + int64(binary.NativeEndian.Uint32(h[packetNsec:]))
}

// take fills in the packet that is ready, but for its number and interface, and
// returns the index of the interface it passed.
func (r *ring) take(p *Packet) (iface int) {
	h := r.mem[r.at:]
	ne := binary.NativeEndian
	p.Time = r.time()
	start := r.at + int(ne.Uint16(h[packetMAC:]))
	end := start + int(ne.Uint32(h[packetSnap:]))
	p.Length = int(ne.Uint32(h[packetLen:]))
	before := start
	if status := ne.Uint32(h[packetStatus:]); status&unix.TP_STATUS_VLAN_VALID != 0 {
		tpid := uint16(unix.ETH_P_8021Q)
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			tpid = ne.Uint16(h[packetTPID:])
		}
		start = r.tag(start, end, tpid, uint16(ne.Uint32(h[packetTCI:])))
	}
	iface = int(int32(ne.Uint32(h[packetAddr+4:])))
	if r.cooked {
		start = r.cook(h[packetAddr:], start, start < before)
	}
	p.Length += before - start
	p.Data = r.mem[start:end:end]
	p.LinkType = r.linkType
	r.delivered++
	if r.packets--; r.packets > 0 {
		r.at += int(ne.Uint32(h[packetNext:]))
	}
	return iface
}

// tag puts back the VLAN tag that the kernel has taken out of the frame, in front of
// which there is room, and returns where the frame now starts.
func (r *ring) tag(start, end int, tpid, tci uint16) int {
	if r.cooked { // what stood in front of it stands in the cooked header
		binary.BigEndian.PutUint16(r.mem[start-4:], tci)
		binary.BigEndian.PutUint16(r.mem[start-2:], tpid) // cook exchanges it
		return start - 4
	}
	if r.linkType != linkTypeEthernet || end-start < 12 {
		return start
	}
	copy(r.mem[start-4:], r.mem[start:start+12])
	binary.BigEndian.PutUint16(r.mem[start+8:], tpid)
	binary.BigEndian.PutUint16(r.mem[start+10:], tci)
	return start - 4
}

// cook puts a header of Linux cooked capture v2 in front of a packet, from its
// sockaddr_ll.
func (r *ring) cook(addr []byte, start int, tagged bool) int {
	protocol := [2]byte(addr[2:4]) // in network order
	if tagged {
		tpid := [2]byte(r.mem[start+2 : start+4])
		copy(r.mem[start+2:], protocol[:])
		protocol = tpid
	}
	b := r.mem[start-sll2Length : start]
	ne, be := binary.NativeEndian, binary.BigEndian
	copy(b, protocol[:])
	b[2], b[3] = 0, 0
	be.PutUint32(b[4:], ne.Uint32(addr[4:]))
	be.PutUint16(b[8:], ne.Uint16(addr[8:]))
	b[10], b[11] = addr[10], addr[11]
	copy(b[12:20], addr[12:20])
	return start - sll2Length
}

// close gives everything back.
func (r *ring) close() {
	if r.mem != nil {
		_ = unix.Munmap(r.mem)
		r.mem, r.packets, r.held = nil, 0, false
	}
	if r.fd >= 0 {
		unix.Close(r.fd)
		r.fd = -1
	}
}
