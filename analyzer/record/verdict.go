package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Verdict says in one sentence why a connection went and ended as it did.
type Verdict struct {
	Code     VerdictCode // empty only in a record that nobody judged
	Sentence string
	Frames   []fsm.Frame // what it rests on, in order; at most MaxVerdictFrames
	Sure     bool        // false where another explanation, or a doubtful capture, is left
	Limits   []Limit     // what held the data back, the strongest first
}

// MaxVerdictFrames is how many frames a verdict or a limit names.
const MaxVerdictFrames = 8

// Limit is one thing that held a connection's data back for a share of its time.
type Limit struct {
	Code     VerdictCode // one of the three that begin with "limited-by-"
	Side     string      // "client" or "server": whose window, whose losses, whose application
	Share    float64     // of the time, or for loss of the bytes: 0 to 1
	Sentence string
	Frames   []fsm.Frame
}

// Concern ranks verdicts: how much a person should care.
type Concern uint8

// The concerns, the worst last so that they compare.
const (
	ConcernNone    Concern = iota // all is well
	ConcernUnknown                // the capture does not tell
	ConcernTrouble                // it worked, or may work, but something was wrong
	ConcernFailure                // it failed
)

// String returns "fine", "unknown", "trouble" or "failure".
func (c Concern) String() string {
	return [...]string{"fine", "unknown", "trouble", "failure"}[c&3]
}

// VerdictCode names a verdict, or a limit: kebab-case words that never change.
type VerdictCode string

// The codes. VerdictDocs explains them.
const (
	VerdictClosedNormally           VerdictCode = "closed-normally"
	VerdictClosedSimultaneously     VerdictCode = "closed-simultaneously"
	VerdictClosedWithReset          VerdictCode = "closed-with-reset"
	VerdictClosedBeforeAlert        VerdictCode = "closed-before-alert"
	VerdictClosedLate               VerdictCode = "closed-late"
	VerdictCloseUnacknowledged      VerdictCode = "close-unacknowledged"
	VerdictStillOpen                VerdictCode = "still-open"
	VerdictHalfClosed               VerdictCode = "half-closed"
	VerdictStuckCloseWait           VerdictCode = "stuck-close-wait"
	VerdictStuckFINWait2            VerdictCode = "stuck-fin-wait-2"
	VerdictRefused                  VerdictCode = "refused"
	VerdictRefusedByTimeWait        VerdictCode = "refused-by-time-wait"
	VerdictUnanswered               VerdictCode = "unanswered"
	VerdictRejectedByICMP           VerdictCode = "rejected-by-icmp"
	VerdictTimeExceeded             VerdictCode = "icmp-time-exceeded"
	VerdictParameterProblem         VerdictCode = "icmp-parameter-problem"
	VerdictSYNACKUnacknowledged     VerdictCode = "syn-ack-unacknowledged"
	VerdictHandshakeBadNumber       VerdictCode = "handshake-bad-number"
	VerdictHandshakeAbortedByClient VerdictCode = "handshake-aborted-by-client"
	VerdictHealthCheck              VerdictCode = "health-check"
	VerdictHandshakeAbortedByServer VerdictCode = "handshake-aborted-by-server"
	VerdictScanProbe                VerdictCode = "scan-probe"
	VerdictNoConnection             VerdictCode = "no-connection"
	VerdictResetAfterConnect        VerdictCode = "reset-after-connect"
	VerdictResetAfterRequest        VerdictCode = "reset-after-request"
	VerdictClosedWithoutAnswer      VerdictCode = "closed-without-answer"
	VerdictRequestIncomplete        VerdictCode = "request-incomplete"
	VerdictAnswerCutShort           VerdictCode = "answer-cut-short"
	VerdictResetUnreadData          VerdictCode = "reset-unread-data"
	VerdictResetMidTransfer         VerdictCode = "reset-mid-transfer"
	VerdictResetIdle                VerdictCode = "reset-idle"
	VerdictResetInPlaceOfClose      VerdictCode = "reset-in-place-of-close"
	VerdictResetAfterFIN            VerdictCode = "reset-after-fin"
	VerdictResetDataAfterClose      VerdictCode = "reset-data-after-close"
	VerdictResetStateLost           VerdictCode = "reset-state-lost"
	VerdictResetInjected            VerdictCode = "reset-injected"
	VerdictResetByThirdParty        VerdictCode = "reset-by-third-party"
	VerdictPeerVanished             VerdictCode = "peer-vanished"
	VerdictPathMTUBlackHole         VerdictCode = "path-mtu-black-hole"
	VerdictDeadByKeepalive          VerdictCode = "dead-by-keepalive"
	VerdictDroppedWhileIdle         VerdictCode = "dropped-while-idle"
	VerdictSuperseded               VerdictCode = "superseded"
	VerdictWindowClosed             VerdictCode = "window-closed"
	VerdictOneDirectionOnly         VerdictCode = "one-direction-only"
	VerdictJoinedMidway             VerdictCode = "joined-midway"
	VerdictCaptureCut               VerdictCode = "capture-cut"
	VerdictNotFollowed              VerdictCode = "not-followed"
	VerdictLimitedByReceiver        VerdictCode = "limited-by-receiver"
	VerdictLimitedByLoss            VerdictCode = "limited-by-loss"
	VerdictLimitedByApplication     VerdictCode = "limited-by-application"
)

// VerdictDoc is one code with what it stands for.
type VerdictDoc struct {
	Code        VerdictCode
	Title       string // a few words
	Concern     Concern
	Explanation string // when it is given
}

// VerdictDocs are all codes that a Verdict or a Limit can have.
var VerdictDocs = []VerdictDoc{
	{VerdictClosedNormally, "normal close", ConcernNone, "Both sides closed with a FIN, one after the other, and each FIN was acknowledged."},
	{VerdictClosedSimultaneously, "simultaneous close", ConcernNone, "Each side sent its FIN before it received the other's: the FINs crossed."},
	{VerdictClosedWithReset, "closed, then a reset", ConcernTrouble, "Both sides had sent their FIN; a RST was sent instead of the last ACK, or ended TIME-WAIT."},
	{VerdictClosedBeforeAlert, "close, TLS's last alert unread", ConcernNone, "One side closed and answered the other's close_notify of TLS, the alert that ends a connection, with a RST, or ended with a RST because it had not read that. Everything else was acknowledged, so nothing was lost: many TLS servers close so."},
	{VerdictClosedLate, "closed too late", ConcernTrouble, "One side closed and waited in FIN-WAIT-2 until it gave up (after 60 s on Linux); the other's FIN came later and was answered by a RST."},
	{VerdictCloseUnacknowledged, "close never acknowledged", ConcernTrouble, "A FIN was sent and never acknowledged, although it was retransmitted or the capture went on."},
	{VerdictStillOpen, "still open", ConcernNone, "The connection was open on both sides when the capture ended."},
	{VerdictHalfClosed, "half-closed", ConcernNone, "One side had closed and the other had not when the capture ended."},
	{VerdictStuckCloseWait, "stuck in CLOSE-WAIT", ConcernTrouble, "One side received the other's FIN and stayed in CLOSE-WAIT for more than 60 s, up to the end of the capture: its application did not close the socket."},
	{VerdictStuckFINWait2, "stuck in FIN-WAIT-2", ConcernTrouble, "One side closed and waited for the other's FIN in FIN-WAIT-2 for more than 60 s, up to the end of the capture."},
	{VerdictRefused, "refused by the server", ConcernFailure, "The SYN was answered by RST+ACK."},
	{VerdictRefusedByTimeWait, "refused by TIME-WAIT", ConcernFailure, "The server still held the connection before of the same ports in TIME-WAIT, answered the SYN by an ACK of that, and no SYN-ACK came. Not sure where the capture does not show that connection."},
	{VerdictUnanswered, "never answered", ConcernFailure, "Nothing was captured in answer to the SYN, or only ACKs of an earlier connection on these ports, which are no answer. Where the capture holds no ICMP at all, a capture filter (tcp) may have hidden an ICMP error."},
	{VerdictRejectedByICMP, "rejected by an ICMP error", ConcernFailure, "An ICMP error (destination unreachable) quotes the SYN, or the SYN-ACK, and the handshake came to nothing: a router has no route, a host does not answer, or a firewall rejects."},
	{VerdictTimeExceeded, "hop limit exceeded on the way", ConcernFailure, "An ICMP time-exceeded quotes the SYN, or the SYN-ACK, and the handshake came to nothing: a routing loop, or a traceroute with TCP."},
	{VerdictParameterProblem, "a header refused on the way", ConcernFailure, "An ICMP parameter problem quotes the SYN, or the SYN-ACK, and the handshake came to nothing."},
	{VerdictSYNACKUnacknowledged, "SYN-ACK never acknowledged", ConcernFailure, "The server sent a SYN-ACK that the client never acknowledged, or whose ACK does not reach the server: a SYN flood, a spoofed address, a path that works one way only, or a full accept queue."},
	{VerdictHandshakeBadNumber, "wrong ack or sequence number in the handshake", ConcernFailure, "The handshake failed on an acknowledgment or sequence number that is not the ISN plus one."},
	{VerdictHandshakeAbortedByClient, "handshake aborted by the client", ConcernFailure, "The client reset the connection before the handshake was complete, as a SYN scan does."},
	{VerdictHealthCheck, "health check", ConcernNone, "The client opened the connection and reset it at once, with a RST that a socket sent and without data, as a load balancer checks a port. Sure when the same client does so again and again at an interval."},
	{VerdictHandshakeAbortedByServer, "handshake aborted by the server", ConcernFailure, "The server answered the SYN and reset the connection while still in SYN-RECEIVED."},
	{VerdictScanProbe, "scan probe", ConcernTrouble, "Segments with flags that no connection uses, or that belong to no connection and are answered by a RST: a scan, not an attempt to connect."},
	{VerdictNoConnection, "no connection", ConcernUnknown, "Segments that belong to no connection in the capture."},
	{VerdictResetAfterConnect, "reset after connecting", ConcernFailure, "A side reset the connection after the handshake before any data was sent."},
	{VerdictResetAfterRequest, "reset at once after a request", ConcernFailure, "The server reset the connection at once after a request, without a response."},
	{VerdictRequestIncomplete, "request not complete", ConcernFailure, "The server closed or reset the connection without an answer to a request that was not complete: its header does not end, or announces more than came, or a part of it got lost."},
	{VerdictAnswerCutShort, "answer cut short", ConcernFailure, "The server closed or reset the connection before it had sent all that the header of its answer (HTTP, in clear) announces: its program was ended or crashed, or its own server did so."},
	{VerdictClosedWithoutAnswer, "closed without an answer", ConcernFailure, "The server acknowledged a request (of HTTP, TLS, SSH, Redis or PostgreSQL, as the data show) and closed first, without an answer: what curl calls an empty reply, nginx an upstream that prematurely closed the connection."},
	{VerdictResetUnreadData, "reset with data unread", ConcernFailure, "A side reset the connection with data of the other's that it had probably not read: data to which it sent no response, or that its receive window shows."},
	{VerdictResetMidTransfer, "reset in mid-transfer", ConcernFailure, "A side reset the connection while data was in flight."},
	{VerdictResetIdle, "reset while idle", ConcernTrouble, "A side reset the connection after a long silence: an idle timeout."},
	{VerdictResetInPlaceOfClose, "reset instead of a FIN", ConcernTrouble, "A side ended the connection with a RST instead of a FIN."},
	{VerdictResetAfterFIN, "reset after its FIN", ConcernTrouble, "A side sent its FIN and then a RST without waiting for the other's FIN, or in answer to data that it may well not have needed."},
	{VerdictResetDataAfterClose, "reset: data after close", ConcernFailure, "A side had closed its socket and answered further data with a RST: that data was lost."},
	{VerdictResetStateLost, "reset: state lost", ConcernFailure, "A side answered with a RST as a host does that does not have the connection: it had been closed, restarted or timed out there."},
	{VerdictResetInjected, "reset probably injected", ConcernFailure, "The side in whose name the RST came continued as if it had sent none: another host probably sent it."},
	{VerdictResetByThirdParty, "reset by a middlebox", ConcernFailure, "The RST's TTL differs from that of its supposed sender's other packets: a middlebox probably sent it."},
	{VerdictPeerVanished, "peer vanished", ConcernFailure, "One side retransmitted several times, and the other was not heard again."},
	{VerdictPathMTUBlackHole, "path MTU black hole", ConcernFailure, "Large segments of one side never arrived, however often they were sent, while smaller ones did: the path's MTU is smaller than the sender thinks, and no ICMP error told it, or none arrived."},
	{VerdictDeadByKeepalive, "peer unresponsive (keepalive timeout)", ConcernFailure, "The other side stopped answering keepalive probes."},
	{VerdictDroppedWhileIdle, "dropped while idle", ConcernFailure, "After a minute or more of silence nothing got through any more: a firewall or NAT on the path had probably dropped its state."},
	{VerdictSuperseded, "replaced by a new connection", ConcernTrouble, "A new connection on the same addresses and ports began before this one was closed."},
	{VerdictWindowClosed, "zero window at the end", ConcernTrouble, "One side's receive window was zero when the capture ended: its application did not read."},
	{VerdictOneDirectionOnly, "one direction only", ConcernUnknown, "Only one side's segments were captured."},
	{VerdictJoinedMidway, "mid-stream", ConcernUnknown, "Neither the handshake nor the close was captured."},
	{VerdictCaptureCut, "capture cut", ConcernUnknown, "The capture ended while an answer could still be expected."},
	{VerdictNotFollowed, "not followed", ConcernUnknown, "The connection was evicted from the analysis because too many were open."},
	{VerdictLimitedByReceiver, "window-limited", ConcernTrouble, "Limit: the sender waited for the receiver's window to open."},
	{VerdictLimitedByLoss, "limited by loss", ConcernTrouble, "Limit: data had to be retransmitted."},
	{VerdictLimitedByApplication, "limited by the application", ConcernNone, "Limit: one side's application made the other wait."},
}

// Doc returns the entry of VerdictDocs for the code, or nil.
func (code VerdictCode) Doc() *VerdictDoc { return verdictDocs[code] }

// verdictDocs are VerdictDocs by their codes.
var verdictDocs = func() map[VerdictCode]*VerdictDoc {
	docs := make(map[VerdictCode]*VerdictDoc, len(VerdictDocs))
	for i := range VerdictDocs {
		docs[VerdictDocs[i].Code] = &VerdictDocs[i]
	}
	return docs
}()

// Concern returns how much the verdict should worry a person; a code that is
// not in VerdictDocs worries nobody.
func (v *Verdict) Concern() Concern {
	if c := v.Code.Doc(); c != nil {
		return c.Concern
	}
	return ConcernNone
}

// VerdictCount counts the connections with one verdict.
type VerdictCount struct {
	Code    VerdictCode
	Concern Concern
	N       uint64
}

// Tail is what a verdict needs to know of one side beside the rest of the
// record: what it last did and what it waited for.
type Tail struct {
	LastFrame fsm.Frame // its latest segment; 0 if none was captured
	Last      fsm.Time

	FirstData     fsm.Time // its first and latest segment with data; 0 for none
	LastData      fsm.Time
	LastDataFrame fsm.Frame
	Forged        fsm.Frame // data in its name that another host probably sent: its own, other bytes, came later; 0 for none
	Next          fsm.Seq   // the number after the highest that it sent
	Outstanding   uint32    // sequence numbers sent that nothing acknowledged

	Unanswered Unanswered
	Keepalives uint64    // probes in a row without an answer at the end, or before it gave up
	Heard      fsm.Frame // with Keepalives, the peer's last segment before them; 0 if none was captured

	TooLarge TooLarge // what it sent in vain while smaller segments arrived; no frame: nothing

	WindowClosed bool // its window was closed at the end

	Blocked     float64 // seconds in which the peer's window left no room for its next segment
	TimeoutWait float64 // seconds spent waiting for retransmission timers
	Answer      Wait    // for this side's data after the peer's
	Pause       Wait    // for its next data after its own, all of that being acknowledged
}

// TooLarge is a segment that never arrived, though smaller ones did: it seems to be too
// large for the path.
type TooLarge struct {
	Frame   fsm.Frame // its first sending and its last
	Last    fsm.Frame
	Sends   int
	Size    uint32 // of its IP packet
	Largest uint32 // IP packet that arrived meanwhile
}

// Unanswered is what a side sent, expecting an answer, since anything was last
// captured of its peer.
type Unanswered struct {
	Frame    fsm.Frame // the first such segment; 0 for none
	Time     fsm.Time
	Idle     float64 // seconds of silence of both sides before it
	Resent   uint64  // how often such segments were sent again
	Last     fsm.Time
	LastSent fsm.Frame
	FirstGap float64 // seconds before the first and the last repetition
	LastGap  float64
}

// Wait is how long one side let the other, or itself, wait.
type Wait struct {
	Times   int     // how often
	Longest float64 // seconds
	Total   float64
	From    fsm.Frame // the segments around the longest
	To      fsm.Frame
}

// Reset is the segment that reset a connection, and what led to it.
type Reset struct {
	Frame   fsm.Frame // 0 without a reset
	Time    fsm.Time
	Side    fsm.Side // in whose name it came
	Sent    uint64   // RSTs in that name over the whole connection
	HasAck  bool     // an endpoint that aborts sets ACK; one that knows no connection and answers a segment with ACK does not
	TTL     uint8    // of the RST's packet
	HostTTL uint8    // of its side's other packets; 0 when there are none
	There   bool     // it was captured where these are first, in a capture that may hold them at two places
	Apart   bool     // it was not, but at the other place

	Prior      fsm.Frame // the peer's latest segment before; 0 for none
	PriorTime  fsm.Time
	PriorBytes uint32 // of data on it
	PriorFIN   bool   // it carried a FIN
	FINCrossed bool   // the peer's FIN had not arrived when its side sent it, as its acknowledgment or the order tells

	// Sequence numbers that were sent and not acknowledged when the RST came.
	OwnOutstanding  uint32
	PeerOutstanding uint32 // known only if the RST has an ACK

	WindowTaken uint32 // by how much the side's window was smaller than its largest; 0 where its scale is not known

	Own            fsm.Time // the side's own latest segment before; 0 for none
	OwnData        fsm.Time // its latest data and the peer's; 0 for none
	PeerData       fsm.Time
	OwnFrame       fsm.Frame // the segments with that data
	PeerFrame      fsm.Frame
	CloseNotify    fsm.Frame    // the peer's close_notify of TLS, if nothing else can have been lost; 0 if not
	OwnCloseNotify fsm.Frame    // its own, if that is all of its data that was not acknowledged; 0 if not
	Crossed        Span         // the client's request that crossed the server's close: the seconds between the server's latest data and its FIN, the request's frame, the FIN's; From is 0 if there was none
	GaveUpAfter    float64      // seconds that the side had waited in FIN-WAIT-2 and had given that up by then; 0 if it had not
	Silence        float64      // seconds without a segment before the RST, or before the segment that it answers at once
	Before         [2]fsm.State // of client and server before it
}

// SecondResponder is another host that answered the client's SYN in the server's name.
type SecondResponder struct {
	SYNACK fsm.Frame // its first; 0 if there was none
	RST    fsm.Frame // its latest; 0 for none
}

// Hops returns how many hops a packet has crossed, by its TTL: hosts begin at 64, 128 or 255.
func Hops(ttl uint8) int {
	switch {
	case ttl <= 64:
		return 64 - int(ttl)
	case ttl <= 128:
		return 128 - int(ttl)
	}
	return 255 - int(ttl)
}
