package main

import (
	"net/netip"
	"os"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ends are the addresses of a segment, in no order.
type ends [2]netip.AddrPort

func (e ends) are(a, b netip.AddrPort) bool {
	return e == ends{a, b} || e == ends{b, a}
}

// endsOf looks up whose segment is in a packet of the files, so that of all connections
// only those between these ends need to be kept whole; known is false where the files
// cannot be read twice. What is no segment has ends that no connection has.
func endsOf(files []string, frame fsm.Frame, sig *signals) (e ends, known bool) {
	if frame == 0 || slices.ContainsFunc(files, readOnce) {
		return e, false
	}
	if frame.File() >= len(files) {
		return e, true
	}
	source, err := capture.Open(files[frame.File()])
	if err != nil {
		return e, false
	}
	defer source.Close()
	decoder := analyzer.NewDecoder()
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		s, ok := decoder.Segment(&p) // of all, for fragments
		if p.Number == frame.Number() && ok {
			return ends{s.Src, s.Dst}, true
		}
		if p.Number >= frame.Number() || p.Number&0xfff == 0 && sig.ctx.Err() != nil {
			break
		}
	}
	return e, true
}

func readOnce(name string) bool {
	st, err := os.Stat(name)
	return name == "-" || err != nil || !st.Mode().IsRegular()
}
