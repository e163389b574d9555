//go:build cgo && !nopcap

package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/gopacket/pcap"
)

// HasLibpcap tells whether this build can capture live and filter packets.
const HasLibpcap = true

// LibpcapVersion returns libpcap's own description of itself.
func LibpcapVersion() string { return pcap.Version() }

// pcapLive captures on an interface.
type pcapLive struct {
	ctx      context.Context
	handle   *pcap.Handle
	options  LiveOptions
	name     string // of the interface
	linkType int
	number   uint64
	received wrapping
	dropped  wrapping
	lost     wrapping // by the interface
	ended    error
	closed   bool
}

// wrapping counts on where libpcap's counters of 32 bits begin anew.
type wrapping struct {
	last uint32
	sum  uint64
}

func (w *wrapping) set(v int) {
	w.sum += uint64(uint32(v) - w.last)
	w.last = uint32(v)
}

// OpenLive starts to capture. Once ctx is done, Next delivers what has come by then
// and returns io.EOF within ReadTimeout. Errors are ErrPermission, ErrNoInterface
// (whose text lists the interfaces there are), a *FilterError, or what the system
// says.
func OpenLive(ctx context.Context, options LiveOptions) (Source, error) {
	if options.SnapLen <= 0 {
		options.SnapLen = DefaultSnapLen
	}
	options.SnapLen = min(options.SnapLen, MaxSnapLen)
	if options.BufferSize <= 0 {
		options.BufferSize = DefaultBufferSize
	}
	if len(options.Interfaces) == 0 {
		return nil, fmt.Errorf("%w: no name given", ErrNoInterface)
	}
	source, err := openLive(ctx, options)
	if !errors.Is(err, errNoRing) {
		return source, err
	}
	for _, name := range options.Interfaces {
		if source, err = openPcapLive(ctx, name, options); err != nil {
			return nil, err
		}
		if len(options.Interfaces) > 1 {
			source.Close() // this one is there: another is the trouble, or all are one too many
		}
	}
	if n := len(options.Interfaces); n > 1 {
		return nil, fmt.Errorf("interfaces %s: only one can be captured on at a time here", strings.Join(options.Interfaces, ", "))
	}
	return source, nil
}

// openPcapLive captures through libpcap: on systems other than Linux, and on what is
// no network interface.
func openPcapLive(ctx context.Context, name string, options LiveOptions) (Source, error) {
	inactive, err := pcap.NewInactiveHandle(name)
	if err != nil {
		return nil, liveError(name, err, nil)
	}
	defer inactive.CleanUp()
	err = errors.Join(
		inactive.SetSnapLen(options.SnapLen),
		inactive.SetBufferSize(options.BufferSize),
		inactive.SetPromisc(options.Promiscuous),
		inactive.SetImmediateMode(options.Immediate),
		// Finite, or a context could not end a capture without traffic.
		inactive.SetTimeout(ReadTimeout),
	)
	if err != nil {
		return nil, fmt.Errorf("interface %q: %w", name, err)
	}
	handle, err := inactive.Activate()
	if err != nil {
		return nil, liveError(name, err, inactive.Error())
	}
	if options.Filter != "" {
		if err := handle.SetBPFFilter(options.Filter); err != nil {
			handle.Close()
			return nil, &FilterError{Expr: options.Filter, LinkType: -1, Err: err}
		}
	}
	return &pcapLive{ctx: ctx, handle: handle, name: name, options: options, linkType: liveLinkType(handle)}, nil
}

// liveLinkType returns the handle's link type. gopacket v1.1.19 has eight bits
// for it, so 276 reads as 20; the names of the interface's link types give the
// whole number back.
func liveLinkType(handle *pcap.Handle) int {
	low := int(handle.LinkType())
	links, err := handle.ListDataLinks()
	if err != nil {
		return canonicalLinkType(low)
	}
	var fits []int
	for _, l := range links {
		if v := pcap.DatalinkNameToVal(l.Name); v >= 0 && v&0xff == low {
			fits = append(fits, v)
		}
	}
	if len(fits) == 1 {
		low = fits[0]
	}
	return canonicalLinkType(low)
}

// liveError sorts out why an interface did not open; detail is libpcap's own
// message, if there is one.
func liveError(name string, err, detail error) error {
	if detail == nil || detail.Error() == "" {
		detail = err
	}
	// Asked first: without permission libpcap says so of any name. Some names
	// take an argument, such as "nflog:5".
	if all, e := Interfaces(); e == nil && len(all) > 0 {
		var names []string
		for _, i := range all {
			names = append(names, i.Name)
		}
		if base, _, _ := strings.Cut(name, ":"); !slices.Contains(names, base) {
			return fmt.Errorf("%w: %q (there are: %s)", ErrNoInterface, name, strings.Join(names, ", "))
		}
	}
	// gopacket keeps its codes to itself, so its words have to do.
	for _, word := range []string{"permission", "not permitted"} {
		if strings.Contains(strings.ToLower(err.Error()), word) {
			return fmt.Errorf("%w on interface %q: %v", ErrPermission, name, detail)
		}
	}
	return fmt.Errorf("interface %q: %w", name, detail)
}

// Next waits for the next packet.
func (l *pcapLive) Next(p *Packet) error {
	for l.ended == nil {
		if l.ctx.Err() != nil {
			l.ended = io.EOF
			break
		}
		data, ci, err := l.handle.ZeroCopyReadPacketData()
		switch err {
		case nil:
			l.number++
			p.Data = data
			p.Time = ci.Timestamp.UnixNano()
			p.Length = max(ci.Length, len(data))
			p.LinkType = l.linkType
			p.Interface = 0
			p.Source = 0
			p.Number = l.number
			p.Comment, p.Options, p.Process = "", nil, nil
			return nil
		case pcap.NextErrorTimeoutExpired:
			if l.options.Idle != nil {
				l.options.Idle()
			}
		case io.EOF:
			l.ended = io.EOF
		default:
			// The error is a mere "Read Error"; the handle knows the reason.
			l.ended = fmt.Errorf("interface %q: %w", l.name, l.handle.Error())
		}
	}
	return l.ended
}

// Info asks the kernel for its counters.
func (l *pcapLive) Info() []Info {
	l.count()
	return []Info{{
		Name:            l.name,
		Format:          "live",
		LinkTypes:       []string{LinkTypeName(l.linkType)},
		Interfaces:      []string{l.name},
		Packets:         l.number,
		SnapLen:         l.options.SnapLen,
		Nanoseconds:     true,
		Received:        l.received.sum,
		Dropped:         l.dropped.sum + l.lost.sum,
		HasDropCounters: true,
	}}
}

func (l *pcapLive) count() {
	if l.closed {
		return
	}
	if s, err := l.handle.Stats(); err == nil {
		l.received.set(s.PacketsReceived)
		l.dropped.set(s.PacketsDropped)
		l.lost.set(s.PacketsIfDropped)
	}
}

// Close ends the capture; its counters stay as they are then.
func (l *pcapLive) Close() error {
	if !l.closed {
		l.count()
		l.closed = true
		l.ended = errClosed
		l.handle.Close()
	}
	return nil
}

// The flags of pcap_findalldevs.
const (
	pcapIfLoopback = 1
	pcapIfUp       = 2
	pcapIfRunning  = 4
)

// Interfaces lists what can be captured on, in libpcap's order: the likeliest
// first.
func Interfaces() ([]Interface, error) {
	all, err := pcap.FindAllDevs()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []Interface
	for _, dev := range all {
		i := Interface{
			Name:        dev.Name,
			Description: dev.Description,
			Up:          dev.Flags&pcapIfUp != 0,
			Running:     dev.Flags&pcapIfRunning != 0,
			Loopback:    dev.Flags&pcapIfLoopback != 0,
		}
		for _, a := range dev.Addresses {
			addr, ok := netip.AddrFromSlice(a.IP)
			if !ok {
				continue
			}
			addr = addr.Unmap()
			ones, size := a.Netmask.Size()
			if size != addr.BitLen() {
				ones = addr.BitLen()
			}
			i.Addresses = append(i.Addresses, netip.PrefixFrom(addr, ones))
		}
		list = append(list, i)
	}
	return list, nil
}
