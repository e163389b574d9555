package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Taps compares two captures of the same traffic, taken at two places.
type Taps struct {
	Clock Clock
	Both  uint64    // pairs of addresses and ports that both taps saw
	Only  [2]uint64 // that only the first, only the second saw
}

// Clock is how far the second tap's clock is ahead of the first's. A packet takes
// time in either direction, so its two times bound the offset from both sides.
type Clock struct {
	Known      bool // there are bounds on both sides
	Consistent bool // they leave room for an offset; otherwise the clocks drifted, or were set
	Low, High  float64
	Estimate   float64 // half way between them: right if the least delays of both directions are equal

	// Where no single offset fits, but one that grows evenly does: how many seconds a second
	// the second clock gains, and the bounds of that. The offset is then that of the second
	// capture's beginning.
	Rate, RateLow, RateHigh float64
}

// Between is what happened to a connection's segments between the two taps.
type Between struct {
	ClientTap int    // 1 or 2: the tap nearer to the client; 0 if unknown, and nothing below is known then
	Basis     string // how that is known: "ttl", "times" or "neighbours" (other connections of the two hosts)
	Dir       [2]Crossing

	// Passages are the segments of both sides on their way, in the order of their times, when
	// asked for: at most MaxPassages.
	Passages []Passage

	Translated bool    // the second tap saw the connection under other addresses, Ends
	Ends       [2]Addr // by fsm.Side
}

// Crossing is what became of one side's segments on their way from the tap near
// it to the tap near its peer. Sent = Arrived + Lost + Unseen + Unjudged + Partly.
type Crossing struct {
	Sent     uint64 // segments at the tap near the sender
	Arrived  uint64 // of them, at the other tap too, also if cut into other segments
	Lost     uint64 // not seen there: lost on the way, or that tap missed them
	Unseen   uint64 // not seen there, but acknowledged with nothing else that could have brought it: that tap missed them
	Unjudged uint64 // not seen there, but perhaps before that capture began or after it ended
	Partly   uint64 // cut into other segments of which not all were seen there
	Extra    uint64 // seen near the receiver only: missed by the sender's tap, doubled on the way, or sent by something in between
	Outside  uint64 // the same, perhaps before the other capture began or after it ended
	Doubled  uint64 // seen more often near the receiver than near the sender
	Resized  uint64 // of Arrived: cut otherwise, as segmentation offload does
	Altered  uint64 // of Arrived: changed on the way, see Changes

	LostBytes     uint64
	Changes       []Count     // what was changed, by name
	LostFrames    []fsm.Frame // the first MaxCrossingFrames of each
	ExtraFrames   []fsm.Frame
	AlteredFrames []fsm.Frame
	Hops          int // routers between the taps, from the TTL; −1 if unknown

	Timed               uint64 // segments whose delay was measured; without any the times mean nothing
	Least, Median, Most float64
}

// MaxPassages bounds the passages of a connection.
const MaxPassages = 20_000

// Passage is one segment's way between the two taps. Times are by the first tap's clock, the
// estimated offset taken off the second's.
type Passage struct {
	From      fsm.Side
	Frame     fsm.Frame // at the tap near its sender; at the other one if Fate is "extra"
	Time      fsm.Time
	Other     fsm.Frame // at the other tap; 0 where no one frame there is the same
	OtherTime fsm.Time  // of Other
	Fate      string    // "arrived", "resized", "partly", "lost", "unseen", "unjudged", "extra", "outside" or "doubled", as Crossing counts them
}

// MaxCrossingFrames bounds the frames listed for each fate.
const MaxCrossingFrames = 16
