package flow

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestECNNegotiation holds every row of RFC 9768 Table 2 (§3.1.2) that a tap can see, and
// those that §3.1.3 adds: the SYN's and the SYN-ACK's bits AE, CWR and ECE, and the mode.
func TestECNNegotiation(t *testing.T) {
	const none, classic, accurate = record.ECNNone, record.ECNClassic, record.ECNAccurate
	for _, row := range []struct {
		syn, synAck uint8
		mode        record.ECNMode
		clause      string
	}{
		{0b111, 0b010, accurate, "Table 2, first block: Not-ECT SYN"},
		{0b111, 0b011, accurate, "Table 2, first block: ECT(1) on the SYN"},
		{0b111, 0b100, accurate, "Table 2, first block: ECT(0) on the SYN"},
		{0b111, 0b110, accurate, "Table 2, first block: CE on the SYN"},
		{0b111, 0b101, accurate, "Table 2, second block, reserved: §3.1.3"},
		{0b111, 0b001, classic, "Table 2, second block: a classic server"},
		{0b111, 0b000, none, "Table 2, second block: a server without ECN"},
		{0b011, 0b001, classic, "Table 2, third block: a classic client"},
		{0b011, 0b000, none, "§3.1.2: a server that declines Classic ECN"},
		{0b000, 0b000, none, "Table 2, third block: a client without ECN"},
		{0b111, 0b111, none, "Table 2, fourth block: a server that reflects the bits"},
		{0b011, 0b011, none, "RFC 3168 §6.1.1: a server that reflects the bits"},
		{0b001, 0b010, accurate, "§3.1.3: any other combination asks for Accurate ECN"},
		{0b010, 0b010, accurate, "§3.1.3"},
		{0b100, 0b110, accurate, "§3.1.3"},
		{0b101, 0b100, accurate, "§3.1.3"},
		{0b110, 0b010, accurate, "§3.1.3"},
	} {
		if got := answeredECN(offeredECN(row.syn), row.synAck); got != row.mode {
			t.Errorf("SYN %03b, SYN-ACK %03b: %q, want %q (%s)", row.syn, row.synAck, got, row.mode, row.clause)
		}
	}
}

// TestReflectedECN holds the codes of RFC 9768 Tables 2, 3 and 4 (§3.2.2.1).
func TestReflectedECN(t *testing.T) {
	want := map[uint8]uint8{0b010: 0, 0b011: 1, 0b100: 2, 0b110: 3}
	for code := range uint8(8) {
		ecn, ok := ReflectedECN(code)
		if w, known := want[code]; ok != known || known && ecn != w {
			t.Errorf("%03b: %d, %v", code, ecn, ok)
		}
	}
}

// TestACECounter holds that the counter begins at 5 (§3.2.1), wraps around (§3.2.2.2),
// and that what was captured tells how often.
func TestACECounter(t *testing.T) {
	h := aceHalf{ace: initialACE}
	for _, step := range []struct {
		seen     uint64 // CE marks captured since the report before
		code     uint8
		reported uint64 // in all
	}{
		{0, 5, 0}, {1, 6, 1}, {1, 7, 2}, {1, 0, 3}, {0, 0, 3}, {2, 2, 5}, {8, 2, 13}, {9, 3, 22}, {0, 4, 23}, {1, 4, 23}, {0, 5, 24},
	} {
		h.seen += step.seen
		h.count(step.code)
		if h.reported != step.reported {
			t.Errorf("code %d: %d reported, want %d", step.code, h.reported, step.reported)
		}
	}
}

// TestECNCode holds the order of the bits.
func TestECNCode(t *testing.T) {
	for flags, want := range map[fsm.Flags]uint8{fsm.AE: 4, fsm.CWR: 2, fsm.ECE: 1, fsm.AE | fsm.CWR | fsm.ECE | fsm.SYN | fsm.ACK: 7, fsm.ACK: 0} {
		if got := ecnCode(flags); got != want {
			t.Errorf("%v: %d", flags, got)
		}
	}
}

// TestECNCounters holds the counters of the options against what was captured: their first
// values (RFC 9768 §3.2.1), that they wrap around at 2^24 (§3.2.3), that marks put on
// behind the tap are no fault, and that marks taken off and fields zeroed are.
func TestECNCounters(t *testing.T) {
	type option struct {
		e0, e1, ce uint32
	}
	for _, test := range []struct {
		name     string
		data     []uint8 // ECN fields of segments of 1000 octets, after each an option
		options  []option
		resent   bool
		reported [3]uint64
		want     CounterChange
	}{
		{"as captured", []uint8{2, 2, 3}, []option{{1001, 1, 0}, {2001, 1, 0}, {2001, 1, 1000}}, false, [3]uint64{decode.ECT0: 2000, decode.CE: 1000}, CounterChange{}},
		{"ECT(1)", []uint8{1}, []option{{1, 1001, 0}}, false, [3]uint64{decode.ECT1: 1000}, CounterChange{}},
		{"marked behind the tap", []uint8{2, 2}, []option{{1001, 1, 0}, {1001, 1, 1000}}, false, [3]uint64{decode.ECT0: 1000, decode.CE: 1000}, CounterChange{}},
		{"a mark taken off", []uint8{2, 3}, []option{{1001, 1, 0}, {2001, 1, 0}}, false, [3]uint64{decode.ECT0: 2000}, CounterChange{Frame: 102, Seen: 1000, Field: 3}},
		{"the field cleared", []uint8{2, 2}, []option{{1, 1, 0}, {1, 1, 0}}, false, [3]uint64{}, CounterChange{Frame: 102, Seen: 2000, Field: 2}},
		{"zeroed by a middlebox, §3.2.3.2.4", []uint8{2}, []option{{0, 0, 0}}, false, [3]uint64{}, CounterChange{Frame: 101, Zeroed: true}},
		{"with retransmissions nothing is said", []uint8{2, 3}, []option{{1001, 1, 0}, {2001, 1, 0}}, true, [3]uint64{decode.ECT0: 2000}, CounterChange{}},
	} {
		f := &Flow{ECNMode: record.ECNAccurate, accurate: newAccurateECN()}
		c := &f.accurate.half[fsm.Client].counters
		if test.resent {
			f.Dir[fsm.Server].Retransmissions = 1
		}
		y := &fsm.Endpoint{}
		for i, field := range test.data {
			c.pass(&observation{p: &decode.Packet{TOS: field}, s: &fsm.Segment{Len: 1000}})
			x := test.options[i]
			p := &decode.Packet{Frame: fsm.Frame(101 + i), AccECN: &decode.AccECN{Has: [3]bool{true, true, true}, Count: [3]uint32{decode.ECT0: x.e0, decode.ECT1: x.e1, decode.CE: x.ce}}}
			c.take(&observation{p: p, s: &fsm.Segment{Ack: y.Out.Top}, y: y})
		}
		if got := f.CountersChanged(fsm.Server); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
		if c.reported != test.reported {
			t.Errorf("%s: reported %v, want %v", test.name, c.reported, test.reported)
		}
	}
	var c ecnCounters
	y := &fsm.Endpoint{}
	for i, step := range []struct {
		count uint32
		want  uint64
	}{{1<<23 - 1, 1<<23 - 2}, {1<<24 - 2, 1<<24 - 3}, {5, 1<<24 + 4}, {4, 1<<24 + 4}} {
		p := &decode.Packet{Frame: fsm.Frame(i + 1), AccECN: &decode.AccECN{Has: [3]bool{decode.ECT0: true}, Count: [3]uint32{decode.ECT0: step.count}}}
		c.take(&observation{p: p, s: &fsm.Segment{}, y: y})
		if got := c.reported[decode.ECT0]; got != step.want {
			t.Errorf("counter %d: %d reported, want %d", step.count, got, step.want)
		}
	}
}
