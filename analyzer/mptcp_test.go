package analyzer_test

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// recorded is a source of packets that were read before, numbered anew.
type recorded struct {
	list []capture.Packet
	next int
}

func (s *recorded) Next(p *capture.Packet) error {
	if s.next == len(s.list) {
		return io.EOF
	}
	*p = s.list[s.next]
	s.next++
	p.Number = uint64(s.next)
	return nil
}

func (s *recorded) Info() []capture.Info { return []capture.Info{{Name: "recorded"}} }
func (s *recorded) Close() error         { return nil }

// part analyses the packets of a kernel recording from one to, not with, another.
func part(t *testing.T, name string, from, to int, opt analyzer.Options) *record.Report {
	t.Helper()
	b, err := os.ReadFile("../testdata/pcaps/kernel/" + name + ".pcap")
	if err != nil {
		t.Fatal(err)
	}
	_, list := analyseFile(b)
	if to == 0 {
		to = len(list)
	}
	r, err := analyzer.Analyze(t.Context(), []capture.Source{&recorded{list: list[from:to]}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMultipath holds what is said of MPTCP connections that Linux played: the subflows
// joined, one verdict for all of them, and what a capture that begins late or ends early
// cannot tell. Frames are those of tshark.
func TestMultipath(t *testing.T) {
	type frames = [2]uint64
	for _, test := range []struct {
		name     string
		from, to int
		code     record.MPTCPVerdict // of the only MPTCP connection; empty for none
		sure     bool
		joined   uint64
		unjoined uint64
		untold   uint64
		dataFIN  frames // on the first subflow
		text     string // of its verdict
	}{
		{name: "mptcp-two-subflows.client", code: record.MPTCPClosed, sure: true, joined: 1, dataFIN: frames{55, 61}},
		{name: "mptcp-half-close.client", code: record.MPTCPClosed, sure: true, joined: 1, dataFIN: frames{26, 44}},
		{name: "mptcp-half-close.server", code: record.MPTCPClosed, sure: true, joined: 1, dataFIN: frames{26, 44}},
		// Cut while the server still sends: half-closed, though no subflow has a FIN.
		{name: "mptcp-half-close.client", to: 40, code: record.MPTCPHalfClosed, sure: true, joined: 1, dataFIN: frames{26, 0}, text: "DATA_FIN in frame 26"},
		{name: "mptcp-half-close.client", to: 26, code: record.MPTCPHalfClosed, joined: 1, dataFIN: frames{26, 0}, text: "half-closed, while the subflow goes on"},
		{name: "mptcp-half-close.client", to: 25, code: record.MPTCPOpen, sure: true, joined: 1},
		// Begun behind the first subflow's handshake, but with its data: no key is told.
		{name: "mptcp-half-close.client", from: 4, code: record.MPTCPClosed, unjoined: 1, untold: 1},
		{name: "mptcp-fastclose.client", code: record.MPTCPFastClosed, sure: true, joined: 1, text: "MP_FASTCLOSE on the RST"},
		{name: "mptcp-stripped-data.client", code: record.MPTCPPlain, sure: true, text: "no segment of the server behind the handshake has an MPTCP option (the first in frame 5)"},
		{name: "mptcp-stripped-data.server", code: record.MPTCPPlain, sure: true, text: "the third ACK, in frame 3, has no MP_CAPABLE"},
		{name: "mptcp-stripped-synack.server", code: record.MPTCPPlain, sure: true, text: "the third ACK, in frame 3, has no MP_CAPABLE"},
		{name: "mptcp-stripped-synack.client"},
	} {
		for _, workers := range []int{0, 4} {
			r := part(t, test.name, test.from, test.to, analyzer.Options{Workers: workers})
			s := r.Summary.MPTCP
			if s == nil {
				t.Fatalf("%s: no summary", test.name)
			}
			if len(s.List) != 1 && test.code != "" || len(s.List) != 0 && test.code == "" {
				t.Errorf("%s from %d to %d: %+v", test.name, test.from, test.to, s.List)
				continue
			}
			if s.Joined != test.joined || s.Unjoined != test.unjoined || s.Untold != test.untold {
				t.Errorf("%s from %d to %d: %d joined, %d unjoined, %d untold", test.name, test.from, test.to, s.Joined, s.Unjoined, s.Untold)
			}
			if test.code == "" {
				continue
			}
			g, c := &s.List[0], r.Connections[0]
			if g.Verdict != test.code || g.Sure != test.sure {
				t.Errorf("%s from %d to %d: %q, sure %t: %s", test.name, test.from, test.to, g.Verdict, g.Sure, g.Sentence)
			}
			if got := (frames{c.MPTCP.DataFIN[0].Frame.Number(), c.MPTCP.DataFIN[1].Frame.Number()}); test.untold == 0 && got != test.dataFIN {
				t.Errorf("%s from %d to %d: DATA_FINs in frames %d", test.name, test.from, test.to, got)
			}
			if !strings.Contains(c.Verdict.Sentence+g.Sentence, test.text) {
				t.Errorf("%s from %d to %d: %s / %s", test.name, test.from, test.to, c.Verdict.Sentence, g.Sentence)
			}
			if test.joined == 1 && !slices.ContainsFunc(r.Connections[1].Related, func(x record.Related) bool { return x.ID == 1 && x.Kind == record.RelatedMPTCP && len(x.Frames) == 3 }) {
				t.Errorf("%s: related %+v", test.name, r.Connections[1].Related)
			}
		}
	}
}

// TestMultipathSums holds that the summary is the same where no record is kept.
func TestMultipathSums(t *testing.T) {
	whole := part(t, "mptcp-half-close.client", 0, 0, analyzer.Options{})
	sums := part(t, "mptcp-half-close.client", 0, 0, analyzer.Options{Each: func(*record.Connection) error { return nil }})
	a, b := whole.Summary.MPTCP, sums.Summary.MPTCP
	if a.Connections != b.Connections || a.Joined != b.Joined || len(a.List) != len(b.List) || a.List[0].Sentence != b.List[0].Sentence {
		t.Errorf("%+v, kept %+v", b, a)
	}
}

// TestMultipathWindow holds that a subflow's windows are not judged: they count from what
// the MPTCP connection acknowledges (RFC 8684 §3.3.4), so that on one subflow they shrink
// when another brings data.
func TestMultipathWindow(t *testing.T) {
	a, z := "10.0.0.1", "10.0.0.2"
	capable := []byte{30, 4, 1, 1}
	key := []byte{30, 12, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8}
	dss := []byte{30, 8, 0x20, 1, 0, 0, 0, 9}
	for name, multipath := range map[string]bool{"MPTCP": true, "TCP": false} {
		pick := func(o []byte) []byte {
			if multipath {
				return o
			}
			return nil
		}
		r, err := analyzer.Analyze(t.Context(), []capture.Source{&packets{list: [][]byte{
			optionPacket(a, z, 4000, 80, 100, 0, fsm.SYN, 1000, pick(capable), 0),
			optionPacket(z, a, 80, 4000, 500, 101, fsm.SYN|fsm.ACK, 1000, pick(key), 0),
			optionPacket(a, z, 4000, 80, 101, 501, fsm.ACK, 1000, pick(dss), 0),
			optionPacket(z, a, 80, 4000, 501, 101, fsm.ACK, 1000, pick(dss), 0),
			optionPacket(z, a, 80, 4000, 501, 101, fsm.ACK, 800, pick(dss), 0),
			optionPacket(a, z, 4000, 80, 101, 501, fsm.ACK|fsm.PSH, 1000, pick(dss), 900),
		}}}, analyzer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		shrunk := slices.ContainsFunc(r.Connections[0].Anomalies, func(x record.Anomaly) bool {
			return x.Name == record.CheckWindowShrunk || x.Name == record.CheckSentBeyondWindow
		})
		if shrunk == multipath {
			t.Errorf("%s: %+v", name, r.Connections[0].Anomalies)
		}
	}
}

// optionPacket is tcpPacket with a window, TCP options and so many octets of data.
func optionPacket(from, to string, fromPort, toPort uint16, seq, ack uint32, flags fsm.Flags, window uint16, options []byte, data int) []byte {
	b := tcpPacket(from, to, fromPort, toPort, seq, ack, flags, append(append([]byte{}, options...), make([]byte, data)...)...)
	b[20+12] += byte(len(options) / 4 << 4)
	b[20+14], b[20+15] = byte(window>>8), byte(window)
	return b
}

// TestMultipathSignals holds what the ends of a connection that Linux played tell each
// other of addresses and priorities, and that a join which the server refused, as it listens
// on one address only, names its MPTCP connection. Frames and IDs are those of tshark.
func TestMultipathSignals(t *testing.T) {
	r := part(t, "mptcp-addresses.client", 0, 0, analyzer.Options{})
	type signal struct {
		frame uint64
		side  fsm.Side
		kind  record.MPTCPSignalKind
		echo  bool
	}
	signals := func(c *record.Connection) (list []signal) {
		for _, x := range c.MPTCP.Signals {
			list = append(list, signal{x.Frame.Number(), x.Side, x.Kind, x.Echo})
		}
		return list
	}
	if len(r.Connections) != 3 {
		t.Fatalf("%d connections", len(r.Connections))
	}
	first, refused, second := r.Connections[0], r.Connections[1], r.Connections[2]
	if want := []signal{{5, fsm.Server, record.MPTCPAddAddr, false}, {6, fsm.Client, record.MPTCPAddAddr, true}, {35, fsm.Client, record.MPTCPRemoveAddr, false}}; !slices.Equal(signals(first), want) {
		t.Errorf("%+v", first.MPTCP.Signals)
	}
	if x := first.MPTCP.Signals; x[0].Address.String() != "10.77.2.4" || x[0].AddressID != 1 || !slices.Equal(x[2].Removed, []uint8{1}) {
		t.Errorf("%+v", x)
	}
	if want := []signal{{34, fsm.Client, record.MPTCPPriority, false}}; !slices.Equal(signals(second), want) || !second.MPTCP.Signals[0].Backup {
		t.Errorf("%+v", second.MPTCP.Signals)
	}
	if len(refused.Related) != 1 || refused.Related[0].ID != 1 || refused.Verdict.Code != record.VerdictRefused || !strings.Contains(refused.Verdict.Sentence, "was to add a subflow") {
		t.Errorf("%+v %+v", refused.Related, refused.Verdict)
	}
	if s := r.Summary.MPTCP; s.Joined != 1 || s.Unanswered != 1 || s.List[0].Verdict != record.MPTCPClosed {
		t.Errorf("%+v", s)
	}
}
