package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// TLS records (RFC 5246 §6.2.1 and §7.2, RFC 8446 §5.1 and §6): a type, two bytes of version,
// two of length.
const (
	tlsHeader          = 5
	tlsAlert           = 21
	tlsApplicationData = 23

	// An alert is a level and a description. Encrypted, the longest of the ciphers in use make
	// 64 bytes of it (CBC with SHA-384); TLS 1.3 hides its type, and with a byte for that and
	// a tag of 16 makes 19 of it.
	plainAlert     = 2
	longestAlert   = 80
	encryptedAlert = 19
)

// UnreadIsCloseNotify returns the frame of the peer's last data if these are all that side did
// not acknowledge of it and are the alert with which the peer of a TLS connection takes its
// leave; 0 if they are not, or if that cannot be seen. By an encrypted alert's size alone no
// one can know what it says; but after it nothing more was to come, and everything that side
// had sent was acknowledged by then.
func (f *Flow) UnreadIsCloseNotify(side fsm.Side) fsm.Frame {
	x, y, d := &f.Conn.End[side], &f.Conn.End[side.Peer()], &f.Dir[side.Peer()]
	if d.contents == nil || !x.HasAck || !f.Delivered(side) {
		return 0
	}
	end := y.Out.Top
	if y.SentFIN {
		end = y.FinSeq
	}
	for i := range d.contents.last {
		o := &d.contents.last[i]
		if o.frame == 0 || o.seq.Add(o.len) != end || o.seq != x.Acked {
			continue
		}
		if isCloseNotify(o.begin[:o.kept], o.len) && (!y.SentSYN || d.UniqueBytes > uint64(o.len)) { // before its ClientHello nobody says it
			return o.frame
		}
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

// isCloseNotify reports whether length bytes of data, which begin so, are one TLS record of the
// type or of the size of close_notify.
func isCloseNotify(begin []byte, length uint32) bool {
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
