package fsm

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// Segments of the fuzz target are written relative to what their sender sent
// last, so that a mutation is likely to make a neighbouring conversation:
//
//	flags | from, lost, copy, wait, far seq, far ack | seq | ack | length | options | TSval | TSecr | window
//
// an octet each, behind them four octets each for a far seq and a far ack.
const fuzzRecord = 9

var (
	fuzzWaits   = [4]Time{Second / 1000, Second / 100, Second, 121 * Second}
	fuzzOptions = [8]OptionSet{OptTimestamps, OptFastOpen, OptWindowScale, OptSACK, OptSACKPermitted, OptMSS, OptMD5, OptUnknown}
)

const (
	fuzzServer = 1 << iota
	fuzzLost
	fuzzCopy
	fuzzWait0
	fuzzWait1
	fuzzFarSeq
	fuzzFarAck
	fuzzHighFlags
)

// fuzzNumbers follows what each side sent last; reader and writer share it.
type fuzzNumbers [2]Seq

func (n *fuzzNumbers) advance(k *call) {
	if end := k.seg.End(); end.After(n[k.from]) {
		n[k.from] = end
	}
}

func readCalls(data []byte) []call {
	var next fuzzNumbers
	var calls []call
	for len(data) >= fuzzRecord && len(calls) < 120 {
		b := data[:fuzzRecord]
		data = data[fuzzRecord:]
		far := func(bit byte) Seq {
			if b[1]&bit == 0 || len(data) < 4 {
				return 0
			}
			n := binary.BigEndian.Uint32(data)
			data = data[4:]
			return Seq(n)
		}
		k := call{
			from: Side(b[1] & fuzzServer),
			lost: b[1]&fuzzLost != 0, copy: b[1]&fuzzCopy != 0,
			wait: fuzzWaits[b[1]/fuzzWait0&3],
		}
		s := &k.seg
		s.Flags = Flags(b[0])
		if b[1]&fuzzHighFlags != 0 {
			s.Flags |= AE | Reserved
		}
		s.Seq = next[k.from] + Seq(int8(b[2])) + far(fuzzFarSeq)
		s.Ack = next[k.from.Peer()] + Seq(int8(b[3])) + far(fuzzFarAck)
		switch s.Len = uint32(b[4]); s.Len {
		case 0xff:
			s.Len = 65495
		case 0xfe:
			s.Len = 1<<32 - 1 // what only a jumbogram could claim
		}
		for i, o := range fuzzOptions {
			if b[5]&(1<<i) != 0 {
				s.Opts |= o
			}
		}
		s.TSVal, s.TSEcr = uint32(b[6]), uint32(b[7])
		s.WindowScale, s.CookieLen = b[6], b[7]
		if s.Opts.Has(OptSACK) {
			s.NumSACK = 1 + b[7]%4
			for i := range s.SACK[:s.NumSACK] {
				s.SACK[i] = SACKBlock{s.Ack + Seq(b[6])*Seq(i), s.Ack + Seq(b[7])}
			}
		}
		s.Window = uint16(b[8]) * uint16(b[8])
		calls = append(calls, k)
		next.advance(&k)
	}
	return calls
}

func writeCalls(calls []call) []byte {
	var next fuzzNumbers
	var data []byte
	for i := range calls {
		k := &calls[i]
		s := &k.seg
		b := [fuzzRecord]byte{0: byte(s.Flags), 1: byte(k.from), 4: byte(s.Len), 6: byte(s.TSVal), 7: byte(s.TSEcr), 8: 200}
		if k.lost {
			b[1] |= fuzzLost
		}
		if k.copy {
			b[1] |= fuzzCopy
		}
		for j, w := range fuzzWaits {
			if k.wait >= w {
				b[1] = b[1]&^(fuzzWait0|fuzzWait1) | byte(j)*fuzzWait0
			}
		}
		for j, o := range fuzzOptions {
			if s.Opts.Has(o) {
				b[5] |= 1 << j
			}
		}
		var behind []byte
		near := func(n Seq, at int, bit byte) {
			if int32(n) >= -128 && int32(n) < 128 {
				b[at] = byte(n)
				return
			}
			b[1] |= bit
			behind = binary.BigEndian.AppendUint32(behind, uint32(n))
		}
		near(s.Seq-next[k.from], 2, fuzzFarSeq)
		near(s.Ack-next[k.from.Peer()], 3, fuzzFarAck)
		data = append(append(data, b[:]...), behind...)
		next.advance(k)
	}
	return data
}

// FuzzConn runs any sequence of segments through the machine. It must not panic,
// stay consistent and bounded, and treat both sides and all numbers alike.
func FuzzConn(f *testing.F) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		f.Add(writeCalls(orderly(r)))
		f.Add(writeCalls(noise(r, 20)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		calls := readCalls(data)
		if err := inconsistent(calls); err != "" {
			t.Error(err)
		}
		if err := unmirrored(calls); err != "" {
			t.Error(err)
		}
		if err := unshifted(calls, [2]Seq{0xffff_fff0, 0x7fff_fff0}); err != "" {
			t.Error(err)
		}
	})
}

// TestFuzzSeeds keeps the seeds meaningful: what is written reads back as the
// same conversation.
func TestFuzzSeeds(t *testing.T) {
	calls := orderly(rand.New(rand.NewPCG(1, 5)))
	back := readCalls(writeCalls(calls))
	if len(back) != len(calls) {
		t.Fatalf("%d segments, want %d", len(back), len(calls))
	}
	for i := range calls {
		a, b := &calls[i].seg, &back[i].seg
		if a.Flags != b.Flags || a.Seq != b.Seq || a.Ack != b.Ack || a.Len != b.Len || calls[i].from != back[i].from || calls[i].wait != back[i].wait {
			t.Errorf("segment %d: %+v, want %+v", i, back[i], calls[i])
		}
	}
}
