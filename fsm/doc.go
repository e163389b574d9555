// Package fsm is the TCP state machine of RFC 9293 as an observer can run it: for
// both endpoints of a connection, from the segments that pass a tap.
//
// A [Conn] takes one [Segment] after the other. Its sender is run first, with what
// it sent, which is certain; then its receiver, with what it may have received.
// Until the receiver shows that it did, such a [Transition] is provisional: it has
// no proof yet, and evidence can take it back. The protocol itself is [Table], a row
// for each arrow of Figure 5; no other code assigns a state.
//
// The package reads no clock, does no I/O, and allocates only when a state changes.
// Whoever wants to know how a segment was judged, test by test, sets
// [Conn.Judgements]; the judgements come from the branches that decide.
package fsm
