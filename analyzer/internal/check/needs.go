package check

import (
	"fmt"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Needs says what a capture must show of a connection for a check's findings to
// be beyond doubt. Where it does not, they count one severity less.
type Needs uint8

// The needs.
const (
	Whole     Needs = 1 << iota // no bytes missing
	BothSides                   // segments of both sides
	Beginning                   // the handshake
	Scales                      // both window scales
	InStep                      // the two directions in the order in which they passed
)

// doubt says what the capture lacks of what is needed, or "".
func doubt(f *flow.Flow, n Needs) string {
	if n == 0 {
		return ""
	}
	var lacks []string
	if n&BothSides != 0 && f.OneSided() {
		lacks = append(lacks, "only one direction of this connection was captured")
	}
	if gap := f.Dir[0].GapBytes + f.Dir[1].GapBytes; n&Whole != 0 && gap > 0 && !f.OneSided() {
		lacks = append(lacks, "the capture is missing "+phrase.Bytes(gap)+" of this connection")
	}
	if n&Beginning != 0 && f.Midstream() {
		lacks = append(lacks, "mid-stream: the handshake was not captured")
	}
	if n&Scales != 0 && !f.Conn.End[fsm.Client].ScaleKnown {
		lacks = append(lacks, "the window scales were not captured")
	}
	if n&InStep != 0 {
		if skewed := f.CrossDirectionReordered(); skewed > 0 {
			lacks = append(lacks, fmt.Sprintf("the two directions were captured out of order %s", phrase.Times(skewed)))
		}
	}
	return strings.Join(lacks, "; ")
}
