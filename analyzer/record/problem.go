package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Problem is one thing that is wrong with a capture's connections, with what it cost:
// the connections of one service, or of several, that have the same verdict or the same
// finding.
type Problem struct {
	Verdict     VerdictCode // what all of them have: a verdict,
	Check       CheckName   // or a finding of this check; the other is empty
	Concern     Concern     // ConcernFailure: these connections failed
	Server      Addr        // of all of them; a port of 0: several ports of the host; no address: several servers
	Services    uint64      // how many services that is, at least: beyond 4096 pairs of a cause and a service they are not told apart
	Connections uint64
	Cost        float64 // seconds that they lost by it; one that failed has lost the time since its last headway, at least one second

	// The one that lost most, of several the first.
	Worst       uint64 // its ID
	WorstClient Addr
	WorstServer Addr
	WorstCost   float64
	Frames      []fsm.Frame
	Message     string // one sentence on it

	IDs []uint64 // of the connections, the lowest ones
}

// What a Summary holds at most: the dearest problems, the connections that each names,
// and the services with the most connections.
const (
	MaxProblems   = 100
	MaxProblemIDs = 8
	MaxServices   = 1000
)
