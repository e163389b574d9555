package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Options that only a SYN may carry, and what the decoder says of options that are
// not as they should be.
const (
	synOnlyOptions = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted
	optionFaults   = fsm.OptMalformed | fsm.OptDuplicate | fsm.OptAfterEnd | fsm.OptObsolete | fsm.OptExperimental | fsm.OptUnknown
)

// headerFacts looks at what can be judged from the header alone. The ordinary
// segment leaves at the first test.
func (f *Flow) headerFacts(o *observation) {
	s := o.s
	if s.Flags&^fsm.PSH == fsm.ACK && s.Urgent == 0 &&
		s.Opts&(optionFaults|synOnlyOptions) == 0 && o.p.Checksum <= decode.ChecksumGood {
		return
	}
	flagFacts(o)
	urgentFacts(o)
	optionFaultFacts(o)
	if s.Flags&fsm.SYN != 0 {
		synFacts(o)
	} else if s.Opts&synOnlyOptions != 0 {
		o.facts.add(OptionOnNonSYN)
	}
	if s.Flags&fsm.RST != 0 && s.Len > 0 {
		o.facts.add(RSTData)
	}
	if s.Flags&(fsm.ACK|fsm.RST) == 0 && s.Ack != 0 {
		o.facts.add(AckWithoutFlag)
	}
	if s.Flags&(fsm.ECE|fsm.CWR) != 0 && s.Flags&(fsm.SYN|fsm.RST) == 0 && f.agreed && !f.ECN {
		o.facts.add(ECNUnagreed)
	}
	if o.p.Checksum == decode.ChecksumBad {
		o.facts.add(BadChecksum)
	}
}

// flagFacts names the combinations of control bits that no endpoint sends.
func flagFacts(o *observation) {
	const known = fsm.FIN | fsm.SYN | fsm.RST | fsm.PSH | fsm.ACK | fsm.URG
	const xmas = fsm.FIN | fsm.PSH | fsm.URG
	if o.s.Flags&fsm.Reserved != 0 {
		o.facts.add(ReservedBits)
	}
	switch bits := o.s.Flags & known; {
	case bits == 0:
		o.facts.add(NoFlags)
	case bits&(fsm.SYN|fsm.FIN) == fsm.SYN|fsm.FIN:
		o.facts.add(SYNAndFIN)
	case bits&(fsm.SYN|fsm.RST) == fsm.SYN|fsm.RST:
		o.facts.add(SYNAndRST)
	case bits&xmas == xmas && bits&fsm.ACK == 0:
		o.facts.add(XmasFlags)
	case bits&fsm.FIN != 0 && bits&(fsm.ACK|fsm.RST) == 0:
		o.facts.add(FINWithoutACK)
	case bits&(fsm.SYN|fsm.ACK|fsm.RST) == 0:
		o.facts.add(NoACKNoSYN)
	}
}

// urgentFacts looks at the URG bit and the urgent pointer.
func urgentFacts(o *observation) {
	switch s := o.s; {
	case s.Flags&fsm.URG != 0 && s.Flags&fsm.SYN != 0:
		o.facts.add(SYNUrgent)
	case s.Flags&fsm.URG != 0:
		o.facts.add(UrgentData)
	case s.Urgent != 0:
		o.facts.add(UrgentWithoutFlag)
	}
}

// synFacts looks at what a SYN must not bring.
func synFacts(o *observation) {
	s := o.s
	if s.Len > 0 && s.Flags&(fsm.RST|fsm.FIN) == 0 && s.Opts&(fsm.OptFastOpen|fsm.OptCut) == 0 && !fastOpenPeer(o) {
		o.facts.add(SYNData)
	}
	if s.Opts&fsm.OptWindowScale != 0 && s.WindowScale > 14 {
		o.facts.add(ScaleInvalid)
	}
}

// fastOpenPeer reports whether data on this SYN-ACK belongs to a Fast Open: the
// server may send with its SYN-ACK once the client's SYN brought data.
func fastOpenPeer(o *observation) bool { return o.s.Flags&fsm.ACK != 0 && o.y.FastOpen }

// optionFaultFacts names what is wrong or unusual about the options themselves.
func optionFaultFacts(o *observation) {
	opts := o.s.Opts
	if opts&(fsm.OptObsolete|fsm.OptUnknown) != 0 || opts&(fsm.OptExperimental|fsm.OptFastOpen) == fsm.OptExperimental {
		o.facts.add(OptionsOdd)
	}
	if opts&fsm.OptMalformed != 0 {
		o.facts.add(OptionsMalformed)
	}
	if opts&fsm.OptDuplicate != 0 {
		o.facts.add(OptionsDuplicate)
	}
	if opts&fsm.OptAfterEnd != 0 {
		o.facts.add(OptionsAfterEnd)
	}
}
