// Package sockets tells which processes have the TCP sockets of this host, for a capture
// under way. The kernel is asked by a process of its own (Serve), which the capturing one
// starts before it confines itself: a confined process may not see whose files others have
// open. Packets do not wait for it: what it answers is remembered until the record of the
// connection is written (Table).
//
// Only Linux is asked. Elsewhere nothing is found.
package sockets

import (
	"net/netip"
	"path/filepath"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Program is the name under which the program, started anew, serves. It is the first of
// its arguments.
const Program = "tcpflow-states-sockets"

// Serves reports whether these arguments ask a program to serve.
func Serves(args []string) bool { return len(args) == 1 && filepath.Base(args[0]) == Program }

// question asks for the sockets of a connection: either end may be one of this host.
type question struct {
	ID   uint64
	Ends [2]netip.AddrPort
}

// answer says whose an end's socket is. An end without an answer has no socket here, or one
// that was gone.
type answer struct {
	ID    uint64 // of the question; 0 of sockets that were open at the beginning
	Local netip.AddrPort
	Peer  netip.AddrPort

	// Owners are the processes that have it open, as far as may be seen. Where none may, one
	// has the user only.
	Owners []process.Process
	More   bool // there are more
}

// Bounds on what is asked and answered.
const (
	maxOwners  = 4       // processes of a socket
	maxAtFirst = 1 << 15 // sockets that were open at the beginning
	maxWaiting = 4096    // questions; more are not answered
	maxRate    = 2000    // SYNs in a second; of others nothing is asked
)
