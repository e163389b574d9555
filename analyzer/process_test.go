package analyzer

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// tapHeader is a header of Apple's packet taps before raw IP.
func tapHeader(flags, pid uint32, name string, behalf uint32, nameForBehalf string) []byte {
	b := make([]byte, 108)
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
	put(0, 108)
	put(4, 1)
	put(8, 12)
	put(36, flags)
	put(52, pid)
	copy(b[56:76], name)
	put(84, behalf)
	copy(b[88:108], nameForBehalf)
	return b
}

// bareSegment is a segment without options from 10.0.0.FROM to 10.0.0.TO.
func bareSegment(from, to, flags byte) []byte {
	b := []byte{0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to}
	return append(b, 0, from, 0, to, 0, 0, 0, 1, 0, 0, 0, 1, 5<<4, flags, 1, 0, 0, 0, 0, 0)
}

// TestPacketTap tells the processes of a connection that was captured on a packet tap.
func TestPacketTap(t *testing.T) {
	for _, test := range []struct {
		header []byte
		want   string
	}{
		{tapHeader(2, 501, "curl\x00rest", 1<<32-1, ""), "client 501 curl"},
		{tapHeader(1, 501, "sshd", 501, "sshd"), "server 501 sshd"},
		{tapHeader(2, 77, "nsurlsessiond", 501, "Safari"), "client 77 nsurlsessiond for 501 Safari"},
		{tapHeader(0, 0, "kernel_task", 0, ""), "? 0 kernel_task"},
		{tapHeader(2, 1<<32-1, "", 1<<32-1, ""), "none"},
		{tapHeader(2, 501, "a name of 20 octets!and more", 0, ""), "client 501 a name of 20 octets!"},
	} {
		a := New(Options{NoChecksums: true})
		for i, flags := range []byte{2, 4} {
			data := append(append([]byte{}, test.header...), bareSegment(1, 2, flags)...)
			a.Packet(&capture.Packet{Data: data, Length: len(data), LinkType: 258, Number: uint64(i + 1), Time: int64(i+1) * int64(fsm.Second)})
		}
		r, err := a.Finish()
		if err != nil || len(r.Connections) != 1 {
			t.Fatal(err, len(r.Connections))
		}
		got := "none"
		for _, o := range r.Connections[0].Owners {
			side := "?"
			if o.HasSide {
				side = o.Side.String()
			}
			got = fmt.Sprintf("%s %d %s", side, o.PID, o.Name)
			if o.For != nil {
				got += fmt.Sprintf(" for %d %s", o.For.PID, o.For.Name)
			}
		}
		if got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	var many tapped
	for i := range uint32(3 * maxTapped) {
		many.process(&capture.Packet{Data: tapHeader(1, i+1, "x", 0, "")})
	}
	if len(many.known) > maxTapped {
		t.Errorf("%d processes", len(many.known))
	}
	if p, way := many.process(&capture.Packet{Data: make([]byte, 107)}); p != nil || way != process.UnknownDirection {
		t.Error("a header that is cut names a process")
	}
}

// flagsOption are a packet's options with pcapng's flags in them, behind another one.
func flagsOption(v byte) []byte { return []byte{3, 0, 2, 0, 9, 9, 0, 0, 2, 0, 4, 0, v, 0, 0, 0} }

// TestWay reads from pcapng's flags which way a packet went.
func TestWay(t *testing.T) {
	for _, test := range []struct {
		options []byte
		want    process.Direction
	}{
		{flagsOption(1), process.Inbound},
		{flagsOption(6), process.Outbound},
		{flagsOption(0), process.UnknownDirection},
		{flagsOption(1)[:15], process.UnknownDirection},
		{[]byte{2, 0, 255, 255, 1, 0, 0, 0}, process.UnknownDirection},
	} {
		if got := wayOf(test.options); got != test.want {
			t.Errorf("%v: %d, want %d", test.options, got, test.want)
		}
	}
}

// TestWayByHeader holds that a Linux cooked header tells whose a process is where pcapng's
// flags do not.
func TestWayByHeader(t *testing.T) {
	cooked := func(packetType byte) []byte {
		return []byte{0, packetType, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}
	}
	cooked2 := []byte{8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0}
	for _, test := range []struct {
		linkType int
		header   []byte
		options  []byte
		want     string
	}{
		{113, cooked(4), nil, "client"},
		{113, cooked(0), nil, "server"},
		{113, cooked(3), nil, "unknown"},
		{276, cooked2, nil, "client"},
		{113, cooked(4), flagsOption(1), "server"},
		{113, cooked(4), flagsOption(0), "client"},
	} {
		a := New(Options{NoChecksums: true})
		data := append(test.header, bareSegment(1, 2, 2)...)
		a.Packet(&capture.Packet{Data: data, Length: len(data), LinkType: test.linkType, Options: test.options, Number: 1, Process: &process.Process{PID: 1}})
		r, err := a.Finish()
		if err != nil || len(r.Connections) != 1 || len(r.Connections[0].Owners) != 1 {
			t.Fatal(err, r.Connections)
		}
		got := "unknown"
		if o := r.Connections[0].Owners[0]; o.HasSide {
			got = o.Side.String()
		}
		if got != test.want {
			t.Errorf("%d, %v, %v: %s, want %s", test.linkType, test.header, test.options, got, test.want)
		}
	}
}
