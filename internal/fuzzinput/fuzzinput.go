// Package packets writes packets for fuzzing without a file format around them,
// so that a change anywhere leaves the packets behind it whole:
//
//	wait | octets on the wire beyond those captured | length | octets of the packet
//
// an octet each, the packet's own octets behind. An octet of choices, whose
// meaning is the fuzz target's, and two of the link type come before the first.
package fuzzinput

import (
	"encoding/binary"
	"path/filepath"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const (
	head       = 3
	packetHead = 3
	beyondUnit = 16 // what one of the octets beyond stands for

	maxPackets = 2000
	firstTime  = 1_700_000_000 * fsm.Second
)

// List is what a fuzz input holds.
type List struct {
	Choices  byte
	LinkType int
	Packets  []Packet
}

// Packet is one of them.
type Packet struct {
	Data   []byte
	Time   fsm.Time
	Length int
}

// wait is the time before a packet: a microsecond for 0, doubled with each step
// up to 36 minutes, and a second or more back.
func wait(b byte) fsm.Time {
	if b >= 0xf0 {
		return -fsm.Second << (b & 3)
	}
	return 1000 << (b & 31)
}

// Read takes a fuzz input apart; every input is one.
func Read(data []byte) List {
	l := List{LinkType: 1}
	if len(data) < head {
		return l
	}
	l.Choices, l.LinkType = data[0], int(binary.BigEndian.Uint16(data[1:]))
	data = data[head:]
	now := firstTime
	for len(data) >= packetHead && len(l.Packets) < maxPackets {
		n := min(int(data[2]), len(data)-packetHead)
		now += wait(data[0])
		l.Packets = append(l.Packets, Packet{
			Data: data[packetHead:][:n:n], Time: now, Length: n + int(data[1])*beyondUnit,
		})
		data = data[packetHead+n:]
	}
	return l
}

// Write writes captured packets as a fuzz input, their waits rounded down and
// no more than 255 octets of each.
func Write(choices byte, list []capture.Packet) []byte {
	out := []byte{choices, 0, 1}
	last := int64(0)
	for i := range list {
		p := &list[i]
		binary.BigEndian.PutUint16(out[1:], uint16(p.LinkType))
		step := byte(0)
		for i > 0 && step < 31 && int64(wait(step+1)) <= p.Time-last {
			step++
		}
		last = p.Time
		n := min(len(p.Data), 255)
		out = append(out, step, byte(min((p.Length-n+beyondUnit-1)/beyondUnit, 255)), byte(n))
		out = append(out, p.Data[:n]...)
	}
	return out
}

// Load returns the first packets of a capture.
func Load(file string, most int) ([]capture.Packet, error) {
	src, err := capture.Open(file)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	var list []capture.Packet
	var p capture.Packet
	for len(list) < most && src.Next(&p) == nil {
		p.Data = slices.Clone(p.Data)
		list = append(list, p)
	}
	return list, nil
}

// Captures returns the recorded captures under testdata/pcaps, at root, that fuzz
// targets begin with.
func Captures(root string) []string {
	var all []string
	for _, pattern := range []string{"conversations/*.pcap", "kernel/*.pcap", "lab-byhand/*.pcap*", "lab/*-act-1.client.pcap.gz"} {
		files, _ := filepath.Glob(filepath.Join(root, "testdata", "pcaps", pattern)) // fails for bad patterns only
		all = append(all, files...)
	}
	return all
}

// Analyse runs the packets through the analysis.
func (l *List) Analyse(opt analyzer.Options) *record.Report {
	a := analyzer.New(opt)
	for i, p := range l.Packets {
		a.Packet(&capture.Packet{
			Data: p.Data, Time: int64(p.Time), Length: p.Length, LinkType: l.LinkType, Number: uint64(i + 1),
		})
	}
	r, _ := a.Finish()
	return r
}
