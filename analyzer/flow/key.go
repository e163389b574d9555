// Package flow finds the connections in a stream of segments: it keeps one Flow
// for each open 4-tuple, decides when a 4-tuple begins anew, runs the machine of
// package fsm, and notes what the checks need to judge a connection when it has
// ended.
package flow

import (
	"bytes"

	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
)

// Key identifies the two endpoints of a connection independent of direction,
// within the encapsulation that they were seen in.
type Key struct {
	A, B  decode.Endpoint // A sorts before B
	Encap decode.Encap
}

// keyOf returns the packet's key and whether its sender is A.
func keyOf(p *decode.Packet) (k Key, fromA bool) {
	if less(&p.Src, &p.Dst) {
		return Key{p.Src, p.Dst, p.Encap}, true
	}
	return Key{p.Dst, p.Src, p.Encap}, false
}

func less(a, b *decode.Endpoint) bool {
	if c := bytes.Compare(a.IP[:], b.IP[:]); c != 0 {
		return c < 0
	}
	return a.Port < b.Port
}
