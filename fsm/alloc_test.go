package fsm

import "testing"

// traffic is an endless stream of one kind of segments over a connection whose
// handshake is done.
type traffic struct {
	name string
	next func(t *transfer, i int) (Side, *Segment)
}

// transfer builds its segments in place.
type transfer struct {
	conn  Conn
	next  [2]Seq
	seg   Segment
	now   Time
	frame Frame
}

func establish() *transfer {
	t := &transfer{next: [2]Seq{0xffff_0000, 0x7fff_0000}} // both wrap soon
	t.conn.Reset(DefaultMSL)
	t.step(t.data(Client, SYN, 0))
	t.step(t.data(Server, SYN|ACK, 0))
	t.step(t.data(Client, ACK, 0))
	t.step(t.data(Server, PSH|ACK, 100))
	t.step(t.data(Client, PSH|ACK, 100))
	return t
}

// data returns the next segment of a side.
func (t *transfer) data(from Side, f Flags, length uint32) (Side, *Segment) {
	t.seg = Segment{Flags: f, Seq: t.next[from], Len: length, Window: 65535}
	if f&ACK != 0 {
		t.seg.Ack = t.next[from.Peer()]
	}
	t.next[from] = t.seg.End()
	return from, &t.seg
}

// again returns a copy of what a side sent n octets ago.
func (t *transfer) again(from Side, n, length uint32) (Side, *Segment) {
	t.seg = Segment{Flags: ACK, Seq: t.next[from] - Seq(n), Len: length, Ack: t.next[from.Peer()], Window: 65535}
	return from, &t.seg
}

func (t *transfer) step(from Side, s *Segment) Meaning {
	t.frame++
	t.now += Second / 1000
	return t.conn.Step(from, s, t.frame, t.now, false)
}

var traffics = []traffic{
	{"data and ACK", func(t *transfer, i int) (Side, *Segment) {
		if i%2 == 0 {
			return t.data(Client, PSH|ACK, 1460)
		}
		return t.data(Server, ACK, 0)
	}},
	{"data from the server", func(t *transfer, i int) (Side, *Segment) {
		if i%3 == 2 {
			return t.data(Client, ACK, 0)
		}
		return t.data(Server, ACK, 1460)
	}},
	{"both ways", func(t *transfer, i int) (Side, *Segment) {
		return t.data(Side(i%2), PSH|ACK, 700)
	}},
	{"retransmissions", func(t *transfer, i int) (Side, *Segment) {
		return t.again(Side(i%2), 50, 40)
	}},
	{"out of order", func(t *transfer, i int) (Side, *Segment) {
		switch i % 3 {
		case 0: // the second half first
			t.data(Client, ACK, 2000)
			return t.again(Client, 1000, 1000)
		case 1:
			return t.again(Client, 2000, 1000)
		}
		return t.data(Server, ACK, 0)
	}},
	{"duplicate ACKs with SACK", func(t *transfer, i int) (Side, *Segment) {
		from, s := t.data(Server, ACK, 0)
		s.Opts, s.NumSACK = OptSACK, 2
		s.SACK = [4]SACKBlock{{s.Ack - 50, s.Ack - 40}, {s.Ack - 30, s.Ack - 20}}
		return from, s
	}},
}

// TestNoAllocation holds the machine to not allocating for any segment that
// changes no state.
func TestNoAllocation(t *testing.T) {
	for _, tr := range traffics {
		t.Run(tr.name, func(t *testing.T) {
			x := establish()
			i := 0
			step := func() {
				if m := x.step(tr.next(x, i)); m != 0 {
					t.Fatalf("segment %d means %v: no ordinary traffic", i, meaningNames(m))
				}
				i++
			}
			for range 30 { // room for a first hole may be made once
				step()
			}
			if n := testing.AllocsPerRun(3000, step); n != 0 {
				t.Errorf("%v allocations a segment", n)
			}
			if len(x.conn.Transitions) != 4 {
				t.Errorf("%d transitions", len(x.conn.Transitions))
			}
		})
	}
}

// BenchmarkStep measures a segment of an established connection.
func BenchmarkStep(b *testing.B) {
	for _, tr := range traffics {
		b.Run(tr.name, func(b *testing.B) {
			x := establish()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.step(tr.next(x, i))
			}
		})
	}
}

// BenchmarkShortConnection measures a connection of eleven segments from SYN to
// last ACK, with its state reused.
func BenchmarkShortConnection(b *testing.B) {
	x := establish()
	b.ReportAllocs()
	for b.Loop() {
		x.conn.Reset(DefaultMSL)
		x.step(x.data(Client, SYN, 0))
		x.step(x.data(Server, SYN|ACK, 0))
		x.step(x.data(Client, ACK, 0))
		x.step(x.data(Client, PSH|ACK, 300))
		x.step(x.data(Server, ACK, 0))
		x.step(x.data(Server, PSH|ACK, 1400))
		x.step(x.data(Client, ACK, 0))
		x.step(x.data(Server, FIN|ACK, 0))
		x.step(x.data(Client, ACK, 0))
		x.step(x.data(Client, FIN|ACK, 0))
		x.step(x.data(Server, ACK, 0))
	}
	if got := x.conn.End[Server].State; got != TimeWait {
		b.Fatalf("the server ends in %v", got)
	}
}
