package conntrack

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/dedup"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// place is one of two places that a capture was taken at: a box's interfaces.
type place struct {
	index uint32 // of the interface
	macs  [2]uint64
	ttl   uint8
	isn   [2]fsm.Seq // by side
}

// legStage makes packets of one pair of endpoints as they are captured at places.
type legStage struct {
	packets []decode.Packet
	v6      bool
	stamps  bool // TCP timestamps
}

// seen is a segment at a place; its numbers are relative.
func (g *legStage) seen(at *place, from fsm.Side, flags fsm.Flags, seq, ack, length uint32) *decode.Packet {
	n := len(g.packets)
	p := decode.Packet{
		Frame: fsm.NewFrame(0, uint64(n)+1), Time: fsm.Time(n) * 100_000, TTL: at.ttl, IPLen: 40 + length,
		LinkIndex: at.index, LinkSrc: at.macs[from], LinkDst: at.macs[from.Peer()], IPID: uint16(1000*at.index) + uint16(n), HasIPID: !g.v6,
	}
	p.Src.IP[15], p.Src.Port, p.Dst.IP[15], p.Dst.Port = 1, 40000, 2, 80
	if g.v6 {
		p.Src.IP[0], p.Dst.IP[0] = 0xfd, 0xfd
	} else {
		p.Src.IP[10], p.Src.IP[11], p.Dst.IP[10], p.Dst.IP[11] = 255, 255, 255, 255
	}
	if from == fsm.Server {
		p.Src, p.Dst = p.Dst, p.Src
	}
	s := fsm.Segment{Seq: at.isn[from].Add(seq), Flags: flags, Len: length, Window: 65000}
	if flags&fsm.ACK != 0 {
		s.Ack = at.isn[from.Peer()].Add(ack)
	}
	if flags&fsm.SYN != 0 {
		s.Opts, s.MSS = fsm.OptMSS, 1460
	}
	if g.stamps {
		s.Opts |= fsm.OptTimestamps
		s.TSVal, s.TSEcr = 7000+uint32(from), 0
		if flags&fsm.ACK != 0 {
			s.TSEcr = 7000 + uint32(from.Peer())
		}
	}
	p.Segment = s
	g.packets = append(g.packets, p)
	return &g.packets[n]
}

// forwarded is a segment at one place and then at the other: the same IP packet.
func (g *legStage) forwarded(at, then *place, from fsm.Side, flags fsm.Flags, seq, ack, length uint32) {
	first := g.seen(at, from, flags, seq, ack, length)
	id, ttl := first.IPID, first.TTL
	second := g.seen(then, from, flags, seq, ack, length)
	second.IPID, second.TTL = id, ttl-1
}

// through is a connection through the box, whose near place is the client's.
func (g *legStage) through(near, far *place) {
	const ack = fsm.ACK
	g.forwarded(near, far, fsm.Client, fsm.SYN, 0, 0, 0)
	g.forwarded(far, near, fsm.Server, fsm.SYN|ack, 0, 1, 0)
	g.forwarded(near, far, fsm.Client, ack, 1, 1, 0)
	g.exchange(near, far)
}

// exchange is what follows a handshake.
func (g *legStage) exchange(near, far *place) {
	const ack = fsm.ACK
	g.forwarded(near, far, fsm.Client, ack, 1, 1, 100)
	for i := range uint32(5) {
		g.forwarded(far, near, fsm.Server, ack, 1+i*1000, 101, 1000)
		g.forwarded(near, far, fsm.Client, ack, 101, 1001+i*1000, 0)
	}
	g.forwarded(near, far, fsm.Client, ack|fsm.FIN, 101, 5001, 0)
	g.forwarded(far, near, fsm.Server, ack|fsm.FIN, 5001, 102, 0)
	g.forwarded(near, far, fsm.Client, ack, 102, 5002, 0)
}

// ended is what a table says of a connection.
type endedFlow struct {
	resent   int
	gap      uint64
	over     bool
	legOf    fsm.Frame
	segments uint32
}

func (g *legStage) track(keep bool) (all []endedFlow) {
	var f dedup.Finder
	opt := Options{Ended: func(x *flow.Flow) {
		e := endedFlow{over: x.Over(), legOf: x.LegOf, segments: x.Segments}
		for side := range x.Dir {
			d := &x.Dir[side]
			e.gap += d.GapBytes
		}
		if x.AllFacts.Any(flow.Facts(flow.Retransmission, flow.OutOfOrder)) || x.Meanings.Any(fsm.SYNAgain|fsm.SYNACKAgain|fsm.FINAgain|fsm.AckOfUnsent) {
			e.resent++
		}
		all = append(all, e)
	}}
	if keep {
		opt.Keep = func(uint64, *decode.Packet) bool { return true }
	}
	t := NewTable(opt)
	for i := range g.packets {
		p := g.packets[i]
		p.Copy = f.Classify(&p)
		t.Add(&p)
		t.Tick(p.Time, uint64(i))
	}
	t.Finish(g.packets[len(g.packets)-1].Time, ^uint64(0))
	return all
}

// TestLegs holds which connections are told apart where one capture holds several places.
func TestLegs(t *testing.T) {
	macs := [2][2]uint64{{0x0a, 0x0b}, {0x0c, 0x0d}}
	near := func() *place { return &place{1, macs[0], 64, [2]fsm.Seq{1000, 4_000_000_000}} }
	far := func(client, server fsm.Seq) *place { return &place{2, macs[1], 64, [2]fsm.Seq{client, server}} }
	other := func(p *place) *place { p.index = 1; return p } // one interface, other neighbours
	const ack = fsm.ACK
	synProxy := func(g *legStage, a, b *place) {
		g.seen(a, fsm.Client, fsm.SYN, 0, 0, 0)
		g.seen(a, fsm.Server, fsm.SYN|ack, 0, 1, 0)
		g.seen(a, fsm.Client, ack, 1, 1, 0)
		g.seen(b, fsm.Client, fsm.SYN, 0, 0, 0)
		g.seen(b, fsm.Server, fsm.SYN|ack, 0, 1, 0)
		g.seen(b, fsm.Client, ack, 1, 1, 0)
		g.seen(a, fsm.Server, ack, 1, 1, 0).Segment.Window = 64000
		g.exchange(a, b)
	}
	for name, test := range map[string]struct {
		play   func(*legStage)
		conns  int
		linked bool
		begun  bool // in the capture
	}{
		"a router":                     {func(g *legStage) { g.through(near(), far(1000, 4_000_000_000)) }, 1, false, true},
		"a SYN proxy":                  {func(g *legStage) { synProxy(g, near(), far(1000, 77_000_000)) }, 2, true, true},
		"all numbers, not far":         {func(g *legStage) { g.through(near(), far(25_601_118, 2_000_000_000)) }, 2, true, true},
		"a SYN proxy, numbers not far": {func(g *legStage) { synProxy(g, near(), far(1000, 4_007_820_376)) }, 2, true, true},
		"a SYN proxy with one link":    {func(g *legStage) { synProxy(g, near(), other(far(1000, 77_000_000))) }, 2, true, true},
		"the server's numbers":         {func(g *legStage) { g.through(near(), far(1000, 2_000_000_000)) }, 2, true, true},
		"the client's numbers":         {func(g *legStage) { g.through(near(), far(3_000_000_000, 4_000_000_000)) }, 2, true, true},
		"all numbers":                  {func(g *legStage) { g.through(near(), far(3_000_000_000, 2_000_000_000)) }, 2, true, true},
		"a SYN proxy whose server does not answer": {func(g *legStage) {
			a, b := near(), far(1000, 0)
			g.seen(a, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(a, fsm.Server, fsm.SYN|ack, 0, 1, 0)
			g.seen(a, fsm.Client, ack, 1, 1, 0)
			g.seen(b, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(b, fsm.Client, fsm.SYN, 0, 0, 0).Time += fsm.Second
		}, 2, true, true},
		"a SYN proxy whose server refuses": {func(g *legStage) {
			a, b := near(), far(1000, 0)
			g.seen(a, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(a, fsm.Server, fsm.SYN|ack, 0, 1, 0)
			g.seen(a, fsm.Client, ack, 1, 1, 0)
			g.seen(b, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(b, fsm.Server, fsm.RST|ack, 0, 1, 0)
		}, 2, true, true},
		"twins": {func(g *legStage) {
			a, b := &legStage{v6: g.v6, stamps: g.stamps}, &legStage{v6: g.v6, stamps: g.stamps}
			p, q := near(), far(3_000_000_000, 2_000_000_000)
			for _, x := range []struct {
				g  *legStage
				at *place
			}{{a, p}, {b, q}} {
				nowhere := &place{9, macs[0], 64, x.at.isn}
				x.g.through(x.at, nowhere)
			}
			for i := range a.packets {
				for _, p := range []decode.Packet{a.packets[i], b.packets[i]} {
					if p.LinkIndex == 9 {
						continue
					}
					n := len(g.packets)
					p.Frame, p.Time, p.IPID = fsm.NewFrame(0, uint64(n)+1), fsm.Time(n)*100_000, uint16(n)*77
					p.Segment.TSVal += uint32(p.LinkIndex) * 1e6
					if p.Segment.TSEcr != 0 {
						p.Segment.TSEcr += uint32(p.LinkIndex) * 1e6
					}
					g.packets = append(g.packets, p)
				}
			}
		}, 2, false, true},
		"each direction on an interface": {func(g *legStage) {
			up := near()
			down := *up
			down.index = 2
			g.seen(up, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(&down, fsm.Server, fsm.SYN|ack, 0, 1, 0)
			g.seen(up, fsm.Client, ack, 1, 1, 0)
			g.seen(up, fsm.Client, ack, 1, 1, 100)
			g.seen(&down, fsm.Server, ack, 1, 101, 1000)
			g.seen(up, fsm.Client, ack, 101, 1001, 0)
		}, 1, false, true},
		"another way for each segment": {func(g *legStage) {
			a := near()
			b := *a
			b.index = 2
			for i, at := range []*place{a, &b, &b, a, &b, a, &b} {
				switch i {
				case 0:
					g.seen(at, fsm.Client, fsm.SYN, 0, 0, 0)
				case 1:
					g.seen(at, fsm.Server, fsm.SYN|ack, 0, 1, 0)
				case 2:
					g.seen(at, fsm.Client, ack, 1, 1, 0)
				default:
					g.seen(at, fsm.Client, ack, uint32(i-3)*100+1, 1, 100)
				}
			}
		}, 1, false, true},
		"the SYN sent again another way": {func(g *legStage) {
			a := near()
			b := *a
			b.index = 2
			g.seen(a, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(a, fsm.Server, fsm.SYN|ack, 0, 1, 0)
			g.seen(&b, fsm.Client, fsm.SYN, 0, 0, 0)
			g.seen(&b, fsm.Server, fsm.SYN|ack, 0, 1, 0)
			g.seen(&b, fsm.Client, ack, 1, 1, 0)
		}, 1, false, false},
		"twins that the capture joins": {func(g *legStage) {
			a, b := near(), far(3_000_000_000, 2_000_000_000)
			for i := range uint32(4) {
				for _, at := range []*place{a, b} {
					g.seen(at, fsm.Client, ack, 1+i*10, 1+i*500, 10)
					g.seen(at, fsm.Server, ack, 1+i*500, 11+i*10, 500)
				}
			}
		}, 2, false, true},
	} {
		for _, form := range []legStage{{}, {stamps: true}, {v6: true, stamps: true}} {
			for _, keep := range []bool{false, true} {
				g := form
				test.play(&g)
				all := g.track(keep)
				if len(all) != test.conns {
					t.Errorf("%s, %+v, keep %t: %d connections, want %d: %+v", name, form, keep, len(all), test.conns, all)
					continue
				}
				for _, e := range all {
					if test.begun && (e.resent > 0 || e.gap > 0) && name != "a SYN proxy whose server does not answer" {
						t.Errorf("%s, %+v, keep %t: %+v", name, form, keep, e)
					}
					if linked := e.legOf != 0; linked != test.linked {
						t.Errorf("%s, %+v, keep %t: linked %t", name, form, keep, linked)
					}
				}
			}
		}
	}
}

// TestICMPOfLeg holds that an ICMP error goes to the leg whose segment it quotes.
func TestICMPOfLeg(t *testing.T) {
	a, b := &place{1, [2]uint64{0x0a, 0x0b}, 64, [2]fsm.Seq{1000, 4_000_000_000}}, &place{2, [2]uint64{0x0c, 0x0d}, 64, [2]fsm.Seq{3_000_000_000, 2_000_000_000}}
	var g legStage
	g.forwarded(a, b, fsm.Client, fsm.SYN, 0, 0, 0)
	g.forwarded(b, a, fsm.Server, fsm.SYN|fsm.ACK, 0, 1, 0)
	g.forwarded(a, b, fsm.Client, fsm.ACK, 1, 1, 0)
	g.forwarded(a, b, fsm.Client, fsm.ACK, 1, 1, 1000)
	got := map[fsm.Seq]int{} // by the client's number
	table := NewTable(Options{Ended: func(f *flow.Flow) { got[f.Conn.End[fsm.Client].ISS] = len(f.ICMP()) }})
	var finder dedup.Finder
	for i := range g.packets {
		p := g.packets[i]
		p.Copy = finder.Classify(&p)
		table.Add(&p)
	}
	p := g.packets[len(g.packets)-1] // on the far leg
	p.ICMP, p.Time = &decode.ICMPError{Type: 3, Code: 4, MTU: 900}, p.Time+1
	table.AddICMP(&p)
	table.Finish(p.Time, ^uint64(0))
	if len(got) != 2 || got[1000] != 0 || got[3_000_000_000] != 1 {
		t.Errorf("%v", got)
	}
}
