package flow

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/appdata"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TLS records (RFC 5246 §6.2.1 and §7.2, RFC 8446 §5.2 and §6): a type, two bytes of version,
// two of length.
const (
	tlsHeader          = 5
	tlsAlert           = 21
	tlsApplicationData = 23

	// An alert is a level and a description. Encrypted it takes 80 bytes at most with the ciphers
	// in use (CBC with SHA-384: 64, and 16 of IV). TLS 1.3 hides the type: with a byte for
	// that and a tag of 16 it takes 19.
	plainAlert     = 2
	longestAlert   = 80
	encryptedAlert = 19
)

// CloseNotify returns the frame of the side's latest data if these are the alert with which a
// side of a TLS connection takes its leave; 0 if they are not, or if that cannot be seen. What
// an encrypted alert says no one can know; that nothing more was to come the end shows.
func (f *Flow) CloseNotify(side fsm.Side) fsm.Frame {
	if o := f.closeNotify(side); o != nil {
		return o.frame
	}
	return 0
}

func (f *Flow) closeNotify(side fsm.Side) *content {
	e, d := &f.Conn.End[side], &f.Dir[side]
	if d.contents == nil {
		return nil
	}
	end := dataEnd(e)
	for i := range d.contents.last {
		o := &d.contents.last[i]
		if o.frame != 0 && o.seq.Add(o.len) == end && IsCloseNotify(o.begin[:o.kept], o.len) &&
			(!e.SentSYN || d.UniqueBytes > uint64(o.len)) { // before its ClientHello nobody says it
			return o
		}
	}
	return nil
}

// UnreadIsCloseNotify returns the frame of the peer's CloseNotify if that is all that side did
// not acknowledge of it, and all that side had sent was acknowledged, but for its own
// CloseNotify; 0 if not.
func (f *Flow) UnreadIsCloseNotify(side fsm.Side) fsm.Frame {
	x, y := &f.Conn.End[side], &f.Conn.End[side.Peer()]
	o := f.closeNotify(side.Peer())
	if o == nil || !x.HasAck || o.seq != x.Acked {
		return 0
	}
	if f.Delivered(side) {
		return o.frame
	}
	if own := f.closeNotify(side); own != nil && x.SentFIN && y.HasAck && own.seq.AtOrBefore(y.Acked) {
		return o.frame
	}
	return 0
}

// UnacknowledgedIsCloseNotify returns the frame of side's CloseNotify if that is all of side's
// data that the peer did not acknowledge; 0 if not.
func (f *Flow) UnacknowledgedIsCloseNotify(side fsm.Side) fsm.Frame {
	y := &f.Conn.End[side.Peer()]
	if own := f.closeNotify(side); own != nil && y.HasAck && own.seq == y.Acked {
		return own.frame
	}
	return 0
}

// Delivered reports whether side closed and the peer acknowledged all the data it had sent.
func (f *Flow) Delivered(side fsm.Side) bool {
	x, y := &f.Conn.End[side], &f.Conn.End[side.Peer()]
	return x.SentFIN && y.HasAck && !y.Acked.Before(x.FinSeq)
}

// SeesData reports whether the beginning of any data of the side's was captured.
func (d *Direction) SeesData() bool { return d.contents != nil }

// IsCloseNotify reports whether length bytes of data, which begin so, are one TLS record of the
// type or of the size of close_notify.
func IsCloseNotify(begin []byte, length uint32) bool {
	if len(begin) < tlsHeader+plainAlert || begin[1] != 3 || begin[2] > 4 {
		return false
	}
	switch n := uint32(begin[3])<<8 | uint32(begin[4]); {
	case length != tlsHeader+n:
		return false
	case begin[0] == tlsApplicationData:
		return n == encryptedAlert
	case begin[0] != tlsAlert:
		return false
	case n == plainAlert:
		return begin[5] == 1 && begin[6] == 0 // warning, close_notify
	default:
		return n > plainAlert && n <= longestAlert
	}
}

// FatalAlert returns the fatal alert of TLS in clear that is among the side's latest data, with
// its frame; 0 if there is none. Others' data must be there: it answers some.
func (f *Flow) FatalAlert(side fsm.Side) (frame fsm.Frame, name string, number uint8) {
	d := &f.Dir[side]
	if d.contents == nil || f.Dir[0].UniqueBytes+f.Dir[1].UniqueBytes <= appdata.AlertSize {
		return 0, "", 0
	}
	for i := range d.contents.last {
		o := &d.contents.last[i]
		if o.frame == 0 || frame != 0 && o.frame > frame {
			continue
		}
		if n, k := appdata.FatalAlert(o.begin[:o.kept], o.len); n != "" {
			frame, name, number = o.frame, n, k
		}
	}
	return frame, name, number
}
