package record

import (
	"net/netip"
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ICMPError is an ICMP error message that quotes a segment of the connection.
type ICMPError struct {
	Frame  fsm.Frame
	Time   fsm.Time
	From   netip.Addr // who sent it
	Side   fsm.Side   // whose segment it quotes
	Type   uint8
	Code   uint8
	V6     bool      // ICMPv6
	MTU    uint32    // of the next hop, with a packet that was too big; 0: not told
	Quoted fsm.Frame // the segment that it quotes; 0 if that was not captured
	SYN    bool      // that is a SYN or SYN-ACK
}

// ICMPKind is what an ICMP error reports.
type ICMPKind uint8

// The kinds.
const (
	ICMPOther ICMPKind = iota
	ICMPUnreachable
	ICMPTooBig // fragmentation needed, packet too big
	ICMPTimeExceeded
	ICMPParameterProblem
	ICMPSourceQuench // deprecated, and to be ignored (RFC 6633)
)

// KindOfICMP says what the type and code of an ICMP error report.
func KindOfICMP(typ, code uint8, v6 bool) ICMPKind {
	if v6 {
		switch typ {
		case 1:
			return ICMPUnreachable
		case 2:
			return ICMPTooBig
		case 3:
			return ICMPTimeExceeded
		case 4:
			return ICMPParameterProblem
		}
		return ICMPOther
	}
	switch {
	case typ == 3 && code == 4:
		return ICMPTooBig
	case typ == 3:
		return ICMPUnreachable
	case typ == 4:
		return ICMPSourceQuench
	case typ == 11:
		return ICMPTimeExceeded
	case typ == 12:
		return ICMPParameterProblem
	}
	return ICMPOther
}

// EndsAttempt reports whether an attempt to connect is given up for such an error: Linux
// does so for every unreachable, time exceeded and parameter problem.
func (k ICMPKind) EndsAttempt() bool {
	return k == ICMPUnreachable || k == ICMPTimeExceeded || k == ICMPParameterProblem
}

// Kind says what the error reports.
func (e *ICMPError) Kind() ICMPKind { return KindOfICMP(e.Type, e.Code, e.V6) }

var icmpUnreachables = [...]string{ // RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1
	"network unreachable", "host unreachable", "protocol unreachable", "port unreachable", "fragmentation needed",
	"source route failed", "network unknown", "host unknown", "source host isolated", "network prohibited",
	"host prohibited", "network unreachable for this service", "host unreachable for this service",
	"communication administratively prohibited", "host precedence violation", "precedence cutoff",
}

var icmp6Unreachables = [...]string{ // RFC 4443 §3.1
	"no route to destination", "communication administratively prohibited", "beyond the scope of the source address",
	"address unreachable", "port unreachable", "source address failed a policy", "route rejected", "error in source routing header",
}

// Name is what the error reports, in words: "host unreachable".
func (e *ICMPError) Name() string {
	switch e.Kind() {
	case ICMPUnreachable:
		names := icmpUnreachables[:]
		if e.V6 {
			names = icmp6Unreachables[:]
		}
		if int(e.Code) < len(names) {
			return names[e.Code]
		}
		return "destination unreachable, code " + strconv.Itoa(int(e.Code))
	case ICMPTooBig:
		name := "fragmentation needed"
		if e.V6 {
			name = "packet too big"
		}
		if e.MTU > 0 {
			name += ", MTU " + strconv.FormatUint(uint64(e.MTU), 10)
		}
		return name
	case ICMPTimeExceeded:
		if e.Code == 1 {
			return "fragment reassembly time exceeded"
		}
		if e.V6 {
			return "hop limit exceeded in transit"
		}
		return "time to live exceeded in transit"
	case ICMPParameterProblem:
		return "parameter problem"
	case ICMPSourceQuench:
		return "source quench"
	}
	return "type " + strconv.Itoa(int(e.Type)) + ", code " + strconv.Itoa(int(e.Code))
}
