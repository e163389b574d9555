// Package checksum computes the Internet checksum (RFC 1071) for those who write
// packets. The analysis has its own, which is fast and read-only.
package checksum

import "encoding/binary"

// Sum adds b to acc in words of 16 bits; a last odd octet is the high one of its
// word. Only the last part of a whole may be of odd length.
func Sum(acc uint64, b []byte) uint64 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint64(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		acc += uint64(b[0]) << 8
	}
	return acc
}

// Fold adds the carries until 16 bits are left. The checksum is its complement.
func Fold(acc uint64) uint16 {
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return uint16(acc)
}
