// Package browse is the screen on which connections are looked at: lists of problems and
// connections, one connection's timeline and graphs, one frame explained. It reads no
// packets: what it shows of a connection beyond a row it asks a Reader for, and it draws
// nothing that came from a packet unescaped.
package browse

import (
	"context"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Reader gets what rows do not hold: it analyses the files anew. Its methods are called
// from other goroutines than the screen's, one at a time.
type Reader interface {
	// Connection returns a report with the connection of that ID alone, with its segments
	// and, of the one in a frame that is not 0, how it was judged.
	Connection(ctx context.Context, id uint64, frame fsm.Frame) (*record.Report, error)

	// Matching gives each the IDs of the connections of which an expression is true.
	Matching(ctx context.Context, expression string, each func(id uint64)) error

	// Share is how much of that is done, 0 to 1, and below 0 while nothing is read.
	Share() float64

	// Write writes the packets of connections to a new file, and says how many they were.
	Write(ctx context.Context, ids []uint64, name string) (packets uint64, err error)
}

// Options say what is shown, and how.
type Options struct {
	Title  string // of the input
	Live   bool   // connections come as they happen: the open ones are shown first
	Reader Reader // nil if there is nothing to read anew
	Render report.Options
	Checks []record.CheckDoc
}
