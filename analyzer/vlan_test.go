package analyzer_test

import (
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

// TestVLANPerDirection: a switch may tag one direction otherwise than the other,
// or not at all; that is one connection. Two connections of the same addresses in
// two VLANs are two.
func TestVLANPerDirection(t *testing.T) {
	const oneWay = `title: one
1 > S  0        <mss 1460> vlan 80
2 < S. 0 ack 1  <mss 1460> vlan 81
3 > .  1 ack 1 vlan 80
4 > P. 1(100) ack 1 vlan 80
5 < P. 1(200) ack 101 vlan 81
6 > .  101 ack 201 vlan 80
`
	for name, test := range map[string]struct {
		script string
		want   int
	}{
		"two VLANs":     {oneWay, 1},
		"one tagged":    {strings.ReplaceAll(oneWay, " vlan 80", ""), 1},
		"other tagged":  {strings.ReplaceAll(oneWay, " vlan 81", ""), 1},
		"two customers": {strings.ReplaceAll(oneWay, "vlan 81", "vlan 80") + strings.ReplaceAll(strings.SplitN(oneWay, "\n", 2)[1], "vlan 80", "vlan 81"), 2},
	} {
		s, err := conversation.Parse(name, strings.NewReader(renumber(test.script)))
		if err != nil {
			t.Fatal(err)
		}
		r := analyse(s, analyzer.Options{})
		if len(r.Connections) != test.want {
			t.Errorf("%s: %d connections, want %d", name, len(r.Connections), test.want)
		}
	}
}

// renumber leaves the frame numbers out: the parser counts by itself.
func renumber(script string) string {
	lines := strings.Split(script, "\n")
	for i, l := range lines {
		if len(l) > 2 && l[1] == ' ' && l[0] >= '0' && l[0] <= '9' {
			lines[i] = l[2:]
		}
	}
	return strings.Join(lines, "\n")
}
