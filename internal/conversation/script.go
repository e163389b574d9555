// Package conversation reads TCP conversations written as text, a segment a
// line with the states expected behind it, and builds the captures from them.
// Tests hold the analysis against the expectations; nothing else uses it. The
// format is explained in testdata/pcaps/conversations/README.md.
package conversation

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Script is one parsed conversation: the frames to build and what the analysis
// of them must say.
type Script struct {
	Path    string // as given to Load or Parse; errors name it
	Title   string
	Peers   string // what other tools say of the capture, free text
	SnapLen int    // octets kept of each frame; 0 keeps all
	Conns   []*Conn

	start  fsm.Time
	frames []frame
}

// Conn is one connection of a script, with what is expected of the whole of it.
type Conn struct {
	Name     string
	Client   netip.AddrPort
	Server   netip.AddrPort
	ISN      [2]fsm.Seq // by fsm.Side
	Findings []Finding  // exactly these; nothing else may fire
	Closer   string     // "client", "server", "none", or "" when the script doesn't say

	window [2]uint16
}

// Finding is one anomaly that the analysis must report.
type Finding struct {
	Name   string
	Frames []int  // 1-based frames that its evidence must hold at least; may be empty
	Side   string // "client", "server", or "" when the script doesn't say
	Line   int    // in the script
}

// Expectation is what must be said of one frame.
type Expectation struct {
	Frame  int // 1-based number in the capture
	Conn   int // 0-based index into Script.Conns
	Line   int // in the script
	From   fsm.Side
	State  [2]fsm.State // after the frame, with hindsight, by fsm.Side
	Proved [2]bool      // false where nothing in the capture can prove the state
	Stated bool         // false when the line gives no states
	Labels []string
}

// Packet is one built frame. The caller owns Data.
type Packet struct {
	Time   fsm.Time
	Data   []byte // at most the script's snap length
	Length int    // octets on the wire
}

// Expectations returns what the script says of each captured frame, in order.
func (s *Script) Expectations() []Expectation {
	var all []Expectation
	for _, f := range s.frames {
		if !f.hidden {
			all = append(all, f.expect)
		}
	}
	return all
}

// frame is one line of a script that stands for a packet.
type frame struct {
	expect Expectation
	at     fsm.Time // since the script's start
	hidden bool     // happened on the wire but was not captured
	copyOf int      // 1-based frame to capture again; 0 for a frame of its own

	flags    fsm.Flags
	seq, ack fsm.Seq
	window   uint16
	urgent   uint16
	options  []byte
	payload  []byte
	offset   int // data offset in words; -1 computes it
	checksum checksumKind

	ttl    uint8
	tos    uint8
	vlan   int // -1 for none
	ipID   int // -1 takes the sender's next
	hasTTL bool
}

type checksumKind uint8

const (
	checksumRight checksumKind = iota
	checksumWrong
	checksumPseudo // only the pseudo-header is summed, as before offload
)
