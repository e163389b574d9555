package record

import (
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Process is a process of the host that captured.
type Process = process.Process

// Owner is a process that has an end of a connection.
type Owner struct {
	*Process
	Side    fsm.Side  // whose process it is, with HasSide
	HasSide bool      // the capture says which way the process's packets went
	Frame   fsm.Frame // the first packet that names it; 0 where the host was asked
	Source  OwnerSource
}

// OwnerSource says who told of a process.
type OwnerSource uint8

// The sources.
const (
	OwnerInCapture OwnerSource = iota // the capture, packet by packet
	OwnerOfSocket                     // the host, asked for the owner of the socket when the connection began
	OwnerFoundLate                    // the same, asked later: by then the socket may have been passed on
)

// String returns "capture", "socket" or "socket-late".
func (s OwnerSource) String() string { return [...]string{"capture", "socket", "socket-late"}[s] }
