package skew

import (
	"cmp"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const ms = fsm.Second / 1000

// exchange is a connection seen near its client, 10 ms from its server: a handshake,
// some requests and answers, and a close. Times are those of a tap without a skew.
func exchange() []decode.Packet {
	client, server := decode.Endpoint{Port: 40000}, decode.Endpoint{Port: 80}
	client.IP[15], server.IP[15] = 1, 2
	var list []decode.Packet
	now := fsm.Time(0)
	seq, ack := [2]fsm.Seq{1000, 5000}, [2]fsm.Seq{}
	send := func(from fsm.Side, wait fsm.Time, flags fsm.Flags, n uint32) {
		now += wait
		p := decode.Packet{Time: now, Src: client, Dst: server, LinkSrc: 1, LinkDst: 2}
		if from == fsm.Server {
			p.Src, p.Dst, p.LinkSrc, p.LinkDst = p.Dst, p.Src, p.LinkDst, p.LinkSrc
		}
		p.Segment = fsm.Segment{Seq: seq[from], Flags: flags, Len: n}
		if flags&fsm.ACK != 0 {
			p.Segment.Ack = ack[from]
		}
		seq[from] = p.Segment.End()
		ack[from.Peer()] = seq[from]
		p.Frame = fsm.NewFrame(0, uint64(len(list)+1))
		list = append(list, p)
	}
	send(fsm.Client, 0, fsm.SYN, 0)
	send(fsm.Server, 10*ms, fsm.SYN|fsm.ACK, 0)
	send(fsm.Client, ms/50, fsm.ACK, 0)
	for range 3 {
		send(fsm.Client, 5*ms, fsm.ACK, 100)
		send(fsm.Server, 10*ms, fsm.ACK, 1000)
		send(fsm.Client, ms/50, fsm.ACK, 0)
	}
	send(fsm.Client, 5*ms, fsm.ACK|fsm.FIN, 0)
	send(fsm.Server, 10*ms, fsm.ACK|fsm.FIN, 0)
	send(fsm.Client, ms/50, fsm.ACK, 0)
	return list
}

// stamped returns the packets as a tap with a skew would stamp and order them.
func stamped(list []decode.Packet, from fsm.Side, late fsm.Time) []decode.Packet {
	out := slices.Clone(list)
	for i := range out {
		if (out[i].Src.Port == 80) == (from == fsm.Server) {
			out[i].Time += late
		}
	}
	slices.SortStableFunc(out, func(a, b decode.Packet) int { return cmp.Compare(a.Time, b.Time) })
	return out
}

// TestUndone holds that the order of the packets comes back, and that nothing is
// changed where nothing shows a skew.
func TestUndone(t *testing.T) {
	list := exchange()
	for _, c := range []struct {
		from   fsm.Side
		late   fsm.Time
		active bool
	}{
		{fsm.Server, 0, false},
		{fsm.Server, ms / 100, false}, // less than the client takes to answer
		{fsm.Server, ms / 20, true},
		{fsm.Server, 3 * ms, true},
		{fsm.Server, 15 * ms, true},
		{fsm.Client, 3 * ms, false}, // less than the server takes to answer
		{fsm.Client, 15 * ms, true},
	} {
		in := stamped(list, c.from, c.late)
		s := Estimate(in)
		if s.Active() != c.active {
			t.Errorf("%v %d µs late: active %v", c.from, c.late/1000, s.Active())
		}
		if !s.Active() {
			continue
		}
		if s.Most() > c.late+answerTime {
			t.Errorf("%v %d µs late: corrected by %d", c.from, c.late/1000, s.Most()/1000)
		}
		var out []decode.Packet
		take := func(p *decode.Packet) { out = append(out, *p) }
		r := NewReorder(s)
		for i := range in {
			r.Add(&in[i], take)
		}
		r.Flush(take)
		for i := range list {
			if len(out) != len(list) || out[i].Frame != list[i].Frame {
				t.Errorf("%v %d µs late: not in order again", c.from, c.late/1000)
				break
			}
		}
	}
}

// TestLostBeforeTheTap holds that a segment which comes again after the
// acknowledgment of its first sending, which the tap missed, makes no skew.
func TestLostBeforeTheTap(t *testing.T) {
	list := exchange()
	for _, i := range []int{3, 6} { // two requests
		list[i].Time += 40 * ms
	}
	slices.SortStableFunc(list, func(a, b decode.Packet) int { return cmp.Compare(a.Time, b.Time) })
	if s := Estimate(list); s.Active() {
		t.Errorf("corrected by %d µs", s.Most()/1000)
	}
}
