package fsm

// Seq is a TCP sequence number. All arithmetic and every comparison is modulo
// 2³² (RFC 9293 §3.4), so two numbers can be compared only when they lie less
// than 2³¹ apart, which the window limits guarantee on one connection.
type Seq uint32

// Add returns the number n octets after s.
func (s Seq) Add(n uint32) Seq { return s + Seq(n) }

// Minus returns the signed distance s − t in octets.
func (s Seq) Minus(t Seq) int32 { return int32(s - t) }

// Apart returns how many octets lie between s and t, whichever comes first.
func (s Seq) Apart(t Seq) uint32 { return min(uint32(s-t), uint32(t-s)) }

// Before reports whether s lies before t.
func (s Seq) Before(t Seq) bool { return int32(s-t) < 0 }

// AtOrBefore reports whether s equals t or lies before it.
func (s Seq) AtOrBefore(t Seq) bool { return int32(s-t) <= 0 }

// After reports whether s lies after t.
func (s Seq) After(t Seq) bool { return int32(s-t) > 0 }

// AtOrAfter reports whether s equals t or lies after it.
func (s Seq) AtOrAfter(t Seq) bool { return int32(s-t) >= 0 }

// In reports whether s lies in the half-open window [first, first+size).
func (s Seq) In(first Seq, size uint32) bool { return uint32(s-first) < size }

// MaxSeq returns the later of two sequence numbers.
func MaxSeq(a, b Seq) Seq {
	if a.Before(b) {
		return b
	}
	return a
}
