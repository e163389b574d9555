package capture

import (
	"net/netip"
	"time"
)

// LiveOptions says what to capture and how. The zero value of each field but
// Interfaces is a sensible default.
type LiveOptions struct {
	// Interfaces are names, or "any" alone for all of them. Packets of several come in
	// the order of their times. Other systems than Linux take one.
	Interfaces []string
	Filter     string // pcap-filter expression, run in the kernel; empty for everything

	// SnapLen is how many octets of each packet are kept; 0 means
	// DefaultSnapLen, which holds the headers but not the data.
	SnapLen int
	// BufferSize is the size in bytes of the kernel's buffer; 0 means
	// DefaultBufferSize.
	BufferSize  int
	Promiscuous bool // also packets for other hosts; needs more privilege on some systems
	// Immediate delivers each packet within milliseconds of its arrival instead of in
	// batches, at the price of throughput. Without it a packet may be ReadTimeout late.
	Immediate bool

	// Idle, if set, is called from Next whenever no packet came for
	// ReadTimeout: the moment to flush output.
	Idle func()

	// Notice, if set, is called from Next with what happens to an interface.
	Notice func(text string)
}

// Outage is a time in which an interface was down.
type Outage struct {
	Interface string
	From, To  int64 // nanoseconds since the Unix epoch; To is 0 if it did not come back
	Gone      bool  // it was removed
}

// Defaults of LiveOptions.
const (
	// DefaultSnapLen has room for Ethernet with VLAN tags, IPv6 with
	// extension headers and a full TCP header. The length of the data is told
	// by the IP header, so the data itself is not needed.
	DefaultSnapLen = 256
	// MaxSnapLen keeps whole packets.
	MaxSnapLen = maxCaptured
	// DefaultBufferSize holds what comes while the analysis is held up: some 400,000
	// headers. libpcap's 2 MiB are overrun by a burst.
	DefaultBufferSize = 64 << 20
	// ReadTimeout bounds how long packets wait for company in the kernel, and
	// how long Next takes to see that its context is done.
	ReadTimeout = 100 * time.Millisecond
)

// Interface is a network interface that can be captured on.
type Interface struct {
	Name        string
	Description string
	Addresses   []netip.Prefix
	Up          bool
	Running     bool
	Loopback    bool
}
