package analyzer

import (
	"encoding/binary"
	"math"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// tapped are the processes that headers of Apple's packet taps have named, each that of its
// packet: after what package decode reads of it, an interface's name (24 octets), flags (4),
// three numbers (12), the process (4), its name (20), three more (8), the process on whose
// behalf it acts (4), the name of that (20). All numbers are little-endian.
type tapped struct {
	known map[tappedKey]*process.Process
	key   tappedKey // of the packet before
	last  *process.Process
}

type tappedKey struct {
	pid, behalf         uint32
	name, nameForBehalf [20]byte
}

// maxTapped bounds the processes that are kept; others are not known.
const maxTapped = 1 << 14

// process returns the process that a header names, nil for none, and which way its packet went.
func (t *tapped) process(p *capture.Packet) (*process.Process, process.Direction) {
	const flags, pid, name, behalf, nameForBehalf, end = 36, 52, 56, 84, 88, 108
	b := p.Data
	if len(b) < end || binary.LittleEndian.Uint32(b) < end {
		return nil, process.UnknownDirection
	}
	key := tappedKey{pid: binary.LittleEndian.Uint32(b[pid:]), behalf: binary.LittleEndian.Uint32(b[behalf:])}
	copy(key.name[:], b[name:])
	copy(key.nameForBehalf[:], b[nameForBehalf:])
	way := process.UnknownDirection
	switch binary.LittleEndian.Uint32(b[flags:]) & 3 {
	case 1:
		way = process.Inbound
	case 2:
		way = process.Outbound
	}
	if t.known == nil || key != t.key {
		t.key, t.last = key, t.of(key)
	}
	return t.last, way
}

func (t *tapped) of(key tappedKey) *process.Process {
	p, known := t.known[key]
	if known {
		return p
	}
	if t.known == nil {
		t.known = map[tappedKey]*process.Process{}
	}
	if len(t.known) >= maxTapped {
		return nil
	}
	p = tappedProcess(key.pid, &key.name)
	if p != nil && key.behalf != key.pid {
		p.For = tappedProcess(key.behalf, &key.nameForBehalf)
	}
	t.known[key] = p
	return p
}

// tappedProcess returns nil for what is none: -1, and 0 without a name.
func tappedProcess(pid uint32, name *[20]byte) *process.Process {
	end := 0
	for end < len(name) && name[end] != 0 {
		end++
	}
	p := &process.Process{PID: pid, Name: process.Cut(string(name[:end]), process.MaxName)}
	if pid > math.MaxInt32 || pid == 0 && p.Name == "" {
		return nil
	}
	return p
}
