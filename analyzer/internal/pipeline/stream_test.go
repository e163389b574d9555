package pipeline

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// A SYN on addresses and ports in use is a stream from its frame on, whenever it turns out
// to begin a connection, or whether; what is in doubt leaves nothing behind it numbered.
func TestStreamCount(t *testing.T) {
	syn, lost := fsm.NewFrame(0, 20), fsm.NewFrame(0, 30)
	c := &streamCount{}
	c.gather(&batch{shards: []batchShard{
		{streams: []conntrack.StreamEvent{{Ordinal: 20, Held: syn}, {Ordinal: 70, Doubt: true}}},
		{streams: []conntrack.StreamEvent{{Ordinal: 30, Held: lost}, {Ordinal: 40, Held: lost, Dropped: true}}},
	}})
	for _, test := range []struct {
		birth conntrack.Birth
		want  uint64
	}{
		{conntrack.Birth{Ordinal: 10}, 1},
		{conntrack.Birth{Ordinal: 25}, 3}, // behind the SYN of frame 20
		{conntrack.Birth{Ordinal: 50}, 5}, // and that of frame 30, which came to nothing
		{conntrack.Birth{Ordinal: 60, Stream: conntrack.StreamHeld, Held: syn}, 2},
		{conntrack.Birth{Ordinal: 65, Stream: conntrack.StreamNone}, 0},
		{conntrack.Birth{Ordinal: 66}, 6},
		{conntrack.Birth{Ordinal: 71}, 0},
	} {
		if got := c.of(&test.birth); got != test.want {
			t.Errorf("born at %d: stream %d, want %d", test.birth.Ordinal, got, test.want)
		}
	}
	if len(c.held) != 0 {
		t.Errorf("%d SYNs are kept that are decided", len(c.held))
	}
}

func TestStreamDoubts(t *testing.T) {
	packet := func() *decode.Packet { return &decode.Packet{} }
	for _, test := range []struct {
		name string
		do   func(*streamDoubts)
		want bool
	}{
		{"two frames", func(d *streamDoubts) { d.arrive(fsm.NewFrame(0, 1)); d.arrive(fsm.NewFrame(0, 2)) }, false},
		{"a frame was filtered out", func(d *streamDoubts) { d.arrive(fsm.NewFrame(0, 1)); d.arrive(fsm.NewFrame(0, 3)) }, true},
		{"a second file", func(d *streamDoubts) { d.arrive(fsm.NewFrame(1, 1)) }, true},
		{"no TCP", func(d *streamDoubts) { d.skipped(decode.NotTCP); d.skipped(decode.NotIP) }, false},
		{"unreadable", func(d *streamDoubts) { d.skipped(decode.TCPMalformed) }, true},
	} {
		var d streamDoubts
		test.do(&d)
		if got := d.of(packet(), nil); got != test.want {
			t.Errorf("%s: in doubt %t, want %t", test.name, got, test.want)
		}
	}
	for name, want := range map[string]bool{"vlan 12": true, "vlan 12.13": true, "gre": false, "vlan 3, vxlan 7": false} {
		if got := onlyVLANs(name); got != want {
			t.Errorf("%s: only tags %t, want %t", name, got, want)
		}
	}
}

// TestHeldAreForgotten gives up connections beside which a SYN waits, and holds that nothing
// is kept of that, nor of any SYN where streams are not followed.
func TestHeldAreForgotten(t *testing.T) {
	m := &cleanConns{rng: rand.New(rand.NewPCG(1, 2))}
	server := end{ip: [4]byte{10, 0, 0, 1}, port: 80, mss: 1460, ttl: 64}
	var frames []frame
	const clients = 3000
	for time := range 2 {
		for i := range clients {
			client := end{ip: [4]byte{10, 1, byte(i >> 8), byte(i)}, port: 40_000, next: uint32(i + 1 + time*100_000), mss: 1460, ttl: 64}
			at := fsm.Second + fsm.Time(i/100*100+time*50+i%50)*1_000_000
			frames = append(frames, frame{time: at, data: m.write(&client, &server, segment{flags: flagSYN, window: 1000})})
		}
	}
	slices.SortStableFunc(frames, func(a, b frame) int { return cmp.Compare(a.time, b.time) })
	for _, sums := range []bool{false, true} {
		n, waited := 0, false
		a := New(Options{Sums: sums, MaxConnections: 800})
		a.opt.Each = func(*record.Connection) error {
			n++
			waited = waited || len(a.sequencer.streams.held) > 0
			return nil
		}
		analyse(a, frames)
		r := a.Finish()
		if n < clients || r.Summary.Evictions.HalfOpen == 0 || r.Summary.Evictions.Packets == 0 || waited == sums {
			t.Errorf("sums %v: %d connections, %+v, SYNs waited: %v: that is not what is to be tested", sums, n, r.Summary.Evictions, waited)
		}
		if left := len(a.sequencer.streams.held); left > 0 {
			t.Errorf("sums %v: %d SYNs are kept that are decided", sums, left)
		}
	}
}
