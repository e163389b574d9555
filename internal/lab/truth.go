package lab

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"
)

// Truth is what is known of one scenario from outside its captures: what the
// kernel reported and what the router did. It is written beside the captures
// as NAME.truth.json. Times are on the captures' clock.
type Truth struct {
	Scenario    string             `json:"scenario"`
	Title       string             `json:"title"`
	Seed        uint64             `json:"seed"`
	Kernel      string             `json:"kernel"` // version, "6.18" for example
	Family      string             `json:"family"` // ipv4 or ipv6; of a campaign's connections the addresses tell
	Offload     bool               `json:"offload"`
	DelayS      float64            `json:"one_way_delay_s"`
	Clock       Clock              `json:"clock"`
	Captures    map[Vantage]string `json:"captures"` // file names beside this one
	Connections []*Connection      `json:"connections"`
	Router      []Interference     `json:"router"` // what it did other than pass a packet on
	// Counters are the SNMP counters of each endpoint's host at the end that are
	// not zero, "TcpExt.TCPChallengeACK" for example.
	Counters map[string]map[string]int64 `json:"counters"`
	// Notes say which parts of a campaign went another way than their plan. The
	// truth holds for them all the same.
	Notes []string `json:"notes,omitempty"`
}

// Clock says how well the kernel's times fit the captures'.
type Clock struct {
	Trace        string  `json:"trace"`         // name of the trace clock
	UncertaintyS float64 `json:"uncertainty_s"` // of its offset to the wall clock; its steps are 1 µs
}

// Connection is one incarnation of a 4-tuple.
type Connection struct {
	Client      netip.AddrPort `json:"client"`
	Server      netip.AddrPort `json:"server"`
	Incarnation int            `json:"incarnation"`        // from 1, counted per 4-tuple
	Scenario    string         `json:"scenario,omitempty"` // within a campaign
	ByHand      bool           `json:"by_hand,omitempty"`  // the client's side is no kernel: nothing is known of its states
	// Dialled is the server's address as the client knows it, and ArrivedFrom the
	// client's as the server does, where something between the two translates them.
	Dialled     netip.AddrPort `json:"dialled,omitzero"`
	ArrivedFrom netip.AddrPort `json:"arrived_from,omitzero"`
	ClientSide  Endpoint       `json:"client_side"`
	ServerSide  Endpoint       `json:"server_side"`
}

// Endpoint is what one kernel reported of its socket.
type Endpoint struct {
	// States are the changes of state by their names in RFC 9293. Linux reports a
	// passive open when the handshake is complete (LISTEN to SYN-RECEIVED), and
	// reports CLOSED when a connection goes on as a small TIME-WAIT or FIN-WAIT-2
	// record without a socket; Left says which is still there.
	States          []StateChange    `json:"states"`
	Retransmissions []Retransmission `json:"retransmissions,omitempty"`
	ResetsSent      []Reset          `json:"resets_sent,omitempty"`
	ResetsReceived  []Reset          `json:"resets_received,omitempty"` // accepted by the socket
	Congestion      []Congestion     `json:"congestion,omitempty"`
	Left            string           `json:"left,omitempty"` // state at the end of the scenario if one was left
	Connect         *ConnectResult   `json:"connect,omitempty"`
	Socket          *SocketInfo      `json:"socket,omitempty"`
	// Clocked are times by the program's own clock: on the client's side from before a
	// request was written until the first octet of its answer was read, on the server's
	// from when the request had been read until the answer was written.
	Clocked []float64 `json:"clocked_s,omitempty"`
}

// ConnectResult is what connect() came to.
type ConnectResult struct {
	Error string  `json:"error,omitempty"` // the kernel's name of it, ECONNREFUSED for example; empty for success
	TookS float64 `json:"took_s"`
}

// SocketInfo is what the kernel said of a socket (TCP_INFO) when its program
// closed it, or at the end of the scenario. What the kernel sends afterwards
// without a program is not in it.
type SocketInfo struct {
	State           string  `json:"state"`
	Retransmits     uint32  `json:"retransmits"` // segments
	Timeouts        uint32  `json:"timeouts"`
	BytesSent       uint64  `json:"bytes_sent"` // resent ones too
	BytesResent     uint64  `json:"bytes_resent"`
	BytesAcked      uint64  `json:"bytes_acked"`
	BytesReceived   uint64  `json:"bytes_received"`
	SegmentsOut     uint32  `json:"segments_out"`
	SegmentsIn      uint32  `json:"segments_in"`
	DataSegmentsOut uint32  `json:"data_segments_out"`
	DataSegmentsIn  uint32  `json:"data_segments_in"`
	DSACKs          uint32  `json:"dsacks"`
	Reordered       uint32  `json:"reordered"`
	RTTS            float64 `json:"rtt_s"`
	RTOS            float64 `json:"rto_s"`
	RTTVarS         float64 `json:"rttvar_s,omitempty"`
	MinRTTS         float64 `json:"min_rtt_s,omitempty"`
	DeliveryRate    uint64  `json:"delivery_rate,omitempty"` // bytes per second
	AppLimited      bool    `json:"delivery_rate_app_limited,omitempty"`
	MSS             uint32  `json:"mss"`
	PathMTU         uint32  `json:"path_mtu"`
}

// StateChange is one change of state.
type StateChange struct {
	Time time.Time `json:"time"`
	From string    `json:"from"`
	To   string    `json:"to"`
}

// Retransmission is one sending again.
type Retransmission struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"`            // "segment", or "syn-ack" while there is no socket yet
	State string    `json:"state,omitempty"` // of the socket; a SYN's is SYN-SENT
	// Cause is what led the kernel to it: timeout, tail-loss-probe, fast,
	// after-timeout (lost segments that are sent again behind the timeout's),
	// path-mtu or fast-open-fallback. Recordings made before it was noted, and
	// SYN-ACKs, have none.
	Cause string `json:"cause,omitempty"`
}

// Reset is a RST sent or accepted.
type Reset struct {
	Time   time.Time `json:"time"`
	Reason string    `json:"reason,omitempty"` // the kernel's name for it
	State  string    `json:"state,omitempty"`  // of the socket that sent it; empty without a socket
}

// Congestion is a change of the sender's congestion state.
type Congestion struct {
	Time  time.Time `json:"time"`
	State string    `json:"state"` // open, disorder, cwr, recovery, loss
}

// Action is what the router does with a packet that a rule matches.
type Action string

// The actions.
const (
	Drop      Action = "drop"
	Delay     Action = "delay"     // hold it for Rule.By longer than the others; later packets overtake it
	Duplicate Action = "duplicate" // send it at once and again Rule.By later
	Renumber  Action = "renumber"  // give it other sequence numbers, as a firewall does that chooses its own; not written down
	Impostor  Action = "answer"    // answer the SYN as a second host would, Rule.By later than it is passed on
)

// Interference is one packet that the router did not simply pass on.
type Interference struct {
	Time   time.Time `json:"time"`
	From   string    `json:"from"` // client or server
	Action Action    `json:"action"`
	Rule   string    `json:"rule"`
	Sport  uint16    `json:"sport"`
	Dport  uint16    `json:"dport"`
	Flags  string    `json:"flags"`
	Seq    uint32    `json:"seq"`
	Ack    uint32    `json:"ack"`
	Len    int       `json:"len"`
	ByS    float64   `json:"by_s,omitempty"` // how much longer a delayed packet, or a second one, took
}

// Path returns the states of an endpoint as one line, "CLOSED SYN-SENT …".
func (e *Endpoint) Path() string {
	var b strings.Builder
	for i, s := range e.States {
		if i == 0 {
			b.WriteString(s.From)
		}
		b.WriteString(" " + s.To)
	}
	return b.String()
}

// ReadTruth reads a truth file, plain or, if its name ends in .gz, compressed.
func ReadTruth(file string) (*Truth, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("truth %q: %w", file, err)
		}
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, fmt.Errorf("truth %q: %w", file, err)
	}
	t := new(Truth)
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("truth %q: %w", file, err)
	}
	return t, nil
}

// Write writes a truth file.
func (t *Truth) Write(file string) error {
	data, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}
