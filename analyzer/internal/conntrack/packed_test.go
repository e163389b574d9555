package conntrack

import (
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// unread are the fields of a packet that a Flow never looks at.
var unread = []string{
	"Process", "Way", // package owners takes them before
	"StreamDoubt", // it counts when the connection begins
	"Interface", "Labels", "SumSeen", "SumWant", "DF", "HeaderLen", "OptionsCut", "Overlong", "ZeroLength",
	"WireLen", "FlowLabel", "LinkSrc", "LinkDst", "LinkIndex", "Outgoing", "Addressed", "Ordinal", "Malformed",
	"ICMP",                  // only of what is no segment
	"AccECN",                // only with its option: that is not packed
	"LeastLen",              // only with FirstOnly: that is not packed
	"DataAck", "HasDataAck", // only of what has an MPTCP option and is no SYN: that is not packed
	"Path", "CopyPath", "Place", // a compact connection keeps the first segment's
}

// TestPackedKeepsAll gives each field of a packet a value: either the packet cannot be
// packed, or unpacking brings the value back.
func TestPackedKeepsAll(t *testing.T) {
	ordinaryPacket := func() decode.Packet {
		return decode.Packet{
			Src: decode.Endpoint{Port: 1}, Dst: decode.Endpoint{Port: 2}, TTL: 64,
			Payload: []byte{7}, IPLen: 41,
			Segment: fsm.Segment{Seq: 10, Ack: 20, Len: 1, Flags: fsm.ACK | fsm.PSH, Window: 30, Opts: fsm.OptTimestamps},
		}
	}
	try := func(name string, p *decode.Packet) {
		if !packable(p) {
			if name != "FirstOnly" && name != "HasPayloadSum" && name != "Checksum" && name != "IPLen" {
				t.Errorf("%s: cannot be packed", name)
			}
			return
		}
		var y compactStore
		var got decode.Packet
		i := y.conns.take()
		n := y.conns.at(i)
		n.client, n.server, n.encap = p.Src, p.Dst, p.Encap
		y.append(n, p, fsm.Client)
		for r := y.read(n); r.read(); {
			r.unpack(&got)
		}
		if b := y.firstSegment(n); plain(p) != (b.rare == 0 && b.checksum() != decode.ChecksumBad) {
			t.Errorf("%s: plain %t, packed as %+v", name, plain(p), b)
		}
		if !reflect.DeepEqual(&got, p) {
			t.Errorf("%s is lost: %+v, want %+v", name, got, *p)
		}
	}
	if size := unsafe.Sizeof(compactConn{}); size != 128 {
		t.Errorf("a compact connection has %d bytes, two lines of the cache 128", size)
	}
	if size := unsafe.Sizeof(cell{}); size != 64 {
		t.Errorf("a cell has %d bytes, a line of the cache 64", size)
	}
	set := func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int64:
			v.SetInt(1)
		case reflect.Slice:
			v.SetBytes([]byte{1})
		case reflect.Array:
			if v.Type() == reflect.TypeFor[[4]fsm.SACKBlock]() {
				v.Set(reflect.ValueOf([4]fsm.SACKBlock{{From: 1, To: 2}, {From: 3, To: 4}}))
			}
		case reflect.Pointer, reflect.Struct: // compared as part of the base packet
		default:
			v.SetUint(1)
		}
	}
	packet := reflect.TypeFor[decode.Packet]()
	for i := range packet.NumField() {
		name := packet.Field(i).Name
		if slices.Contains(unread, name) {
			continue
		}
		p := ordinaryPacket()
		set(reflect.ValueOf(&p).Elem().Field(i))
		if name == "Message" || name == "HasMessage" {
			p.Message, p.HasMessage = 1, true
		}
		try(name, &p)
	}
	segment := reflect.TypeFor[fsm.Segment]()
	for i := range segment.NumField() {
		p := ordinaryPacket()
		set(reflect.ValueOf(&p.Segment).Elem().Field(i))
		name := segment.Field(i).Name
		if name == "SACK" {
			p.Segment.NumSACK = 2
		}
		try("Segment."+name, &p)
	}
}

// TestPackedMPTCP holds which segments with MPTCP options can be packed: the SYN of today
// that offers it, of which a flood may consist, and no other.
func TestPackedMPTCP(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags fsm.Flags
		mptcp *decode.MPTCP
		want  bool
	}{
		{"offer", fsm.SYN, &decode.MPTCP{Has: decode.MPTCPCapable, Version: 1}, true},
		{"offer of version 0, with a key", fsm.SYN, &decode.MPTCP{Has: decode.MPTCPCapable, NumKeys: 1, Keys: [2]uint64{1}}, false},
		{"join", fsm.SYN, &decode.MPTCP{Has: decode.MPTCPJoin, Token: 7}, false},
		{"answer", fsm.SYN | fsm.ACK, &decode.MPTCP{Has: decode.MPTCPCapable, Version: 1, NumKeys: 1, Keys: [2]uint64{1}}, false},
		{"data", fsm.ACK, nil, false},
		{"an option of another length on a SYN", fsm.SYN, &decode.MPTCP{}, false},
	} {
		p := &decode.Packet{MPTCP: test.mptcp, IPLen: 60, Segment: fsm.Segment{Flags: test.flags, Opts: fsm.OptMPTCP}}
		if got := packable(p); got != test.want {
			t.Errorf("%s: packable %t, want %t", test.name, got, test.want)
		}
		if !test.want {
			continue
		}
		var y compactStore
		var got decode.Packet
		n := y.conns.at(y.conns.take())
		y.append(n, p, fsm.Client)
		for r := y.read(n); r.read(); {
			r.unpack(&got)
		}
		if got.MPTCP == nil || *got.MPTCP != *p.MPTCP {
			t.Errorf("%s: unpacked as %+v", test.name, got.MPTCP)
		}
	}
}
