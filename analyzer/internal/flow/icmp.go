package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ICMPNote is an ICMP error that quotes a segment of the connection.
type ICMPNote struct {
	decode.ICMPError
	At     fsm.Stamp // Nth is that of the latest segment before it
	Side   fsm.Side  // who sent the segment that it quotes, and is to receive it
	Seq    fsm.Seq   // of that segment
	IPID   uint16    // and its IP identification
	Length uint32    // and its IP packet's length
	Quoted fsm.Frame // the segment as captured; 0 if it was not
}

// MaxICMP is how many ICMP errors are kept of a connection; more are counted.
const MaxICMP = 16

// icmpLog is what ICMP errors said of a connection.
type icmpLog struct {
	notes [MaxICMP]ICMPNote
	kept  int
	n     uint64 // all of them
}

// AddICMP notes an ICMP error that quotes a segment of the connection.
func (f *Flow) AddICMP(p *decode.Packet) {
	if f.icmp == nil {
		f.icmp = &icmpLog{}
	}
	side := f.SideOf(p)
	n := ICMPNote{
		ICMPError: *p.ICMP, Side: side, Seq: p.Segment.Seq, IPID: p.IPID, Length: p.IPLen,
		At: fsm.Stamp{Time: p.Time, Frame: p.Frame, Nth: f.Segments},
	}
	for i := range f.icmp.notes[:f.icmp.kept] {
		if f.icmp.notes[i].again(&n) {
			return // the frame was captured twice
		}
	}
	n.Quoted = f.quoted(side, n.Seq)
	f.noteMTU(&n)
	f.icmp.n++
	if f.icmp.kept < MaxICMP {
		f.icmp.notes[f.icmp.kept] = n
		f.icmp.kept++
		return
	}
	f.icmp.notes[MaxICMP-1] = n // the latest counts most
}

// again reports whether the note is of the same message: a router sends one for a
// packet.
func (n *ICMPNote) again(m *ICMPNote) bool {
	const together = 5_000_000
	return n.ICMPError == m.ICMPError && n.Side == m.Side && n.Seq == m.Seq && n.IPID == m.IPID && m.At.Time-n.At.Time < together
}

// quoted returns the frame of the side's latest segment with that number, 0 for none.
func (f *Flow) quoted(side fsm.Side, seq fsm.Seq) fsm.Frame {
	x, d := &f.Conn.End[side], &f.Dir[side]
	if x.SentSYN && seq == x.ISS {
		return x.Syn.Frame
	}
	if r := d.sender.resentAt(seq); r != nil {
		return r.frame
	}
	if e := d.sender.queue.covering(seq, seq+1); e != nil {
		return e.frame
	}
	if d.Packets > 0 && d.lastLen == 0 && seq == x.Out.Top {
		return d.Last.Frame
	}
	return 0
}

// resentAt returns the latest retransmission that begins with the number, as far as it
// is remembered, or nil.
func (w *sender) resentAt(seq fsm.Seq) *resending {
	if w.resent == nil {
		return nil
	}
	l := &w.resent.last
	for i := range l {
		r := &l[(int(w.resent.pos)+len(l)-1-i)%len(l)]
		if r.frame != 0 && r.seq == seq {
			return r
		}
	}
	return nil
}

// ICMP returns the ICMP errors about the connection, in order. The slice belongs to f.
func (f *Flow) ICMP() []ICMPNote {
	if f.icmp == nil {
		return nil
	}
	return f.icmp.notes[:f.icmp.kept]
}

// CountICMP returns how many there were, those not kept included.
func (f *Flow) CountICMP() uint64 {
	if f.icmp == nil {
		return 0
	}
	return f.icmp.n
}

// endByICMP ends an attempt to connect for an ICMP error after which the client did not
// try again. In any other state an error ends nothing.
func (f *Flow) endByICMP() {
	for i := range f.ICMP() {
		n := &f.icmp.notes[i]
		x := &f.Conn.End[n.Side]
		if x.State == fsm.SynSent && x.SentSYN && n.Seq == x.ISS && n.At.Nth >= x.Syn.Nth && record.KindOfICMP(n.Type, n.Code, n.V6).EndsAttempt() {
			f.Conn.ICMPError(n.Side, n.At)
			f.Meanings |= fsm.StateChanged
		}
	}
}
