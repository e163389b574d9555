package report

import "github.com/tcpflow-states/tcpflow-states/analyzer/record"

// ecnBytes appends octets by codepoint, as captured and as reported.
func (e *encoder) ecnBytes(n *record.ECNBytes) {
	e.object(`"ecn_bytes":`)
	e.ecnCount(`"seen":`, &n.Seen)
	if n.Frame == 0 {
		e.keyNull(`"reported":`)
	} else {
		e.ecnCount(`"reported":`, &n.Reported)
	}
	e.keyFrame(`"frame":`, `"file":`, n.Frame)
	e.endObject()
}

func (e *encoder) ecnCount(k string, n *record.ECNCount) {
	e.object(k)
	e.keyUint(`"ect0":`, n.ECT0)
	e.keyUint(`"ect1":`, n.ECT1)
	e.keyUint(`"ce":`, n.CE)
	e.endObject()
}
