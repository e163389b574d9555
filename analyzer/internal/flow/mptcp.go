package flow

import (
	"crypto/sha1" //nolint:gosec // what version 0 is defined with (RFC 6824 §3.2)
	"crypto/sha256"
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// multipath is what a connection shows of Multipath TCP.
type multipath struct {
	record.MPTCP
	sent [2]multipathSent // by sending side
}

// multipathSent is how a side goes on behind its SYN.
type multipathSent struct {
	seen     bool      // a segment of it was captured
	speaks   bool      // one has an MPTCP option, beyond the bare MP_CAPABLE of the third ACK
	third    bool      // the first one has any
	mute     fsm.Frame // the first without
	infinite fsm.Frame // the first with an infinite mapping
}

// noteMultipath follows the MPTCP options of a connection that uses any.
func (f *Flow) noteMultipath(o *observation) {
	if f.multipath == nil {
		if o.s.Opts&fsm.OptMPTCP == 0 {
			return
		}
		f.multipath = &multipath{}
	}
	m := f.multipath
	switch {
	case o.s.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN:
		m.offer(o)
	case o.s.Flags&fsm.SYN != 0:
		m.answer(o)
	case o.s.Flags&fsm.RST == 0:
		m.follow(o)
	}
	if p := o.p.MPTCP; p != nil && o.s.Flags&fsm.SYN == 0 {
		m.note(o, p)
	}
	if x := &m.Acked[o.from]; o.p.HasDataAck && (x.Frame == 0 || int32(o.p.DataAck-x.DSN) > 0) {
		x.Frame, x.DSN = o.p.Frame, o.p.DataAck
	}
}

// offer takes the options of a SYN.
func (m *multipath) offer(o *observation) {
	p := o.p.MPTCP
	if p == nil || m.Role != "" {
		return
	}
	switch {
	case p.Has&decode.MPTCPJoin != 0:
		m.Role = record.MPTCPSubflow
		m.Join = record.MPTCPJoin{Frame: o.p.Frame, Token: p.Token, AddressID: p.AddressID, Backup: p.Backup}
		m.Join.Nonce[o.from] = p.Nonce
	case p.Has&decode.MPTCPCapable != 0:
		m.Role, m.Version = record.MPTCPInitial, p.Version
		m.noteKeys(o, p)
	}
}

// answer takes the options of a SYN-ACK. The server goes by the version that both have.
func (m *multipath) answer(o *observation) {
	p := o.p.MPTCP
	switch {
	case p == nil:
		if m.State == "" && !o.s.Opts.Any(fsm.OptMPTCP|fsm.OptCut|fsm.OptMalformed) {
			m.State = record.MPTCPRefused
		}
	case p.Has&decode.MPTCPJoin != 0 && m.Role != record.MPTCPInitial:
		m.State, m.Role = record.MPTCPInUse, record.MPTCPSubflow
		m.Join.SYNACK, m.Join.HMAC, m.Join.Nonce[o.from] = o.p.Frame, p.HMAC, p.Nonce
	case p.Has&decode.MPTCPCapable != 0 && m.Role != record.MPTCPSubflow:
		m.State, m.Role, m.Version = record.MPTCPInUse, record.MPTCPInitial, p.Version
		m.noteKeys(o, p)
	}
}

// noteKeys takes the keys that MP_CAPABLE tells.
func (m *multipath) noteKeys(o *observation, p *decode.MPTCP) {
	for i := range p.NumKeys {
		side := o.from
		if i == 1 {
			side = side.Peer()
		}
		if k := &m.Keys[side]; k.Frame == 0 {
			k.Frame, k.Key, k.Token = o.p.Frame, p.Keys[i], tokenOf(p.Keys[i], m.Version)
		}
	}
}

// tokenOf returns the 32 leftmost bits of the key's digest.
func tokenOf(key uint64, version uint8) uint32 {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], key)
	if version == 0 {
		sum := sha1.Sum(b[:]) //nolint:gosec // as above
		return binary.BigEndian.Uint32(sum[:])
	}
	sum := sha256.Sum256(b[:])
	return binary.BigEndian.Uint32(sum[:])
}

// follow takes a segment behind the SYNs: whether its sender goes on with MPTCP.
func (m *multipath) follow(o *observation) {
	x := &m.sent[o.from]
	has := o.s.Opts&fsm.OptMPTCP != 0
	first := !x.seen
	x.seen = true
	switch {
	case has:
		x.third = x.third || first
		bare := o.s.Len == 0 && o.p.MPTCP != nil && o.p.MPTCP.Has == decode.MPTCPCapable
		x.speaks = x.speaks || !bare
	case x.mute == 0 && !o.s.Opts.Any(fsm.OptCut|fsm.OptMalformed):
		x.mute = o.p.Frame
	}
}

// note takes what a segment behind the SYNs says beyond ordinary data.
func (m *multipath) note(o *observation, p *decode.MPTCP) {
	at := record.MPTCPEvent{Frame: o.p.Frame, Side: o.from}
	if p.Has&decode.MPTCPCapable != 0 && m.Role != record.MPTCPSubflow {
		if m.Role == "" { // the SYNs were not captured
			m.Role, m.Version = record.MPTCPInitial, p.Version
		}
		m.noteKeys(o, p)
	}
	if x := &m.DataFIN[o.from]; p.Has&decode.MPTCPDataFIN != 0 && x.Frame == 0 {
		x.Frame, x.DSN = o.p.Frame, p.DataFIN
	}
	if x := &m.sent[o.from]; p.Has&decode.MPTCPInfinite != 0 && x.infinite == 0 {
		x.infinite = o.p.Frame
	}
	if p.Has&decode.MPTCPFastEnd != 0 && m.Close.Frame == 0 {
		m.Close = at
	}
	if p.Has&decode.MPTCPFail != 0 && m.Fail.Frame == 0 {
		m.Fail = at
	}
	if p.Has&decode.MPTCPReset != 0 && m.Reset.Frame == 0 {
		m.Reset = record.MPTCPReset{MPTCPEvent: at, Reason: p.Reason, Transient: p.Transient}
	}
	if p.Has&(decode.MPTCPAdd|decode.MPTCPRemove|decode.MPTCPPriority) != 0 {
		m.signal(at, p)
	}
}

// signal keeps what is said of addresses and priorities.
func (m *multipath) signal(at record.MPTCPEvent, p *decode.MPTCP) {
	keep := func(s record.MPTCPSignal) {
		if len(m.Signals) == record.MaxMPTCPSignals {
			m.More++
			return
		}
		s.Frame, s.Side = at.Frame, at.Side
		m.Signals = append(m.Signals, s)
	}
	if p.Has&decode.MPTCPAdd != 0 {
		keep(record.MPTCPSignal{Kind: record.MPTCPAddAddr, Echo: p.Echo, AddressID: p.AddressID, Address: p.Address.Addr(), Port: p.Address.Port})
	}
	if p.Has&decode.MPTCPRemove != 0 {
		keep(record.MPTCPSignal{Kind: record.MPTCPRemoveAddr, Removed: append([]uint8(nil), p.Removed[:p.NumGone]...)})
	}
	if p.Has&decode.MPTCPPriority != 0 {
		keep(record.MPTCPSignal{Kind: record.MPTCPPriority, Backup: p.Backup})
	}
}

// Multipath returns what the connection shows of Multipath TCP, nil for nothing. It is
// complete when the connection is; the caller may keep it.
func (f *Flow) Multipath() *record.MPTCP {
	m := f.multipath
	if m == nil {
		return nil
	}
	if m.State == "" {
		m.State = record.MPTCPOffered
		if m.Role == "" || m.sent[0].speaks || m.sent[1].speaks {
			m.State = record.MPTCPInUse
		}
	}
	if m.State == record.MPTCPInUse && m.Role == record.MPTCPInitial {
		m.findFallback(f)
	}
	return &m.MPTCP
}

// findFallback looks whether a side went on as plain TCP (RFC 8684 §3.7). One segment
// without an option shows nothing: others may have left it no room. A side that never
// has one does.
func (m *multipath) findFallback(f *Flow) {
	client, server := &m.sent[fsm.Client], &m.sent[fsm.Server]
	var x record.MPTCPFallback
	switch {
	case client.infinite != 0:
		x = record.MPTCPFallback{Reason: record.MPTCPInfinite, Frame: client.infinite, Side: fsm.Client}
	case server.infinite != 0:
		x = record.MPTCPFallback{Reason: record.MPTCPInfinite, Frame: server.infinite, Side: fsm.Server}
	case f.SYN.Frame == 0 || f.SYNACK.Frame == 0:
		return
	case client.mute != 0 && !client.third && !client.speaks:
		x = record.MPTCPFallback{Reason: record.MPTCPNoThirdACK, Frame: client.mute, Side: fsm.Client}
	case server.mute != 0 && !server.speaks:
		x = record.MPTCPFallback{Reason: record.MPTCPNoDSS, Frame: server.mute, Side: fsm.Server}
	case client.mute != 0 && !client.speaks:
		x = record.MPTCPFallback{Reason: record.MPTCPNoDSS, Frame: client.mute, Side: fsm.Client}
	default:
		return
	}
	m.Fallback, m.State = x, record.MPTCPFellBack
}

// SharesWindow reports whether the windows may be those of an MPTCP connection: then they
// count from what it acknowledges of all subflows' data, which this one's numbers do not
// tell (RFC 8684 §3.3.4).
func (f *Flow) SharesWindow() bool { return f.multipath != nil }
