package analyzer_test

import (
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestAccurateECNOptions holds that the octets which the options of Accurate ECN report
// are told beside those captured, and that a mark taken off behind the tap is found.
func TestAccurateECNOptions(t *testing.T) {
	a, z := "10.0.0.1", "10.0.0.2"
	const ask, ace5 = fsm.AE | fsm.CWR | fsm.ECE, fsm.AE | fsm.ECE // RFC 9768 §3.1.1, §3.2.1
	marked := func(p []byte, ecn byte) []byte { p[1] = ecn; return p }
	option := func(e0, ce byte) []byte { return []byte{172, 11, 0, e0, 1, 0, ce, 0, 0, 0, 1, 1} } // EE0B = 256 e0 + 1
	mss := []byte{2, 4, 5, 0xb4}
	for name, test := range map[string]struct {
		last     []byte // the last option of the client
		flags    fsm.Flags
		reported record.ECNCount
		found    bool
	}{
		"as captured": {option(1, 1), fsm.AE | fsm.CWR, record.ECNCount{ECT0: 256, CE: 256}, false},
		"a mark lost": {option(2, 0), ace5, record.ECNCount{ECT0: 512}, true},
	} {
		r := report1(t, &packets{list: [][]byte{
			optionPacket(a, z, 4000, 80, 100, 0, fsm.SYN|ask, 60000, mss, 0),
			optionPacket(z, a, 80, 4000, 500, 101, fsm.SYN|fsm.ACK|fsm.CWR, 60000, mss, 0),
			optionPacket(a, z, 4000, 80, 101, 501, fsm.ACK|fsm.CWR, 60000, nil, 0),
			marked(optionPacket(z, a, 80, 4000, 501, 101, fsm.ACK|ace5, 60000, nil, 256), 2),
			optionPacket(a, z, 4000, 80, 101, 757, fsm.ACK|ace5, 60000, option(1, 0), 0),
			marked(optionPacket(z, a, 80, 4000, 757, 101, fsm.ACK|ace5, 60000, nil, 256), 3),
			optionPacket(a, z, 4000, 80, 101, 1013, fsm.ACK|test.flags, 60000, test.last, 0),
		}})
		c := r.Connections[0]
		got := c.Traffic[fsm.Server].ECN
		if c.Handshake.ECNMode != record.ECNAccurate || got.Seen != (record.ECNCount{ECT0: 256, CE: 256}) || got.Reported != test.reported || got.Frame.Number() != 7 {
			t.Errorf("%s: %v %+v", name, c.Handshake.ECNMode, got)
		}
		found := slices.ContainsFunc(c.Anomalies, func(x record.Anomaly) bool {
			return x.Name == record.CheckECNFeedbackDiffers && x.Side == "client" && x.Seen == "0 bytes with CE reported"
		})
		if found != test.found {
			t.Errorf("%s: %+v", name, c.Anomalies)
		}
	}
}
