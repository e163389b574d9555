package record

import (
	"net/netip"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// MPTCP is what a connection shows of Multipath TCP (RFC 8684): as the first subflow of
// an MPTCP connection or as a further one.
type MPTCP struct {
	Role     MPTCPRole
	State    MPTCPState
	Version  uint8           // of MP_CAPABLE
	Keys     [2]MPTCPKey     // by the side that chose it
	Join     MPTCPJoin       // with MPTCPSubflow
	Fallback MPTCPFallback   // with MPTCPFellBack
	DataFIN  [2]MPTCPDataFIN // by the side whose data it ends
	Acked    [2]MPTCPDataAck // by the side that acknowledges: the furthest
	Close    MPTCPEvent      // MP_FASTCLOSE, which ends all subflows
	Fail     MPTCPEvent      // MP_FAIL: a wrong checksum
	Reset    MPTCPReset      // MP_TCPRST
	Signals  []MPTCPSignal   // of addresses and priorities, the first MaxMPTCPSignals
	More     uint64          // such signals beyond those
}

// MaxMPTCPSignals is how many signals are kept of a connection; more are counted.
const MaxMPTCPSignals = 16

// MPTCPRole says which subflow of its MPTCP connection a connection is.
type MPTCPRole string

// The roles; empty where the handshake was not captured.
const (
	MPTCPInitial MPTCPRole = "initial"
	MPTCPSubflow MPTCPRole = "join"
)

// MPTCPState says what came of the offer.
type MPTCPState string

// The states.
const (
	MPTCPOffered  MPTCPState = "offered"  // no SYN-ACK was captured
	MPTCPRefused  MPTCPState = "refused"  // the SYN-ACK says nothing of MPTCP
	MPTCPInUse    MPTCPState = "in-use"   // both SYNs agree, or segments behind them use it
	MPTCPFellBack MPTCPState = "fallback" // both SYNs agree, and one side then goes on as plain TCP
)

// MPTCPKey is the key that a side chose and the token that stands for it on a SYN that
// joins.
type MPTCPKey struct {
	Frame fsm.Frame // that shows it; 0 where none does
	Key   uint64
	Token uint32 // the 32 leftmost bits of the key's digest (RFC 8684 §3.2)
}

// MPTCPJoin is the handshake of a further subflow.
type MPTCPJoin struct {
	Frame     fsm.Frame
	Token     uint32
	AddressID uint8
	Backup    bool
	Nonce     [2]uint32
	SYNACK    fsm.Frame // with MP_JOIN; 0 for none
	HMAC      uint64    // of the SYN-ACK: its 64 leftmost bits
}

// MPTCPFallback says why a connection went on as plain TCP (RFC 8684 §3.7).
type MPTCPFallback struct {
	Reason MPTCPFallbackReason
	Frame  fsm.Frame // that shows it
	Side   fsm.Side  // who sent it
}

// MPTCPFallbackReason names what showed that a connection fell back.
type MPTCPFallbackReason string

// The reasons.
const (
	MPTCPNoThirdACK MPTCPFallbackReason = "no-mp-capable-in-third-ack"
	MPTCPNoDSS      MPTCPFallbackReason = "no-dss"
	MPTCPInfinite   MPTCPFallbackReason = "infinite-mapping"
)

// MPTCPEvent is an option that stands for itself.
type MPTCPEvent struct {
	Frame fsm.Frame // the first; 0 for none
	Side  fsm.Side  // who sent it
}

// MPTCPDataFIN is the end of a side's data.
type MPTCPDataFIN struct {
	Frame fsm.Frame // the first; 0 for none
	DSN   uint32    // the number that it takes, its 32 low bits
}

// MPTCPDataAck is how far a side acknowledged its peer's data.
type MPTCPDataAck struct {
	Frame fsm.Frame // the first to acknowledge as much; 0 for none
	DSN   uint32    // its 32 low bits
}

// MPTCPReset is MP_TCPRST: why a subflow was reset.
type MPTCPReset struct {
	MPTCPEvent
	Reason    uint8
	Transient bool // the path may work again later
}

// resetReasons are the words for reasons (RFC 8684 §3.6).
var resetReasons = [...]string{
	"unspecified error", "MPTCP-specific error", "lack of resources", "administratively prohibited",
	"too much outstanding data", "unacceptable performance", "middlebox interference",
}

// Words returns the reason in words, empty for one that is not assigned.
func (r *MPTCPReset) Words() string {
	if int(r.Reason) < len(resetReasons) {
		return resetReasons[r.Reason]
	}
	return ""
}

// MPTCPSignal is one option about addresses or priorities.
type MPTCPSignal struct {
	Frame     fsm.Frame
	Side      fsm.Side // who sent it
	Kind      MPTCPSignalKind
	Echo      bool       // of add-addr: it acknowledges one
	AddressID uint8      // of prio, with Removed more of them
	Address   netip.Addr // of add-addr
	Port      uint16     // of add-addr: 0 for that of the subflow
	Backup    bool       // of prio
	Removed   []uint8    // of remove-addr: the first eight IDs
}

// MPTCPSignalKind names a signal.
type MPTCPSignalKind string

// The signals.
const (
	MPTCPAddAddr    MPTCPSignalKind = "add-addr"
	MPTCPRemoveAddr MPTCPSignalKind = "remove-addr"
	MPTCPPriority   MPTCPSignalKind = "priority"
)

// Acknowledged returns the frame by which the side's DATA_FIN is acknowledged on this
// subflow, 0 where it is not.
func (m *MPTCP) Acknowledged(side fsm.Side) fsm.Frame {
	fin, ack := &m.DataFIN[side], &m.Acked[side.Peer()]
	if fin.Frame == 0 || ack.Frame == 0 || int32(ack.DSN-fin.DSN) <= 0 {
		return 0
	}
	return ack.Frame
}

// MPTCPSummary is what only several connections together show of Multipath TCP: which are
// subflows of one MPTCP connection, and how that ended.
type MPTCPSummary struct {
	Connections uint64 // MPTCP connections: a first subflow that both sides agreed on, or joins to one that was not captured
	Subflows    uint64 // connections that are subflows of these
	Joined      uint64 // of these, further subflows whose MPTCP connection was found
	Unjoined    uint64 // further subflows of MPTCP connections whose keys were not captured
	Untold      uint64 // connections whose handshake was not captured: which MPTCP connection they are of is not known
	Refused     uint64 // offers that the other side did not take
	Unanswered  uint64 // offers without an answer
	Forgotten   uint64 // MPTCP connections that later subflows could not be joined with any more, to keep within memory

	Verdicts []MPTCPCount // by count
	List     []MPTCPGroup // the first MaxMPTCPGroups, by their first subflow's ID
}

// MaxMPTCPGroups is how many MPTCP connections a summary lists; all are counted.
const MaxMPTCPGroups = 1000

// MaxMPTCPSubflows is how many subflows are kept of an MPTCP connection.
const MaxMPTCPSubflows = 64

// MPTCPCount counts the MPTCP connections with one verdict.
type MPTCPCount struct {
	Code MPTCPVerdict
	N    uint64
}

// MPTCPGroup is one MPTCP connection.
type MPTCPGroup struct {
	IDs      []uint64 // of its subflows, in order: the first MaxMPTCPSubflows
	Subflows uint64   // how many there are
	Verdict  MPTCPVerdict
	Sentence string
	Frames   []fsm.Frame
	Sure     bool
}

// MPTCPVerdict says how an MPTCP connection ended: kebab-case words that never change.
type MPTCPVerdict string

// The verdicts.
const (
	MPTCPClosed       MPTCPVerdict = "closed"             // each side ended its data with a DATA_FIN
	MPTCPHalfClosed   MPTCPVerdict = "half-closed"        // one side did
	MPTCPFastClosed   MPTCPVerdict = "fast-closed"        // MP_FASTCLOSE
	MPTCPLostSubflows MPTCPVerdict = "subflows-lost"      // every subflow ended, and not each side its data
	MPTCPOpen         MPTCPVerdict = "open"               // a subflow was open when its record was made
	MPTCPPlain        MPTCPVerdict = "fallback"           // it went on as plain TCP
	MPTCPFirstUnseen  MPTCPVerdict = "first-not-captured" // the first subflow's handshake is not in the capture
)
