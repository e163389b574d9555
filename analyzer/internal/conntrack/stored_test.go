package conntrack

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestStoredKeepsAll stores connections of segments whose fields hold any number of bytes
// each, with others' cells between theirs, and reads every segment back as it was.
func TestStoredKeepsAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := func() uint64 { // of any length, and often 0
		return rng.Uint64() >> min(63, rng.IntN(90)) & -rng.Uint64N(2)
	}
	random := func() (p decode.Packet, from fsm.Side) {
		s := fsm.Segment{
			Seq: fsm.Seq(number()), Ack: fsm.Seq(number()), Len: uint32(number()), Flags: fsm.Flags(number()) & fsm.Flags(packedFlags),
			Window: uint16(number()), Opts: fsm.OptionSet(number()) &^ (fsm.OptMPTCP | fsm.OptAccECN), MSS: uint16(number()), WindowScale: uint8(number()),
			TSVal: uint32(number()), TSEcr: uint32(number()), Urgent: uint16(number()), CookieLen: uint8(number()),
		}
		if rng.IntN(3) == 0 {
			s.Opts = []fsm.OptionSet{onlyTimestamps, usualOfSYN}[rng.IntN(2)]
		}
		for s.NumSACK = uint8(rng.IntN(5)) & -uint8(rng.IntN(2)); int(s.NumSACK) > 0 && s.SACK[s.NumSACK-1] == (fsm.SACKBlock{}); {
			for i := range s.NumSACK {
				s.SACK[i] = fsm.SACKBlock{From: fsm.Seq(rng.Uint32()), To: fsm.Seq(rng.Uint32())}
			}
		}
		p = decode.Packet{
			Time: fsm.Time(number()), Frame: fsm.Frame(number()), Segment: s, IPID: uint16(number()), HasIPID: number() != 0,
			TTL: uint8(number()), TOS: uint8(number()), Truncated: number() != 0, BadHeader: number() != 0, Untimed: number() != 0,
			IPLen: s.Len + uint32(uint16(number())), Begun: fsm.OptionSet(number()), CutOptions: fsm.OptionSet(number()), Copy: decode.Copy(rng.IntN(5)),
		}
		if number() != 0 {
			p.Checksum, p.HasPayloadSum, p.PayloadSum = decode.ChecksumGood, true, uint16(number())
		}
		if n := min(uint64(s.Len), number()%(flow.ComparedBytes+1)); n > 0 {
			p.Payload = make([]byte, n)
			for i := range p.Payload {
				p.Payload[i] = byte(rng.Uint32())
			}
			p.Message = uint32(number())
			p.HasMessage = p.Message != 0
		}
		return p, fsm.Side(rng.IntN(2))
	}

	var y compactStore
	const conns = 500
	var places [conns]uint32
	var want [conns][]decode.Packet
	for i := range places {
		places[i] = y.conns.take()
		n := y.conns.at(places[i])
		n.client, n.server = decode.Endpoint{Port: 1}, decode.Endpoint{Port: 2}
		n.began, n.firstFrame = fsm.Time(number()), fsm.Frame(number())
	}
	for round := range 3 * conns * maxEmbryonic {
		i := rng.IntN(conns)
		n := y.conns.at(places[i])
		if int(n.held) == maxEmbryonic {
			y.cells.release(n.first, int(n.numCells))
			n.held, n.numCells, want[i] = 0, 0, nil
		}
		p, from := random()
		if !packable(&p) {
			t.Fatalf("round %d: cannot be packed: %+v", round, p)
		}
		y.append(n, &p, from)
		p.Src, p.Dst = n.client, n.server
		if from == fsm.Server {
			p.Src, p.Dst = p.Dst, p.Src
		}
		want[i] = append(want[i], p)
		if n.latest != p.Time {
			t.Fatalf("round %d: the latest segment's time is %d, not %d", round, n.latest, p.Time)
		}
		k := 0
		for r := y.read(n); r.read(); k++ {
			var got decode.Packet
			r.unpack(&got)
			if !bytes.Equal(got.Payload, want[i][k].Payload) {
				t.Fatalf("round %d: data %x, want %x", round, got.Payload, want[i][k].Payload)
			}
			got.Payload = want[i][k].Payload
			if !reflect.DeepEqual(got, want[i][k]) {
				t.Fatalf("round %d: %+v, want %+v", round, got, want[i][k])
			}
		}
		if k != len(want[i]) {
			t.Fatalf("round %d: %d segments read of %d", round, k, len(want[i]))
		}
		if first := &want[i][0].Segment; first.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN && y.firstSYN(n) != first.Seq {
			t.Fatalf("round %d: the first SYN has the number %d, not %d", round, y.firstSYN(n), first.Seq)
		}
	}
	if held := int(y.cells.used) - y.cells.free; held > conns*maxEmbryonic*mostCells {
		t.Errorf("%d cells are held", held)
	}
	used := 0
	for _, i := range places {
		used += int(y.conns.at(i).numCells)
	}
	if held := int(y.cells.used) - y.cells.free; held != used {
		t.Errorf("%d cells are held, %d needed", held, used)
	}
}

// TestStoredLength holds how many bytes ordinary segments take: memory depends on it.
func TestStoredLength(t *testing.T) {
	ordinary := func(s fsm.Segment, after fsm.Time) decode.Packet {
		return decode.Packet{
			Time: after, Frame: fsm.NewFrame(0, 1+uint64(after)/1000), Segment: s, IPLen: s.Len + 52, IPID: 7, HasIPID: true, TTL: 64,
			Checksum: decode.ChecksumGood, HasPayloadSum: true, Payload: make([]byte, s.Len),
		}
	}
	for _, tt := range []struct {
		name string
		p    decode.Packet
		most int
	}{
		{"SYN", ordinary(fsm.Segment{Flags: fsm.SYN, Seq: 1, Window: 64240, Opts: usualOfSYN, MSS: 1460, WindowScale: 7, TSVal: 5}, 0), 21},
		{"ACK", ordinary(fsm.Segment{Flags: fsm.ACK, Seq: 1, Ack: 2, Window: 502, Opts: onlyTimestamps, TSVal: 5, TSEcr: 6}, fsm.Second), 34},
		{"request", ordinary(fsm.Segment{Flags: fsm.ACK | fsm.PSH, Seq: 1, Ack: 2, Window: 502, Opts: onlyTimestamps, TSVal: 5, TSEcr: 6, Len: 300}, fsm.Second), 71},
	} {
		var y compactStore
		n := y.conns.at(y.conns.take())
		n.firstFrame = fsm.NewFrame(0, 1)
		if y.append(n, &tt.p, fsm.Client); y.writing.n > tt.most {
			t.Errorf("%s: %d bytes, more than %d", tt.name, y.writing.n, tt.most)
		}
	}
}
