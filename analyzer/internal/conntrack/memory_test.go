package conntrack

import (
	"encoding/binary"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// source returns a packet of one of many clients to one server.
func source(i int, s fsm.Segment) decode.Packet {
	p := decode.Packet{
		Time: fsm.Time(i+1) * 1000, Frame: fsm.NewFrame(0, uint64(i+1)), Ordinal: uint64(i + 1), TTL: 64, IPLen: 40 + s.Len,
		Src: decode.Endpoint{Port: 40000}, Dst: decode.Endpoint{Port: 80}, Segment: s,
	}
	binary.BigEndian.PutUint32(p.Src.IP[12:], uint32(i))
	return p
}

// TestMemory plays more connections than there is memory for, of each kind: what is
// allocated stays within the limit, nearly, and every connection is reported once.
func TestMemory(t *testing.T) {
	const limit, n = 1 << 20, 40_000
	for _, tt := range []struct {
		name     string
		segments []fsm.Segment
		whole    bool // tracked whole
		ends     bool
	}{
		{"SYNs", []fsm.Segment{{Flags: fsm.SYN, Seq: 7, Window: 100}}, false, false},
		{"lone ACKs with data", []fsm.Segment{{Flags: fsm.ACK, Seq: 7, Ack: 9, Len: 20, Window: 100}}, false, false},
		{"lone RSTs", []fsm.Segment{{Flags: fsm.RST, Seq: 7}}, false, true},
		{"SYNs with URG", []fsm.Segment{{Flags: fsm.SYN | fsm.URG, Seq: 7, Urgent: 3}}, false, false},
		{"two ACKs", []fsm.Segment{{Flags: fsm.ACK, Seq: 7, Ack: 9, Window: 100}, {Flags: fsm.ACK, Seq: 7, Ack: 9, Window: 200}}, true, false},
	} {
		reported, most := 0, 0
		table := NewTable(Options{Memory: limit, Ended: func(*flow.Flow) { reported++ }})
		for i := range n {
			for _, s := range tt.segments {
				p := source(i, s)
				table.Add(&p)
			}
			if i%512 == 0 {
				table.Tick(fsm.Time(i+1)*1000, uint64(i))
				table.countMemory()
				most = max(most, table.memory.compact+table.memory.fast+table.memory.whole)
			}
		}
		open := table.Open()
		table.Finish(0, 1<<63)
		e := table.Evictions()
		t.Logf("%s: %d bytes, %d open at the end, %+v", tt.name, most, open, e)
		if most > limit*5/4 {
			t.Errorf("%s: %d bytes were allocated, more than %d", tt.name, most, limit)
		}
		if reported != n {
			t.Errorf("%s: %d connections reported, not %d", tt.name, reported, n)
		}
		if want := uint64(n - open); !tt.ends && (e.HalfOpen+e.Idle != want || e.ForMemory != want) || tt.ends && e.HalfOpen+e.Idle != 0 {
			t.Errorf("%s: %+v", tt.name, e)
		}
	}
}

// TestEvictedGoesOn evicts connections that go on: they are told as such and make no
// other connection, unless their client begins one.
func TestEvictedGoesOn(t *testing.T) {
	reported, evicted := 0, 0
	table := NewTable(Options{MaxConnections: 10, Ended: func(f *flow.Flow) {
		reported++
		if f.Until < f.Last.Time {
			t.Errorf("connection %d is judged as of %v, before its last segment at %v", f.ID, f.Until, f.Last.Time)
		}
		if f.Evicted {
			evicted++
		}
	}})
	add := func(i int, s fsm.Segment) {
		p := source(i, s)
		table.Add(&p)
	}
	const n = 100
	for i := range n {
		add(i, fsm.Segment{Flags: fsm.SYN, Seq: fsm.Seq(1000 + i), Window: 100})
	}
	for i := range n {
		add(i, fsm.Segment{Flags: fsm.SYN, Seq: fsm.Seq(1000 + i), Window: 100}) // again
		add(i, fsm.Segment{Flags: fsm.ACK, Seq: fsm.Seq(1001 + i), Ack: 5, Window: 100})
	}
	if e := table.Evictions(); e.HalfOpen != n-10 || e.SeenAgain != n-10 || e.Packets != 2*(n-10) || e.Forgotten != 0 {
		t.Errorf("%+v", e)
	}
	add(3, fsm.Segment{Flags: fsm.SYN, Seq: 77, Window: 100})
	table.Finish(0, 1<<63)
	if reported != n+1 || evicted != n+1-10 {
		t.Errorf("%d connections reported, %d of them evicted", reported, evicted)
	}
}

// TestBusyIsSpared evicts the connections that are idle, however old the busy ones are.
func TestBusyIsSpared(t *testing.T) {
	var gone []fsm.Frame
	table := NewTable(Options{MaxConnections: 20, Ended: func(f *flow.Flow) { gone = append(gone, f.First.Frame) }})
	now := 0
	add := func(client int, s fsm.Segment) {
		p := source(client, s)
		now++
		p.Time = fsm.Time(now) * 1000
		table.Add(&p)
	}
	for i := range 100 {
		add(i, fsm.Segment{Flags: fsm.ACK, Seq: 1, Ack: 2, Window: 100})
		for busy := range 3 {
			add(busy, fsm.Segment{Flags: fsm.ACK, Seq: 1, Ack: 2, Window: uint16(100 + i)})
		}
	}
	for _, frame := range gone {
		if frame <= fsm.NewFrame(0, 3) {
			t.Errorf("the connection of frame %d was evicted", frame.Number())
		}
	}
	if len(gone) != 80 {
		t.Errorf("%d connections were evicted", len(gone))
	}
}

// TestPendingUnderPressure has SYNs of other numbers wait beside more connections than there
// is memory for, up to the end: all is reported, and no SYN that went unheard is called an
// old duplicate.
func TestPendingUnderPressure(t *testing.T) {
	const limit, n = 1 << 20, 20_000
	for _, whole := range []bool{false, true} {
		reported, most := 0, 0
		table := NewTable(Options{Memory: limit, Ended: func(f *flow.Flow) {
			reported++
			if f.Meanings.Any(fsm.SYNInSync | fsm.SYNAgain) {
				t.Errorf("whole %v: the SYN of frame %d is judged as another's", whole, f.First.Frame.Number())
			}
		}})
		add := func(i int, seq fsm.Seq) {
			s := fsm.Segment{Flags: fsm.SYN, Seq: seq, Window: 100}
			if whole {
				s.Flags |= fsm.URG // packed, but not beside another
				s.Urgent = 1
			}
			p := source(i, s)
			table.Add(&p)
		}
		for i := range n {
			for k := range fsm.Seq(3) {
				add(i, 1000*k)
			}
			if i%256 == 0 {
				table.Tick(fsm.Time(i+1)*1000, uint64(i))
				table.countMemory()
				most = max(most, table.memory.compact+table.memory.fast+table.memory.whole)
			}
		}
		for upTo := uint64(1000); upTo < n; upTo += 1000 {
			table.Finish(0, upTo)
		}
		table.Finish(0, 1<<63)
		e := table.Evictions()
		if got := reported + int(e.Packets); got != 3*n || e.HalfOpen == 0 || table.Open() != 0 {
			t.Errorf("whole %v: %d connections reported, %+v, %d still open", whole, reported, e, table.Open())
		}
		if most > limit*5/4 {
			t.Errorf("whole %v: %d bytes were allocated, more than %d", whole, most, limit)
		}
	}
}
