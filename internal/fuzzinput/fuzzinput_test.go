package fuzzinput

import (
	"bytes"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What is written reads back as the same packets, and analyses the same.
func TestWriteAndRead(t *testing.T) {
	list, err := Load("../../testdata/pcaps/kernel/lost-last-ack.client.pcap", 60)
	if err != nil || len(list) != 15 {
		t.Fatalf("%d packets, %v", len(list), err)
	}
	l := Read(Write(3, list))
	if l.Choices != 3 || l.LinkType != 1 || len(l.Packets) != len(list) {
		t.Fatalf("choices %d, link type %d, %d packets", l.Choices, l.LinkType, len(l.Packets))
	}
	for i, p := range l.Packets {
		want := list[i]
		if n := len(p.Data); n < 60 || !bytes.Equal(p.Data, want.Data[:n]) || p.Length < want.Length || p.Length >= want.Length+beyondUnit {
			t.Errorf("packet %d: %d octets of %d: %x", i, n, p.Length, p.Data)
		}
	}
	r := l.Analyse(analyzer.Options{})
	want := [2]record.EndState{{State: fsm.TimeWait, Proved: true}, {State: fsm.Closed}}
	if len(r.Connections) != 1 || r.Connections[0].State != want {
		t.Errorf("%d connections, the first ends in %v", len(r.Connections), r.Connections[0].State)
	}
}

func TestReadTakesAnything(t *testing.T) {
	for _, data := range [][]byte{nil, {1}, {1, 2}, {1, 2, 3}, {1, 2, 3, 4}, {1, 2, 3, 4, 5, 255}, {1, 2, 3, 4, 5, 2, 9}} {
		for _, p := range Read(data).Packets {
			if p.Length < len(p.Data) || len(p.Data) > len(data) {
				t.Errorf("% x: %+v", data, p)
			}
		}
	}
	if n := len(Read(make([]byte, 3*maxPackets+100)).Packets); n != maxPackets {
		t.Errorf("%d packets", n)
	}
}

func TestCaptures(t *testing.T) {
	if n := len(Captures("../..")); n < 300 {
		t.Errorf("only %d captures", n)
	}
}
