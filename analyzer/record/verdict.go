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

// The concerns, the gravest last so that they compare.
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
	VerdictCloseUnacknowledged      VerdictCode = "close-unacknowledged"
	VerdictStillOpen                VerdictCode = "still-open"
	VerdictHalfClosed               VerdictCode = "half-closed"
	VerdictStuckCloseWait           VerdictCode = "stuck-close-wait"
	VerdictStuckFINWait2            VerdictCode = "stuck-fin-wait-2"
	VerdictRefused                  VerdictCode = "refused"
	VerdictUnanswered               VerdictCode = "unanswered"
	VerdictSYNACKUnacknowledged     VerdictCode = "syn-ack-unacknowledged"
	VerdictHandshakeBadNumber       VerdictCode = "handshake-bad-number"
	VerdictHandshakeAbortedByClient VerdictCode = "handshake-aborted-by-client"
	VerdictHandshakeAbortedByServer VerdictCode = "handshake-aborted-by-server"
	VerdictScanProbe                VerdictCode = "scan-probe"
	VerdictNoConnection             VerdictCode = "no-connection"
	VerdictResetAfterConnect        VerdictCode = "reset-after-connect"
	VerdictResetAfterRequest        VerdictCode = "reset-after-request"
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
	{VerdictClosedSimultaneously, "simultaneous close", ConcernNone, "Both sides closed at once: their FINs crossed on the way."},
	{VerdictClosedWithReset, "closed, then a reset", ConcernTrouble, "Both sides had sent their FIN; a RST took the place of the last ACK, or ended TIME-WAIT."},
	{VerdictCloseUnacknowledged, "close never acknowledged", ConcernTrouble, "Both sides sent their FIN, but one FIN was sent again and never acknowledged."},
	{VerdictStillOpen, "still open", ConcernNone, "The connection was open on both sides when the capture ended."},
	{VerdictHalfClosed, "half-closed", ConcernNone, "One side had closed and the other had not when the capture ended."},
	{VerdictStuckCloseWait, "stuck in CLOSE-WAIT", ConcernTrouble, "One side got the other's FIN and stayed silent in CLOSE-WAIT for more than 60 s, to the end: its application did not close the socket."},
	{VerdictStuckFINWait2, "stuck in FIN-WAIT-2", ConcernTrouble, "One side closed and waited for the other's FIN in FIN-WAIT-2 for more than 60 s, to the end."},
	{VerdictRefused, "refused by the server", ConcernFailure, "The SYN was answered by a RST that acknowledges it."},
	{VerdictUnanswered, "never answered", ConcernFailure, "Nothing came back for the SYN."},
	{VerdictSYNACKUnacknowledged, "SYN-ACK never acknowledged", ConcernFailure, "The server answered, and the client never acknowledged it: a SYN flood, a spoofed address, or a path that works one way only."},
	{VerdictHandshakeBadNumber, "wrong number in the handshake", ConcernFailure, "The handshake broke on an acknowledgment number that is not the other's initial number plus one."},
	{VerdictHandshakeAbortedByClient, "handshake aborted by the client", ConcernFailure, "The client reset the connection before the handshake was complete, as a SYN scan does."},
	{VerdictHandshakeAbortedByServer, "handshake aborted by the server", ConcernFailure, "The server, having answered the SYN, reset the connection before the handshake was complete for it."},
	{VerdictScanProbe, "scan probe", ConcernTrouble, "Segments with control bits that no connection uses: a scan, not an attempt to connect."},
	{VerdictNoConnection, "no connection", ConcernUnknown, "Segments that belong to no connection that the capture shows."},
	{VerdictResetAfterConnect, "reset after connecting", ConcernFailure, "A side reset the connection after the handshake before any data was sent."},
	{VerdictResetAfterRequest, "reset at once after a request", ConcernFailure, "The server reset the connection at once after a request, without an answer."},
	{VerdictResetUnreadData, "reset with data unread", ConcernFailure, "A side reset the connection of itself some time after it had acknowledged data that it never answered: its application ended or closed, probably with that data unread."},
	{VerdictResetMidTransfer, "reset in mid-transfer", ConcernFailure, "A side reset the connection of itself while data was on its way."},
	{VerdictResetIdle, "reset while idle", ConcernTrouble, "A side reset the connection of itself after a long silence: an idle limit."},
	{VerdictResetInPlaceOfClose, "reset in place of a close", ConcernTrouble, "A side ended the connection with a RST where a FIN was due, all data being acknowledged."},
	{VerdictResetAfterFIN, "reset after its FIN", ConcernTrouble, "A side sent its FIN and then a RST without waiting for the other's FIN."},
	{VerdictResetDataAfterClose, "reset, data after the close", ConcernFailure, "A side had closed for good and answered further data with a RST: that data was lost."},
	{VerdictResetStateLost, "reset, state lost", ConcernFailure, "A side answered as an endpoint does that knows nothing of the connection: it had been closed, restarted or timed out there."},
	{VerdictResetInjected, "reset probably injected", ConcernFailure, "The side in whose name the RST came went on as if it had sent none: somebody else sent it."},
	{VerdictResetByThirdParty, "reset by something between", ConcernFailure, "The RST came over another distance than its supposed sender's other packets: something else probably sent it."},
	{VerdictPeerVanished, "peer vanished", ConcernFailure, "One side sent the same again and again, and nothing more was heard of the other."},
	{VerdictDeadByKeepalive, "dead by keepalive", ConcernFailure, "The other side stopped answering keepalive probes and was given up."},
	{VerdictDroppedWhileIdle, "dropped while idle", ConcernFailure, "After minutes of silence nothing got through any more: something between the two had probably forgotten the connection."},
	{VerdictSuperseded, "replaced by a new connection", ConcernTrouble, "A new connection of the same addresses and ports began before this one was closed."},
	{VerdictWindowClosed, "window closed at the end", ConcernTrouble, "One side's receive window was closed when the capture ended: its application did not read."},
	{VerdictOneDirectionOnly, "one direction only", ConcernUnknown, "Only one side's segments were captured."},
	{VerdictJoinedMidway, "joined midway", ConcernUnknown, "The capture holds neither the connection's beginning nor its end."},
	{VerdictCaptureCut, "capture cut", ConcernUnknown, "The capture ended while an answer was still to be expected."},
	{VerdictNotFollowed, "not followed", ConcernUnknown, "The analysis gave the connection up because too many were open."},
	{VerdictLimitedByReceiver, "limited by the receiver", ConcernTrouble, "Limit: the sender waited for the receiver's window."},
	{VerdictLimitedByLoss, "limited by loss", ConcernTrouble, "Limit: data had to be sent again."},
	{VerdictLimitedByApplication, "limited by the application", ConcernNone, "Limit: one side's application let the other wait."},
}

// Doc returns the entry of VerdictDocs for the code, or nil.
func (code VerdictCode) Doc() *VerdictDoc {
	for i := range VerdictDocs {
		if VerdictDocs[i].Code == code {
			return &VerdictDocs[i]
		}
	}
	return nil
}

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
	Outstanding   uint32 // sequence numbers sent that nothing acknowledged

	Unanswered Unanswered
	Keepalives uint64 // probes in a row without an answer at the end

	WindowClosed bool // its window was closed at the end

	Blocked     float64 // seconds in which the peer's window left no room for its next segment
	TimeoutWait float64 // seconds spent waiting for retransmission timers
	Answer      Wait    // for this side's data after the peer's
	Pause       Wait    // for its next data after its own, all of that being acknowledged
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
	HasAck  bool     // an endpoint that aborts sets ACK; one that knows no connection and answers a segment with ACK does not
	TTL     uint8    // of the RST's packet
	HostTTL uint8    // of its side's other packets; 0 when there are none

	Prior      fsm.Frame // the peer's latest segment before; 0 for none
	PriorTime  fsm.Time
	PriorBytes uint32 // of data on it
	PriorFIN   bool   // it carried a FIN

	// Sequence numbers that were sent and not acknowledged when the RST came.
	OwnOutstanding  uint32
	PeerOutstanding uint32 // known only if the RST has an ACK

	Own       fsm.Time // the side's own latest segment before; 0 for none
	OwnData   fsm.Time // its latest data and the peer's; 0 for none
	PeerData  fsm.Time
	OwnFrame  fsm.Frame // the segments with that data
	PeerFrame fsm.Frame
	Silence   float64      // seconds without a segment before the RST, or before the segment that it answers at once
	Before    [2]fsm.State // of client and server before it
}
