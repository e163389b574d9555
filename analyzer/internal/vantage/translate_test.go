package vantage

import (
	"net/netip"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const translatedFiles = "../../../testdata/pcaps/taps/translated."

// without returns a tap that lacks some of what it saw.
func (t *Tap) without(lacks func(*segment) bool) *Tap {
	for k, at := range t.talks {
		for i := range at {
			var rest []segment
			for _, s := range at[i] {
				if !lacks(&s) {
					rest = append(rest, s)
				}
			}
			at[i] = rest
		}
		if len(at[0])+len(at[1]) == 0 {
			delete(t.talks, k)
		}
	}
	return t
}

func ofAll(c *Comparison) (list []*record.Between) {
	for _, k := range inOrder(c.taps[0].talks) {
		client, server := record.Addr{IP: k.a.Addr(), Port: k.a.Port}, record.Addr{IP: k.b.Addr(), Port: k.b.Port}
		if server.Port > client.Port {
			client, server = server, client
		}
		list = append(list, c.Of(&record.Connection{Client: client, Server: server, Last: 1 << 62, Incarnation: 1}))
	}
	return list
}

// TestTranslated holds that six connections through boxes that translate the client's
// address, the server's or both are one each, over IPv4 and IPv6, whole, joined midway or
// without timestamps.
func TestTranslated(t *testing.T) {
	for name, test := range map[string]struct {
		lacks  func(*segment) bool // what neither tap captured
		strip  bool
		paired int
	}{
		"whole":                {func(*segment) bool { return false }, false, 6},
		"begun midway":         {func(s *segment) bool { return s.flags&fsm.SYN != 0 }, false, 6},
		"without timestamps":   {func(*segment) bool { return false }, true, 6},
		"only what ends them":  {func(s *segment) bool { return s.flags&fsm.FIN == 0 }, false, 0}, // too little
		"nothing but the SYNs": {func(s *segment) bool { return s.flags&core != fsm.SYN }, false, 6},
	} {
		for _, swapped := range []bool{false, true} {
			files := [2]string{translatedFiles + "client.pcap", translatedFiles + "server.pcap"}
			if swapped {
				files[0], files[1] = files[1], files[0]
			}
			first, second := gather(t, files[0], 0).without(test.lacks), gather(t, files[1], 1).without(test.lacks)
			if test.strip {
				for _, tap := range []*Tap{first, second} {
					for _, at := range tap.talks {
						for i := range at {
							for j := range at[i] {
								at[i][j].opts &^= fsm.OptTimestamps
							}
						}
					}
				}
			}
			c := Compare(first, second)
			if r := c.Report(); int(r.Both) != test.paired || int(r.Only[0]) != 6-test.paired || r.Only[0] != r.Only[1] {
				t.Errorf("%s: %+v", name, r)
				continue
			}
			if test.paired == 0 || name == "nothing but the SYNs" {
				continue
			}
			for _, b := range ofAll(c) {
				for side := range b.Dir {
					if x := &b.Dir[side]; !b.Translated || x.Sent == 0 || x.Arrived != x.Sent || x.Altered > 0 {
						t.Errorf("%s: %+v", name, *b)
					}
				}
			}
		}
	}
}

// TestTranslatedEnds holds which addresses are told of the second tap, and which a segment
// gets that only this saw.
func TestTranslatedEnds(t *testing.T) {
	whole := Compare(gather(t, translatedFiles+"client.pcap", 0), gather(t, translatedFiles+"server.pcap", 1))
	var got []string
	for _, b := range ofAll(whole) {
		c, s := b.Ends[fsm.Client], b.Ends[fsm.Server]
		got = append(got, netip.AddrPortFrom(c.IP, c.Port).String()+" "+netip.AddrPortFrom(s.IP, s.Port).String())
	}
	want := []string{
		"10.77.1.2:44783 10.77.2.2:5011", "10.77.2.254:41131 10.77.2.2:5037", "10.77.2.254:55139 10.77.2.2:5049",
		"[fd77:1::2]:41001 [fd77:2::2]:5020", "[fd77:2::fe]:56280 [fd77:2::2]:5024", "[fd77:2::fe]:47230 [fd77:2::2]:5060",
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("%q", got)
		}
	}
	missed := 0
	c := Compare(gather(t, translatedFiles+"client.pcap", 0).without(func(s *segment) bool {
		missed++
		return s.len > 0 && missed%2 == 0
	}), gather(t, translatedFiles+"server.pcap", 1))
	if len(c.inserted) < 10 {
		t.Fatalf("%d inserted", len(c.inserted))
	}
	for f := range c.inserted {
		ends, ok := c.Translated(&decode.Packet{Frame: f})
		k, _ := keyOf(&decode.Packet{Src: ends[0], Dst: ends[1]})
		if _, known := c.taps[0].talks[k]; !ok || !known {
			t.Errorf("%v: %v to %v", f, ends[0], ends[1])
		}
	}
}

// TestAlikeNotTranslated holds that connections which a scanner begins with the same
// numbers are not taken for one another.
func TestAlikeNotTranslated(t *testing.T) {
	taps := [2]*Tap{NewTap(nil), NewTap(nil)}
	for tap := range taps {
		for i := range 20 {
			p := decode.Packet{Frame: fsm.NewFrame(tap, uint64(i)+1), Time: fsm.Time(i), IPID: 7, HasIPID: true, TTL: 64}
			p.Src.Port, p.Dst.Port, p.Src.IP[15], p.Dst.IP[15] = 4000, uint16(1+i), byte(1+tap), 9
			p.Segment = fsm.Segment{Seq: 5, Flags: fsm.SYN}
			k, d := keyOf(&p)
			at := new([2][]segment)
			at[d] = append(at[d], segmentOf(&p))
			taps[tap].talks[k] = at
		}
	}
	if r := Compare(taps[0], taps[1]).Report(); r.Both > 0 || r.Only != [2]uint64{20, 20} {
		t.Errorf("%+v", r)
	}
}
