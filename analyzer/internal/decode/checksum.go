package decode

import (
	"encoding/binary"
	"math/bits"
)

// verify compares the checksum of a whole TCP segment (RFC 9293 §3.1, MUST-3)
// and says in p what came of it.
func verify(p *Packet, segment []byte) {
	// A mapped IPv4 address sums up like the plain one: the two octets 0xff in front
	// of it are the zero of this arithmetic.
	ends := sum(sum(0, p.Src.IP[:]), p.Dst.IP[:])
	ends = addWord(ends, swapped(protoTCP))
	pseudo := addWord(ends, swapped(uint32(len(segment))))
	header := min(int(p.HeaderLen), len(segment))
	data := sum(0, segment[header:])
	all := addWord(sum(pseudo, segment[:header]), data)
	field := binary.LittleEndian.Uint16(segment[16:])
	switch {
	case fold(all) == 0xffff:
		p.Checksum = ChecksumGood
		p.PayloadSum, p.HasPayloadSum = fold(data), true
	case field == fold(pseudo) || field == fold(ends):
		// A card that is to fill the checksum in finds the pseudo-header's sum there;
		// one that is also to split the segment finds it without the length.
		p.Checksum = ChecksumOffload
		p.PayloadSum, p.HasPayloadSum = fold(data), true
	case p.ZeroLength:
		p.Checksum = ChecksumUnverified // the length summed is a guess
	default:
		p.Checksum = ChecksumBad
		// Adding a number's complement takes the number away.
		want := ^fold(addWord(all, uint64(^field)))
		p.SumSeen, p.SumWant = bits.ReverseBytes16(field), bits.ReverseBytes16(want)
	}
}

// swapped returns a number whose little-endian octets are v's big-endian ones.
func swapped(v uint32) uint64 { return uint64(bits.ReverseBytes32(v)) }

// sum adds b to an Internet checksum (RFC 1071) in 64-bit little-endian words,
// carries coming in again at the bottom. Folding gives the sum of the 16-bit
// words with its octets swapped; comparing swapped with swapped needs nothing
// more. An odd last octet counts as if a zero followed.
func sum(acc uint64, b []byte) uint64 {
	var carry uint64
	for len(b) >= 64 {
		w := b[:64:64]
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[0:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[8:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[16:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[24:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[32:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[40:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[48:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(w[56:]), carry)
		b = b[64:]
	}
	for len(b) >= 8 {
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b), carry)
		b = b[8:]
	}
	acc = addWord(acc, carry)
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		acc = addWord(acc, binary.LittleEndian.Uint64(last[:]))
	}
	return acc
}

// headerSum is sum of an IPv4 header, quick for the length that nearly all have.
func headerSum(b []byte) uint64 {
	acc := addWord(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]))
	acc = addWord(acc, uint64(binary.LittleEndian.Uint32(b[16:])))
	if len(b) > ipv4Len {
		acc = sum(acc, b[ipv4Len:])
	}
	return acc
}

// addWord adds one word, its carry coming in again at the bottom.
func addWord(acc, v uint64) uint64 {
	acc, carry := bits.Add64(acc, v, 0)
	return acc + carry
}

// fold brings a sum down to 16 bits.
func fold(acc uint64) uint16 {
	acc = acc>>32 + acc&0xffffffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	acc = acc>>16 + acc&0xffff
	return uint16(acc)
}
