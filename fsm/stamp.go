package fsm

// Time is a packet's capture time in nanoseconds since the Unix epoch, UTC.
// The machine never reads a clock: time passes only as packets say so.
type Time int64

// Seconds returns the span t − u in seconds.
func (t Time) Seconds(u Time) float64 { return float64(t-u) / 1e9 }

// Second is one second of Time.
const Second Time = 1_000_000_000

// Frame identifies a captured packet: its 1-based number in its file, as
// Wireshark shows it, and the index of that file among those analysed. The
// zero Frame means "no packet", for instance for a timer's transition.
type Frame uint64

const frameFileShift = 40 // 2⁴⁰ packets a file, 2²⁴ files

// NewFrame returns the frame with the 1-based number n in the file with the
// given 0-based index.
func NewFrame(file int, n uint64) Frame {
	return Frame(uint64(file)<<frameFileShift | n&(1<<frameFileShift-1))
}

// Number returns the 1-based packet number within its file, or 0 for none.
func (f Frame) Number() uint64 { return uint64(f) & (1<<frameFileShift - 1) }

// File returns the 0-based index of the file that holds the frame.
func (f Frame) File() int { return int(f >> frameFileShift) }
