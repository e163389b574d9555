package zeek

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Result is what Zeek's conn.log says of a connection.
type Result struct {
	Originator  fsm.Side // the caller's name of Zeek's originator
	ConnState   string
	History     string
	Bytes       [2]uint64 // orig_bytes and resp_bytes
	HasBytes    bool      // Zeek leaves Bytes and the duration out of connections that took no time
	MissedBytes uint64
	Packets     [2]uint64
	IPBytes     [2]uint64
	Start       fsm.Time
	End         fsm.Time // of the last packet before both sides had closed
}

// Result returns the connection as known so far.
func (z *State) Result() Result {
	r := Result{
		Originator: z.origin, ConnState: z.ConnState(), History: z.History(), MissedBytes: z.missed,
		Start: z.start, End: z.last, HasBytes: z.last > z.start,
	}
	for i := range z.end {
		e := &z.end[i]
		r.Bytes[i] = e.size(&z.end[1-i])
		r.Packets[i], r.IPBytes[i] = e.packets, e.ipOctets
	}
	return r
}

// History returns the history letters.
func (z *State) History() string { return string(z.letters[:z.n]) }

// ConnState returns Zeek's word for how the connection went. The tests come in
// Zeek's order: the first that holds decides.
func (z *State) ConnState() string {
	o, r := &z.end[orig], &z.end[resp]
	oNone := o.state == inactive || o.state == partial
	rNone := r.state == inactive || r.state == partial
	switch {
	case r.state == reset:
		switch {
		case o.state == synSent || o.state == synAckSent || o.state == reset && o.size(r) == 0 && r.size(o) == 0:
			return "REJ"
		case oNone:
			return "RSTRH"
		}
		return "RSTR"
	case o.state == reset:
		switch {
		case !rNone:
			return "RSTO"
		case z.synThenReset():
			return "RSTOS0"
		}
		return "OTH"
	case o.state == closed && r.state == closed:
		return "SF"
	case o.state == closed:
		if rNone {
			return "SH"
		}
		return "S2"
	case r.state == closed:
		if oNone {
			return "SHR"
		}
		return "S3"
	case o.state == synSent && r.state == inactive:
		return "S0"
	case o.state == established && r.state == established:
		return "S1"
	}
	return "OTH"
}

// synThenReset reports whether the history is a SYN, later an RST, and between
// them nothing that the originator sends only on a connection: ^?S[^HAFGIQ]*R.
func (z *State) synThenReset() bool {
	h := z.letters[:z.n]
	if len(h) > 0 && h[0] == '^' {
		h = h[1:]
	}
	if len(h) == 0 || h[0] != 'S' {
		return false
	}
	for _, c := range h[1:] {
		switch c {
		case 'R':
			return true
		case 'H', 'A', 'F', 'G', 'I', 'Q':
			return false
		}
	}
	return false
}
