package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Zeek is a connection in the words of Zeek's conn.log, derived as Zeek derives
// them. Index 0 of the pairs is Zeek's originator, 1 its responder.
type Zeek struct {
	Originator  fsm.Side // which of our endpoints Zeek takes for the originator
	ConnState   string
	History     string
	Bytes       [2]uint64 // sequence numbers used, captured or not
	HasBytes    bool      // Zeek gives Bytes and a duration only for connections that took time
	MissedBytes uint64
	Packets     [2]uint64 // with a good checksum
	IPBytes     [2]uint64
	Start       fsm.Time
	End         fsm.Time // segments after both sides closed do not count
}

// Suricata is a connection in the words of Suricata's flow records.
type Suricata struct {
	State string // tcp.state: one for both endpoints
}
