package vantage

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const ms = fsm.Second / 1000

var (
	clientEnd = record.Addr{IP: netip.MustParseAddr("10.0.0.1"), Port: 1000}
	serverEnd = record.Addr{IP: netip.MustParseAddr("10.0.0.2"), Port: 80}
)

// path is a connection between two taps, 10 ms apart; the second's clock is 5 s
// ahead. Packets are given to the taps as if they had been decoded.
type path struct {
	taps [2]*Tap
	now  fsm.Time
	id   uint16
}

func newPath() *path { return &path{taps: [2]*Tap{NewTap(nil), NewTap(nil)}, now: 100 * fsm.Second} }

const clockAhead = 5 * fsm.Second

// seen gives a tap the segment that left its sender at p.now.
func (p *path) seen(tap int, from fsm.Side, s segment) {
	at := p.now
	if tap != int(from) {
		at += 10 * ms
		s.ttl--
	}
	if tap == 1 {
		at += clockAhead
	}
	t := p.taps[tap]
	if !t.any {
		t.any, t.first = true, at
	}
	t.last = max(t.last, at)
	k, toServer := keyOf(&decode.Packet{Src: endpoint(clientEnd), Dst: endpoint(serverEnd)})
	talk := t.talks[k]
	if talk == nil {
		talk = new([2][]segment)
		t.talks[k] = talk
	}
	i := toServer
	if from == fsm.Server {
		i = 1 - i
	}
	s.time, s.frame = at, fsm.NewFrame(tap, uint64(len(talk[0])+len(talk[1])+1))
	talk[i] = append(talk[i], s)
}

// next returns a segment as its sender would send it a millisecond later.
func (p *path) next(from fsm.Side, flags fsm.Flags, seq, ack fsm.Seq, n uint32) segment {
	p.now += ms
	p.id++
	return segment{seq: seq, ack: ack, len: n, flags: flags, window: 500, ipid: p.id, hasID: true, ttl: 64}
}

// send lets a segment pass both taps.
func (p *path) send(from fsm.Side, flags fsm.Flags, seq, ack fsm.Seq, n uint32) {
	s := p.next(from, flags, seq, ack, n)
	p.seen(int(from), from, s)
	p.seen(1-int(from), from, s)
}

// around lets handshakes pass before and behind what a test is about.
func (p *path) around(middle func()) *record.Between {
	p.send(fsm.Client, fsm.SYN, 100, 0, 0)
	p.now += 20 * ms
	p.send(fsm.Server, fsm.SYN|fsm.ACK, 900, 101, 0)
	p.now += 20 * ms
	p.send(fsm.Client, fsm.ACK, 101, 901, 0)
	middle()
	p.now += fsm.Second
	p.send(fsm.Client, fsm.FIN|fsm.ACK, 9000, 901, 0)
	p.now += 20 * ms
	p.send(fsm.Server, fsm.FIN|fsm.ACK, 901, 9001, 0)
	c := Compare(p.taps[0], p.taps[1])
	return c.Of(&record.Connection{Client: clientEnd, Server: serverEnd, First: 0, Last: 1000 * fsm.Second, Incarnation: 1})
}

func TestFates(t *testing.T) {
	const ack = fsm.ACK
	for _, test := range []struct {
		name   string
		middle func(p *path)
		want   string // of the client's segments
	}{
		{"nothing", func(p *path) {}, "sent 3 arrived 3"},
		{"lost, sent again", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 10))
			p.now += 200 * ms
			p.send(fsm.Client, ack, 101, 901, 10)
			p.now += 20 * ms
			p.send(fsm.Server, ack, 901, 111, 0)
		}, "sent 5 arrived 4 lost 1"},
		{"missed by the server's tap: the server acknowledges it", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 10))
			p.now += 20 * ms
			p.send(fsm.Server, ack, 901, 111, 0)
		}, "sent 4 arrived 3 unseen 1"},
		{"an ACK may be lost", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 0))
		}, "sent 4 arrived 3 lost 1"},
		{"sent by something between", func(p *path) {
			p.seen(1, fsm.Client, p.next(fsm.Client, fsm.RST, 101, 0, 0))
		}, "sent 3 arrived 3 extra 1"},
		{"doubled on the way", func(p *path) {
			p.send(fsm.Client, ack, 101, 901, 10)
			again := segment{seq: 101, ack: 901, len: 10, flags: ack, window: 500, ipid: p.id, hasID: true, ttl: 64}
			p.now += 100 * ms
			p.seen(1, fsm.Client, again)
		}, "sent 4 arrived 4 doubled 1"},
		{"cut by the card behind the tap", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 3000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 101, 901, 1000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 1101, 901, 1000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 2101, 901, 1000))
		}, "sent 4 arrived 4 resized 1"},
		{"cut, and a piece lost", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 3000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 101, 901, 1000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 2101, 901, 1000))
		}, "sent 4 arrived 3 partly 1 octets 1000"},
		{"joined before the tap", func(p *path) {
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 101, 901, 1000))
			p.seen(0, fsm.Client, p.next(fsm.Client, ack, 1101, 901, 1000))
			p.seen(1, fsm.Client, p.next(fsm.Client, ack, 101, 901, 2000))
		}, "sent 5 arrived 5 resized 2"},
		{"the window altered", func(p *path) {
			s := p.next(fsm.Client, ack, 101, 901, 10)
			p.seen(0, fsm.Client, s)
			s.window = 7
			p.seen(1, fsm.Client, s)
		}, "sent 4 arrived 4 altered 1 [{window 1}]"},
		{"the identification and the data altered", func(p *path) {
			s := p.next(fsm.Client, ack, 101, 901, 10)
			s.hasSum, s.hasID = true, false
			p.seen(0, fsm.Client, s)
			s.sum = 99
			p.seen(1, fsm.Client, s)
		}, "sent 4 arrived 4 altered 1 [{payload 1}]"},
	} {
		p := newPath()
		b := p.around(func() { test.middle(p) })
		x := &b.Dir[fsm.Client]
		got := fmt.Sprintf("sent %d arrived %d", x.Sent, x.Arrived)
		for _, f := range []struct {
			name string
			n    uint64
		}{{"lost", x.Lost}, {"unseen", x.Unseen}, {"unjudged", x.Unjudged}, {"partly", x.Partly}, {"extra", x.Extra}, {"outside", x.Outside},
			{"doubled", x.Doubled}, {"resized", x.Resized}, {"altered", x.Altered}} {
			if f.n > 0 {
				got += fmt.Sprintf(" %s %d", f.name, f.n)
			}
		}
		if x.Partly > 0 {
			got += fmt.Sprintf(" octets %d", x.LostBytes)
		}
		if len(x.Changes) > 0 {
			got += fmt.Sprint(" ", x.Changes)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if y := &b.Dir[fsm.Server]; b.ClientTap != 1 || b.Basis != "ttl" || y.Sent != y.Arrived || y.Extra > 0 || x.Hops != 1 {
			t.Errorf("%s: tap %d by %s, %+v", test.name, b.ClientTap, b.Basis, *y)
		}
	}
}

// Numbers rewritten on the way make nothing alike: that is no loss.
func TestRewrittenNumbers(t *testing.T) {
	p := newPath()
	for i := range fsm.Seq(20) {
		s := p.next(fsm.Client, fsm.ACK, 101+10*i, 901, 10)
		p.seen(0, fsm.Client, s)
		s.seq += 123456
		p.seen(1, fsm.Client, s)
		p.now += 30 * ms
		p.send(fsm.Server, fsm.ACK, 901, 111+10*i, 0)
	}
	c := Compare(p.taps[0], p.taps[1])
	b := c.Of(&record.Connection{Client: clientEnd, Server: serverEnd, Last: 1000 * fsm.Second, Incarnation: 1})
	if x := &b.Dir[fsm.Client]; x.Lost > 0 || x.Unseen > 0 || x.Unjudged != 20 {
		t.Errorf("%+v", *x)
	}
}

// Without routers between them the taps are told apart by the times, and the
// offset of the clocks lies within its bounds.
func TestClock(t *testing.T) {
	p := newPath()
	p.around(func() {})
	for i := range p.taps {
		for _, talk := range p.taps[i].talks {
			for d := range talk {
				for j := range talk[d] {
					s := &talk[d][j]
					s.ttl, s.match, s.covered, s.fate = 64, nil, nil, arrived
				}
			}
		}
	}
	c := Compare(p.taps[0], p.taps[1])
	for _, talk := range c.talks {
		if talk.basis != "times" {
			t.Errorf("tap %d by %q", talk.near, talk.basis)
		}
	}
	want := record.Clock{Known: true, Consistent: true, Low: 4.99, High: 5.01, Estimate: 5}
	if c.clock != want {
		t.Errorf("%+v, want %+v", c.clock, want)
	}
}
