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
	"Interface", "Labels", "SumSeen", "SumWant", "DF", "HeaderLen", "OptionsCut", "Overlong", "ZeroLength",
	"WireLen", "FlowLabel", "LinkSrc", "LinkDst", "LinkIndex", "Outgoing", "Addressed", "Ordinal", "Malformed",
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
			return
		}
		var b packedSegment
		var data payload
		var got decode.Packet
		n := compactConn{client: p.Src, server: p.Dst, encap: p.Encap}
		b.pack(p, fsm.Client)
		copy(data.bytes[:], p.Payload)
		if len(p.Payload) > 0 {
			b.unpack(&got, &n, &data)
		} else {
			b.unpack(&got, &n, nil)
		}
		if !reflect.DeepEqual(&got, p) {
			t.Errorf("%s is lost: %+v, want %+v", name, got, *p)
		}
	}
	if size := unsafe.Sizeof(packedSegment{}); size != 64 {
		t.Errorf("a packed segment has %d bytes, a line of the cache 64", size)
	}
	set := func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int64:
			v.SetInt(1)
		case reflect.Slice:
			v.SetBytes([]byte{1})
		case reflect.Array, reflect.Struct: // compared as part of the base packet
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
		try(name, &p)
	}
	segment := reflect.TypeFor[fsm.Segment]()
	for i := range segment.NumField() {
		p := ordinaryPacket()
		set(reflect.ValueOf(&p.Segment).Elem().Field(i))
		try("Segment."+segment.Field(i).Name, &p)
	}
}
