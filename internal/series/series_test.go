package series_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// some returns points with all that a point can have.
func some(n int, seed uint64) []series.Point {
	r := rand.New(rand.NewPCG(seed, 1))
	var list []series.Point
	frame, now := fsm.NewFrame(1, 7), fsm.Time(1_700_000_000_123_456_789)
	for range n {
		p := series.Point{Frame: frame, Time: now, From: fsm.Side(r.IntN(2)), Flags: fsm.Flags(r.IntN(512)), Seq: r.Uint64N(1 << 40), Ack: r.Uint64N(1 << 40), Len: r.Uint32N(65000), Window: r.Uint32()}
		if r.IntN(3) == 0 {
			p.Marks = series.Marks(r.Uint64N(1 << len(series.Labels)))
		}
		if r.IntN(4) == 0 {
			p.SACKs = uint8(1 + r.IntN(4))
			for i := range p.SACK[:p.SACKs] {
				from := int64(p.Ack) + r.Int64N(1<<31) - 1<<30
				p.SACK[i] = series.Range{From: from, To: from + r.Int64N(1<<20)}
			}
		}
		if len(list) > 0 && r.IntN(4) == 0 {
			p.Sampled, p.Original = list[r.IntN(len(list))].Frame, list[r.IntN(len(list))].Frame
		}
		list = append(list, p)
		switch r.IntN(5) {
		case 0:
			frame = fsm.NewFrame(r.IntN(3), r.Uint64N(1<<30))
		default:
			frame++
		}
		now += fsm.Time(r.Int64N(2_000_000) - 10_000)
	}
	return list
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		want := some(300, seed)
		var e series.Encoder
		for i := range want {
			e.Add(&want[i])
		}
		e.Amend(want[17].Frame, 1<<5, want[3].Frame)
		for i := range want {
			if want[i].Frame == want[17].Frame {
				want[i].Marks |= 1 << 5
				want[i].Original = want[3].Frame
			}
		}
		r, err := series.NewReader(e.Append(nil, series.Tail{}))
		if err != nil {
			t.Fatal(err)
		}
		var got []series.Point
		for p := range r.All() {
			got = append(got, *p)
		}
		if !slices.Equal(got, want) {
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("seed %d: point %d is\n%+v, was\n%+v", seed, i, got[i], want[i])
				}
			}
		}
	}
}

// TestRoom holds that a series ends where there is no room, counts what it lacks, and gives
// the room back.
func TestRoom(t *testing.T) {
	room := 2000
	e := series.Encoder{Room: &room}
	list := some(500, 1)
	for i := range list {
		e.Add(&list[i])
	}
	r, err := series.NewReader(e.Append(nil, series.Tail{Spent: true}))
	if err != nil {
		t.Fatal(err)
	}
	if n, cut := r.Points(); n+cut != 500 || n < 20 || cut == 0 || room < 0 || e.Len() > 2000 {
		t.Errorf("%d points in %d bytes, %d cut, room for %d", n, e.Len(), cut, room)
	}
	if e.Reset(); room != 2000 {
		t.Errorf("there is room for %d bytes", room)
	}
}

// TestFewBytes holds that a segment takes less than 24 bytes where nothing is odd.
func TestFewBytes(t *testing.T) {
	var e series.Encoder
	p := series.Point{Flags: fsm.ACK, Len: 1448, Window: 65536, Seq: 1, Ack: 1}
	back := series.Point{Flags: fsm.ACK, From: fsm.Server, Seq: 1, Window: 1 << 20}
	const n = 10_000
	for range n / 2 {
		p.Frame, p.Time = p.Frame+1, p.Time+12_345
		e.Book(7, 1)
		e.Add(&p)
		p.Seq += uint64(p.Len)
		p.Frame++
		back.Frame, back.Time, back.Ack, back.Sampled = p.Frame, p.Time+5_000_000, p.Seq, p.Frame-1
		e.Add(&back)
	}
	if per := float64(e.Len()) / n; per > 14 {
		t.Errorf("%.1f bytes a segment", per)
	}
}

func FuzzReader(f *testing.F) {
	for seed := range uint64(3) {
		var e series.Encoder
		for i, p := range some(40, seed) {
			e.Book(uint8(i%9), fsm.Time(i))
			e.Add(&p)
		}
		e.Closing()
		f.Add(e.Append(nil, series.Tail{Spent: true, Account: 3}))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := series.NewReader(data)
		if err != nil {
			return
		}
		n := uint64(0)
		for p := range r.All() {
			n++
			_ = p.Marks.Labels()
		}
		if points, _ := r.Points(); n != points {
			t.Errorf("%d of %d points", n, points)
		}
		r.Waits()
	})
}
