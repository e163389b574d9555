package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ecnCode is the three bits AE, CWR and ECE of a segment, in that order: what a SYN and a
// SYN-ACK negotiate with, and the ACE counter after that (RFC 9768 §3.1.1, §3.2.2).
func ecnCode(f fsm.Flags) uint8 {
	var code uint8
	for _, bit := range [...]fsm.Flags{fsm.AE, fsm.CWR, fsm.ECE} {
		code <<= 1
		if f&bit != 0 {
			code |= 1
		}
	}
	return code
}

// The codes of RFC 9768 Table 2.
const (
	ecnNone        = 0b000
	ecnClassic     = 0b001 // on a SYN-ACK
	ecnReserved    = 0b101 // on a SYN-ACK: to be taken like the four that agree to Accurate ECN
	ecnClassicSYN  = 0b011
	ecnAccurateSYN = 0b111 // on a SYN-ACK: a server that reflects the bits
)

// offeredECN is the mode that a SYN asks for. What no host sends today asks for Accurate
// ECN (RFC 9768 §3.1.3).
func offeredECN(code uint8) record.ECNMode {
	switch code {
	case ecnNone:
		return record.ECNNone
	case ecnClassicSYN:
		return record.ECNClassic
	}
	return record.ECNAccurate
}

// answeredECN is the mode that a SYN-ACK agrees to, after a SYN that asked for one.
func answeredECN(offered record.ECNMode, code uint8) record.ECNMode {
	switch {
	case offered == record.ECNNone, code == ecnNone, code == ecnAccurateSYN:
		return record.ECNNone
	case code == ecnClassic:
		return record.ECNClassic
	case offered == record.ECNAccurate:
		return record.ECNAccurate
	}
	return record.ECNNone // RFC 3168 §6.1.1: ECE without CWR agrees
}

// ReflectedECN returns the ECN field of the IP header that a code on a SYN-ACK says the
// SYN came with, and one on the ACK of the SYN-ACK that that did (RFC 9768 Tables 2 to 4).
func ReflectedECN(code uint8) (ecn uint8, ok bool) {
	switch code {
	case 0b010:
		return 0, true // Not-ECT
	case 0b011:
		return 1, true // ECT(1)
	case 0b100:
		return 2, true // ECT(0)
	case 0b110:
		return CongestionExperienced, true
	}
	return 0, false
}

// accurateECN follows the feedback of a connection in Accurate ECN mode.
type accurateECN struct {
	half [2]aceHalf // by the side that reports

	// Where a handshake code differs from what was captured: the ECN field was changed
	// behind the tap.
	Changed [2]ECNChange // of the SYN and of the SYN-ACK
}

// ECNChange is a handshake segment whose ECN field arrived otherwise than it was captured.
type ECNChange struct {
	Frame, Told   fsm.Frame // the segment, and the one that reports it; 0 for no change
	Sent, Arrived uint8     // ECN fields
}

// aceHalf is what one side reports of the packets that it received.
type aceHalf struct {
	ack      fsm.Seq // of the latest report
	ace      uint8
	started  bool
	seen     uint64 // CE marks captured on their way to it since that report
	reported uint64 // CE marks that it reports
	counters ecnCounters
}

// initialACE is the counter's first value (RFC 9768 §3.2.1).
const initialACE = 5

func newAccurateECN() *accurateECN {
	a := &accurateECN{}
	a.half[0].ace, a.half[1].ace = initialACE, initialACE
	return a
}

// noteECN follows the ECN fields and reports of a connection in Accurate ECN mode.
func (f *Flow) noteECN(o *observation) {
	if f.ECNMode != record.ECNAccurate || o.s.Flags&fsm.RST != 0 || o.other {
		return
	}
	if f.accurate == nil {
		f.accurate = newAccurateECN()
	}
	marked := o.p.TOS&3 == CongestionExperienced
	if marked && o.s.Flags&(fsm.SYN|fsm.ACK) != fsm.SYN { // RFC 9768 §3.2: SYNs are not counted
		o.d.CEPackets++
		f.accurate.half[o.from.Peer()].seen++
	}
	if o.s.Flags&fsm.SYN == 0 && o.s.Len > 0 {
		f.accurate.half[o.from.Peer()].counters.pass(o)
	}
	if o.s.Flags&fsm.SYN == 0 && o.s.Flags&fsm.ACK != 0 {
		f.accurate.report(o, f)
	}
}

// report takes account of the ACE field of a segment.
func (a *accurateECN) report(o *observation, f *Flow) {
	h, code := &a.half[o.from], ecnCode(o.s.Flags)
	// A bare ACK of the SYN-ACK tells of that alone (Table 3).
	reflects := o.from == fsm.Client && o.at == f.FinalACK && o.s.Len == 0 && o.s.NumSACK == 0
	if !reflects && h.started && o.s.Ack.Before(h.ack) {
		return // superseded
	}
	h.counters.take(o)
	h.ack, h.started = o.s.Ack, true
	if !reflects {
		h.count(code)
		return
	}
	if ecn, ok := ReflectedECN(code); ok && f.SYNACK.Nth != 0 {
		if captured := f.Dir[fsm.Server].synECN; captured != ecn {
			a.Changed[fsm.Server] = ECNChange{Frame: f.SYNACK.Frame, Told: o.p.Frame, Sent: captured, Arrived: ecn}
		}
		if ecn == CongestionExperienced {
			h.count(initialACE + 1)
		}
	}
}

// count takes a counter's three lowest bits. How often it wrapped around since the last
// report is taken from how many marks were captured.
func (h *aceHalf) count(code uint8) {
	delta := uint64((code - h.ace) & 7)
	for delta+4 < h.seen {
		delta += 8
	}
	h.reported += delta
	h.ace = code & 7
	h.seen -= min(h.seen, delta)
}

// CEReported returns how many CE marks on the side's packets its peer reports, and
// whether it reports any in that way.
func (f *Flow) CEReported(side fsm.Side) (n uint64, ok bool) {
	if f.accurate == nil {
		return 0, false
	}
	return f.accurate.half[side.Peer()].reported, true
}

// ECNChanged returns the SYN, or the SYN-ACK, of the side if the ECN field of its IP
// header arrived otherwise than it was captured.
func (f *Flow) ECNChanged(side fsm.Side) (ECNChange, bool) {
	if f.accurate == nil || f.accurate.Changed[side].Told == 0 {
		return ECNChange{}, false
	}
	return f.accurate.Changed[side], true
}

// agreeECN settles the mode once both SYNs were seen. The server goes by the first SYN
// that it gets and the client by the first SYN-ACK, whatever others say (§3.1.5).
func (f *Flow) agreeECN() {
	a, b := &f.Dir[fsm.Client], &f.Dir[fsm.Server]
	if f.ECNMode != record.ECNNone || f.FinalACK.Nth != 0 {
		return
	}
	f.ECNMode = answeredECN(a.offeredECN, ecnCode(b.SYNFlags))
	f.ECN = f.ECNMode != record.ECNNone
	b.Options.ECNMode, b.Options.ECN = f.ECNMode, f.ECN
	if f.ECNMode != record.ECNAccurate {
		return
	}
	if ecn, ok := ReflectedECN(ecnCode(b.SYNFlags)); ok && f.SYNs[fsm.Client] == 1 && ecn != a.synECN {
		f.accurate = newAccurateECN()
		f.accurate.Changed[fsm.Client] = ECNChange{Frame: f.SYN.Frame, Told: f.SYNACK.Frame, Sent: a.synECN, Arrived: ecn}
	}
}
