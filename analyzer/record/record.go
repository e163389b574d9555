// Package record holds the result of an analysis as plain data: what the
// renderers print and what scripts read. It knows no packets and prints nothing.
package record

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Report is everything that one analysis found, as plain data.
type Report struct {
	Capture     Capture
	Summary     Summary
	Connections []*Connection // by ID
	Thresholds  []Threshold   // of checks, that were not what they are by default
	Ignored     []CheckName   // checks that were not run, in the catalogue's order
}

// Capture describes what was read and how far it can be trusted.
type Capture struct {
	Sources  []Source
	Packets  uint64   // all packets read
	Segments uint64   // TCP segments analysed
	Skipped  []Count  // packets not analysed, by reason, largest first; Packets = Segments + their sum
	First    fsm.Time // earliest and latest packet time; both 0 without packets
	Last     fsm.Time
	Quality  Quality

	Taps *Taps // with two taps, how they compare

	// Anomalies are findings that only several connections together show, the
	// worst first; their Connections say which.
	Anomalies []Anomaly
}

// Source is one file or interface.
type Source struct {
	Name       string
	Format     string // "pcap", "pcapng", "live", with its compressions behind: "pcap+gzip"
	LinkTypes  []string
	Packets    uint64
	Comments   []string // the first 256
	Interfaces []string // the first 256
	Received   uint64   // counters of the capturing side, where the source has them
	Dropped    uint64   // packets the capturing side lost
	Vantage    string   // with two taps: near the "client", the "server", or "both" as connections go; else empty
	Cut        string   // where and why reading stopped before the end; empty when it did not

	// Of a live capture: Received = Packets + Dropped + Unread.
	Unread  uint64   // packets captured but not analysed, as the analysis ended before
	Outages []Outage // times in which an interface was down

	// Interrupted says that the analysis was broken off before the source's end: what
	// follows Packets was never looked at. Cut then begins with "interrupted".
	Interrupted bool
}

// Outage is a time in which an interface was down, so that nothing was captured.
type Outage struct {
	Interface string
	From, To  fsm.Time // To is 0 if it did not come back
	Gone      bool     // it was removed
}

// Count is a name with how often it occurred.
type Count struct {
	Name string
	N    uint64
}

// Quality holds the capture's own faults.
type Quality struct {
	DoubledFrames   uint64   // second copies of a frame, removed before the machine
	GapBytes        uint64   // bytes acknowledged but never captured
	OneSided        uint64   // connections of which one direction was captured
	Midstream       uint64   // connections that the capture joined midway
	SnapTruncated   uint64   // packets cut by the snap length
	CutOptions      uint64   // segments of which the snap length may have cut off TCP options
	Untimed         uint64   // segments that carry no time (pcapng simple packets)
	ClockBackwards  uint64   // packets older than the one before
	Holes           uint64   // times in which nothing at all was captured for more than a day
	LongestHole     Hole     // the longest of these
	OffloadGiants   uint64   // segments larger than any wire carries: captured before or after offload
	OffloadChecksum uint64   // checksums left to the network card
	BadChecksum     uint64   // checksums that are wrong otherwise
	Dropped         uint64   // lost by the capturing side, over all sources
	Skew            fsm.Time // by how much the directions' clocks differ, which was undone; 0 where they agree
	OutOfStep       uint64   // connections whose two directions were captured in the wrong order
	Fragmented      uint64   // IP packets whose fragments were not all captured, and so their segments are missing
	FirstFragments  uint64   // segments of which only the first IP fragment is in the capture, as where a filter by port leaves the others out
	Overlapping     uint64   // fragments that claim bytes which others gave otherwise
	NoData          uint64   // connections with data of which no byte was captured: a filter left it out
	Faults          []string // one sentence for each fault worth knowing
}

// Hole is a time in which nothing at all was captured, so long that the capture is probably
// several put together, or its clock was set. A connection that has no segment behind it is
// judged as if the capture had ended with it.
type Hole struct {
	After, Before fsm.Frame // the packets around it
	From, To      fsm.Time
}

// Untimed reports whether no segment of the capture carries a time.
func (c *Capture) Untimed() bool { return c.Quality.Untimed > 0 && c.Quality.Untimed == c.Segments }

// Summary counts over all connections.
type Summary struct {
	Connections uint64
	Client      []Count // final client states, in the RFC's order
	Server      []Count
	Closes      []Count        // by CloseKind, largest first
	Verdicts    []VerdictCount // by concern, the worst first, then count
	Severities  []Count        // anomalies by severity: error, warning, note, capture
	Anomalies   []AnomalyCount // by severity, then count
	Bytes       uint64         // payload bytes in both directions
	LeftOut     uint64         // connections that were not chosen to be reported: they count nowhere else
	Evicted     uint64         // connections given up early, by the limits on their number and on memory
	Evictions   Evictions      // what is known of these
	Problems    []Problem      // the dearest first
	Services    []Service      // the most connections first
	Others      OtherServices  // no connections if all services are listed
	Open        Concurrency    // connections open at a time
	MPTCP       *MPTCPSummary  // nil where no connection uses or offers MPTCP
	Related     []Link         // connections that belong together, as far as records were made of them
	MoreRelated uint64         // such links beyond those kept
}

// AnomalyCount counts one anomaly over all connections.
type AnomalyCount struct {
	Name        CheckName
	Severity    Severity // the worst that it has on any of them
	Title       string
	Count       uint64 // occurrences
	Connections uint64 // connections that have it
}

// Addr is one endpoint's address.
type Addr struct {
	IP   netip.Addr
	Port uint16
}

// Connection is the record of one connection: one incarnation of a 4-tuple.
type Connection struct {
	ID            uint64 // 1-based, in order of first segment
	Incarnation   int    // 1-based among the connections of its 4-tuple
	Stream        uint64 // 1 more than Wireshark's tcp.stream of it; 0 where that is not certain
	Client        Addr
	Server        Addr
	Service       string // name of the well-known port, or ""
	Encapsulation string // what carried it, such as "vlan 12", or ""
	Orientation   Orientation
	FirstFrame    fsm.Frame // its first segment's
	LastFrame     fsm.Frame // its last segment's, by time
	Lowest        fsm.Frame // the lowest of its packets, copies included: not FirstFrame where packets were put in order
	Highest       fsm.Frame // and the highest
	First         fsm.Time
	Last          fsm.Time
	State         [2]EndState // by fsm.Side
	InState       [2][]StateTime
	Transitions   []fsm.Transition // both sides, in the order they happened
	ICMP          []ICMPError      // ICMP errors that quote its segments, in order
	MoreICMP      uint64           // such errors beyond those
	NoICMP        bool             // the capture had held no ICMP at all when the record was made: a filter may hide it
	Handshake     Handshake
	Close         Close
	Lifetime      Lifetime
	Traffic       [2]Traffic
	Exchanges     Exchanges
	Spent         Spent
	Anomalies     []Anomaly
	Verdict       Verdict
	Owners        []Owner   // processes that its packets belong to, where the capture or the host tells, in order
	MoreOwners    bool      // there are more than these
	MPTCP         *MPTCP    // what it shows of Multipath TCP; nil for nothing. Not written to any more
	Related       []Related // connections written before that it belongs together with
	LegOf         fsm.Frame // the same in both legs of one connection, where numbers and places tell; 0 in others
	Joined        Joined    // with Quality.Midstream: its first segment
	Tail          [2]Tail   // what the verdict rests on beside the rest
	Reset         Reset
	Second        SecondResponder // another host that answered the SYN in the server's name
	Until         fsm.Time        // capture time when the record was closed
	Superseded    fsm.Frame       // the SYN that opened the next connection of the same addresses and ports; 0 for none
	Quality       ConnectionQuality
	Zeek          Zeek
	Suricata      Suricata
	Between       *Between  // what happened between two taps, when there are two
	Segments      []Segment // only when asked for
	SegmentsCut   uint64    // segments not kept because of the limit
	Series        []byte    // its segments in the compact form of package series, when asked for
	Evicted       bool      // ended by the limit on open connections
}

// Orientation says why one endpoint is called the client.
type Orientation struct {
	Basis   string // "syn", "syn-ack", "port" or "first-sender"
	Certain bool
}

// EndState is an endpoint's state when the capture, or the record, ended.
type EndState struct {
	State  fsm.State
	Proved bool // false while only a segment that may not have arrived says so
}

// StateTime is the time that an endpoint spent in a state.
type StateTime struct {
	State   fsm.State
	Seconds float64
}

// Handshake is how a connection was opened.
type Handshake struct {
	Kind        string // "three-way", "simultaneous", "split", "fast-open", "incomplete", "not-captured", "none"
	Complete    bool
	SYN         fsm.Frame // the SYN that counts, its answer and the ACK of that; 0 where not captured
	SYNACK      fsm.Frame
	ACK         fsm.Frame
	SYNs        int       // SYNs seen from the client, repetitions included
	SYNACKs     int       // SYN-ACKs seen from the server, repetitions included
	SYNACKValid Validity  // the SYN-ACK acknowledges the SYN: ack = seq+1
	ACKValid    Validity  // the final ACK acknowledges the SYN-ACK: ack = seq+1, seq = ISN+1
	HeldBy      fsm.Frame // the latest ACK by which the server answered the SYN from a connection before; 0 for none
	HeldIn      string    // the state of that: "TIME-WAIT", "open", or "" where the capture does not show it
	ISN         [2]fsm.Seq
	HasISN      [2]bool
	ServerRTT   float64 // SYN to SYN-ACK, seconds: path and host beyond the tap, server side; <0 unknown
	ClientRTT   float64 // SYN-ACK to ACK, seconds: client side; <0 unknown
	Took        float64 // first SYN to last ACK, seconds, repetitions included; <0 unknown
	Vantage     string  // "near-client", "near-server", "between" or "" when unknown
	Options     [2]Options
	ECNMode     ECNMode // that both agreed on
}

// ECNMode is a way to feed congestion marks back.
type ECNMode uint8

// The modes.
const (
	ECNNone ECNMode = iota
	ECNClassic
	ECNAccurate
)

// String returns "classic", "accurate", or "" for none.
func (m ECNMode) String() string { return [...]string{"", "classic", "accurate", ""}[m&3] }

// Validity is the outcome of a test that may not have been possible.
type Validity uint8

// The outcomes.
const (
	NotSeen Validity = iota
	Valid
	Invalid
)

// Options are the TCP options that a side offered in its SYN.
type Options struct {
	Seen          bool   // a SYN of this side was captured
	MSS           uint16 // 0: not offered
	WindowScale   int    // −1: not offered
	SACKPermitted bool
	Timestamps    bool
	TSVal         uint32 // of the first SYN, with Timestamps
	FastOpen      string // "", "request" or "cookie"
	MPTCP         bool
	ECN           bool    // of either mode
	ECNMode       ECNMode // what the SYN asks for, and the SYN-ACK agrees to

	// Cut are options that the snap length may have cut off the SYN, or their value:
	// what the fields above say of these is what was seen, not what was offered.
	Cut fsm.OptionSet
}

// Close is how a connection ended.
type Close struct {
	FirstCloser string // whose FIN or RST came first: "client", "server", or "" while nobody closed
	Kind        CloseKind
	FIN         [2]fsm.Frame // each side's first FIN
	FINAcked    [2]fsm.Frame // the ACK of it
	RST         fsm.Frame    // the reset that ended it
	ResetBy     string       // "client", "server" or ""
	Duration    float64      // first FIN or RST to the last step of the close, seconds; <0 unknown
	TimeWait    []TimeWaitHold
}

// TimeWaitHold is one endpoint's TIME-WAIT. No wire shows it: it is expected.
type TimeWaitHold struct {
	Side    fsm.Side
	Since   fsm.Time
	Until   fsm.Time // Since, or its last restart, + 2 MSL
	Watched float64  // seconds of it that the capture covers
	Ended   string   // "expected" (the capture ends first), "elapsed", "missing", "reused", "assassinated"
}

// Lifetime says what kind of use the connection had.
type Lifetime struct {
	Kind        string  // "long-lived" (a minute or longer, idle in between, or with keepalives) or "short-lived"
	Exchanges   int     // requests answered: changes from client data to server data
	IdleSpans   int     // spans without data longer than IdleSpan seconds
	LongestIdle float64 // seconds
}

// Traffic is what one side sent.
type Traffic struct {
	Packets         uint64
	Bytes           uint64 // payload, repetitions included
	UniqueBytes     uint64 // payload, each sequence number once
	Retransmissions uint64 // segments that repeat sequence numbers sent before
	ResentBytes     uint64
	OutOfOrder      uint64
	DuplicateACKs   uint64
	Doubled         uint64  // frames captured twice; not in Packets
	GapBytes        uint64  // acknowledged by the peer, never captured
	ZeroWindows     uint64  // times the window closed
	ZeroWindowTime  float64 // seconds with a closed window
	WindowProbes    uint64
	MinWindow       uint32 // scaled, SYN and RST segments left out
	MaxWindow       uint32
	Keepalive       Keepalive
	RTT             RTT         // of this side's data, from the tap to the peer and back
	Kinds           ResendKinds // Retransmissions, by what brought them about
	SpuriousProved  uint64      // retransmissions that the peer showed to be needless
	SpuriousLikely  uint64      // retransmissions of bytes whose ACK had been captured before
	LostBefore      uint64      // retransmissions whose original never passed the tap
	MaxInFlight     uint32      // the most bytes unacknowledged at once
	MeanInFlight    float64     // the mean of these at each sending of new data; 0 without
	InitialWindow   uint32      // bytes sent before the first of them was acknowledged
	MeanWindow      float64     // of the segments that MinWindow is of
	Segments        SegmentCounts
	Data            DataTimes
	Rates           Rates
	ResentAfter     ResentTimes
	CEPackets       uint64   // with Accurate ECN: packets captured with a CE mark
	CEReported      uint64   // and those that the peer reports to have received with one
	ECN             ECNBytes // with Accurate ECN: octets of data by codepoint
}

// ECNBytes are octets of data by the codepoint of their packets, SYNs left out.
type ECNBytes struct {
	Seen     ECNCount
	Reported ECNCount  // as received, in the options of Accurate ECN
	Frame    fsm.Frame // of the latest such option; 0 for none
}

// ECNCount is a number of octets for each codepoint that Accurate ECN counts.
type ECNCount struct{ ECT0, ECT1, CE uint64 }

// RTT is a distribution of round trips, in seconds. With no samples the times
// mean nothing.
type RTT struct {
	Samples               uint64
	Min, Median, P95, Max float64
	RTO                   float64 // the retransmission timeout that they suggest (RFC 6298)
	Mean, Deviation       float64 // and the standard deviation

	// As tcp_info's tcpi_rtt and tcpi_rttvar: of each ACK the round trip of the oldest segment
	// that it is the first to cover, smoothed (Linux: tcp_rtt_estimator). Negative where the
	// kernel would have had no sample.
	Smoothed, SmoothedDeviation float64

	// Loaded is the mean of those samples at which at least half as much was in flight as
	// ever before: what it is above Min was spent in queues. Negative below LoadedSamples of them.
	Loaded float64
}

// LoadedSamples is how many samples RTT.Loaded needs.
const LoadedSamples = 8

// ResendKinds counts retransmissions by what brought them about.
type ResendKinds struct {
	SYN, SYNACK, Timeout, AfterTimeout, Fast, TailLossProbe, FastOpenFallback, PathMTU, Unknown uint64
}

// Keepalive is what one side probed.
type Keepalive struct {
	Probes            uint64
	Answered          uint64
	LongestUnanswered uint64
	Idle              float64 // seconds of silence before the first probe; 0 without probes
	MinInterval       float64 // seconds between probes of one run; 0 with fewer than two
	MaxInterval       float64
}

// ConnectionQuality is how far the capture shows the connection whole.
type ConnectionQuality struct {
	OneSided  bool
	Midstream bool
	GapBytes  uint64
	Doubled   uint64
	Untimed   bool     // some of its segments carry no time: its times and durations mean nothing
	Trust     string   // "full", "partial" (some numbers are too low, or inferred) or "poor" (states are guesses in part)
	Doubts    []string // one sentence for each reason
}

// Severity ranks an anomaly.
type Severity uint8

// The severities, the worst last so that they compare.
const (
	SeverityCapture Severity = iota // the capture's own fault
	SeverityNote                    // unusual but legal
	SeverityWarning                 // trouble a person should look at
	SeverityError                   // the protocol was broken, or the connection failed
)

// String returns "capture", "note", "warning" or "error".
func (s Severity) String() string {
	return [...]string{"capture", "note", "warning", "error"}[s&3]
}

// Anomaly is one finding of a check on one connection.
type Anomaly struct {
	Name     CheckName
	Severity Severity
	Side     string      // "client", "server" or "": who did it
	Frames   []fsm.Frame // what proves it, at most MaxFrames
	Count    uint64      // occurrences, which can exceed len(Frames)
	Seen     string      // the numbers seen …
	Expected string      // … and those the rule asks for
	Rule     string
	Message  string   // one sentence
	Benign   []string // what else could explain it
	Doubt    string   // what of the capture makes it doubtful, so that Severity is one step lower; usually empty
	Cost     float64  // seconds that it cost the connection, where it is about lost time; else 0

	FirstTime fsm.Time // of the first of Frames and of the last; 0 where it is not known
	LastTime  fsm.Time

	Connections []uint64 // IDs of the connections that show it, for a finding on the capture as a whole
}

// Segment is one segment of a timeline.
type Segment struct {
	Frame  fsm.Frame
	Time   fsm.Time
	From   fsm.Side
	Seg    fsm.Segment
	Rel    bool   // RelSeq and RelAck are relative to the initial numbers
	RelSeq uint64 // counts on past 4 GiB
	RelAck uint64
	Window uint32      // scaled where the scale is known
	Before [2]EndState // states of client and server, with hindsight
	After  [2]EndState
	Labels []Label

	Original fsm.Frame // the segment that a retransmission repeats; 0 if none, or not captured

	Judgement *Judgement // how it was judged, when asked for; never of a duplicate frame
}

// Evictions says which connections were given up before their end because more were
// open than the limits allow. Each has its record, which ends there, and counts in all
// sums; that it went on makes no other connection of it.
type Evictions struct {
	HalfOpen  uint64 // that had not completed their handshake
	Idle      uint64 // open ones, those idle for longest first
	ForMemory uint64 // of both, to keep within the limit on memory
	SeenAgain uint64 // of which segments came afterwards
	Packets   uint64 // that came afterwards, or wait as SYNs for an answer: they were not analysed
	Forgotten uint64 // not remembered to the end: had one of these gone on, it would count as another connection
	// EndedForgotten counts connections that had ended and were not remembered for 2 MSL,
	// to make room for others: a straggler of one counts as another connection.
	EndedForgotten uint64

	Memory    uint64 // the limit on memory, in bytes; 0 for none
	LimitedBy string // what set it lower than was asked for, "cgroup" or "RLIMIT_AS"; for the caller to fill in
}
