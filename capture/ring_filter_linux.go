//go:build cgo && !nopcap

package capture

import (
	"errors"
	"net"
	"strings"

	"github.com/google/gopacket/pcap"
	"golang.org/x/sys/unix"
)

// errNoRing says that libpcap has to capture.
var errNoRing = errors.New("not for a ring")

// The offsets at which the kernel's filters find what is beside the packet
// (linux/filter.h).
const (
	besideProtocol  = 0xfffff000
	besidePacket    = 0xfffff004 // the packet's type
	besideInterface = 0xfffff008
)

// ringProgram is what decides in the kernel which packets come into the ring, and
// how much of them.
func ringProgram(r *ring, options *LiveOptions) ([]unix.SockFilter, error) {
	snapLen := uint32(options.SnapLen)
	program := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: snapLen}}
	if options.Filter != "" {
		var err error
		if program, err = compileRing(r, options); err != nil {
			return nil, err
		}
	}
	loopback := loopbackIndex()
	if loopback == 0 || r.index != 0 && r.index != loopback {
		return program, nil
	}
	// What a loopback interface sends it receives: one of the two will do.
	const skip = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	const load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	return append([]unix.SockFilter{
		{Code: load, K: besideInterface},
		{Code: skip, K: uint32(loopback), Jf: 3},
		{Code: load, K: besidePacket},
		{Code: skip, K: unix.PACKET_OUTGOING, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}, program...), nil
}

func loopbackIndex() int {
	all, _ := net.Interfaces()
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return i.Index
		}
	}
	return 0
}

// compileRing compiles the filter with a handle on the same interface: only for a
// live one does libpcap look for VLAN tags where the kernel has put them.
func compileRing(r *ring, options *LiveOptions) ([]unix.SockFilter, error) {
	inactive, err := pcap.NewInactiveHandle(r.name)
	if err != nil {
		return nil, errNoRing
	}
	defer inactive.CleanUp()
	if err := errors.Join(inactive.SetSnapLen(options.SnapLen), inactive.SetTimeout(ReadTimeout), inactive.SetBufferSize(maxBlockSize)); err != nil {
		return nil, errNoRing
	}
	handle, err := inactive.Activate()
	if err != nil {
		return nil, errNoRing
	}
	defer handle.Close()
	// libpcap cooks in another way unless told, which gopacket cannot for a number
	// above 255; what the filter asks is the same.
	compiledFor := liveLinkType(handle)
	if compiledFor != r.linkType && !(r.cooked && compiledFor == linkTypeSLL) {
		return nil, errNoRing
	}
	compiled, err := handle.CompileBPFFilter(options.Filter)
	if err != nil {
		return nil, &FilterError{Expr: options.Filter, LinkType: -1, Err: errors.New(strings.TrimSpace(err.Error()))}
	}
	var program []unix.SockFilter
	for _, c := range compiled {
		f := unix.SockFilter{Code: c.Code, Jt: c.Jt, Jf: c.Jf, K: c.K}
		switch class, mode := c.Code&7, c.Code&0xe0; {
		case class == unix.BPF_RET && f.K > 0:
			f.K = uint32(options.SnapLen)
		case r.cooked && (class == unix.BPF_LD && (mode == unix.BPF_ABS || mode == unix.BPF_IND) || class == unix.BPF_LDX && mode == unix.BPF_MSH):
			k, ok := uncooked(compiledFor, c.K)
			if !ok {
				return nil, errNoRing
			}
			f.K = k
		}
		program = append(program, f)
	}
	return program, nil
}

// uncooked translates an offset into a packet with a cooked header, which the
// kernel does not have, to where the kernel has the same.
func uncooked(linkType int, k uint32) (uint32, bool) {
	length, beside := uint32(sll2Length), map[uint32]uint32{0: besideProtocol, 4: besideInterface, 10: besidePacket}
	if linkType == linkTypeSLL {
		length, beside = sllLength, map[uint32]uint32{0: besidePacket, 14: besideProtocol}
	}
	switch at, ok := beside[k]; {
	case k >= besideProtocol:
		return k, true
	case k >= length:
		return k - length, true
	default:
		return at, ok
	}
}
