package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// trace is a capture in memory.
type trace struct {
	file    string // where it came from
	name    string // of the variant, where a transformation makes several; or ""
	packets []packet
}

// packet is one captured packet.
type packet struct {
	capture.Packet
	fromServer bool // it carries a segment of a connection's server
	segment    bool // it carries a TCP segment
}

// readFile reads a whole capture file.
func readFile(file string) (*trace, error) {
	src, err := capture.Open(file)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	t := &trace{file: file}
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			return t, nil
		} else if err != nil {
			return nil, err
		}
		q := p
		q.Data = slices.Clone(p.Data)
		t.packets = append(t.packets, packet{Packet: q})
	}
}

// analyse analyses the packets as if they were numbered from 1 in this order.
func (t *trace) analyse() (*record.Report, error) {
	a := analyzer.New(analyzer.Options{})
	for i := range t.packets {
		p := t.packets[i].Packet
		p.Number = uint64(i + 1)
		a.Packet(&p)
	}
	return a.Finish()
}

// orient notes which packets come from a server, as a report has it.
func (t *trace) orient(r *record.Report) {
	type way struct{ from, to netip.AddrPort }
	servers := make(map[way]bool)
	for _, c := range r.Connections {
		from, to := netip.AddrPortFrom(c.Server.IP, c.Server.Port), netip.AddrPortFrom(c.Client.IP, c.Client.Port)
		servers[way{from, to}] = true
	}
	decoder := analyzer.NewDecoder()
	for i := range t.packets {
		p := &t.packets[i]
		var s analyzer.Segment
		if s, p.segment = decoder.Segment(&p.Packet); p.segment {
			p.fromServer = servers[way{s.Src, s.Dst}]
		}
	}
}

// with returns a copy whose packets are each put through change, which may write
// to the packet's data.
func (t *trace) with(change func(*packet)) *trace {
	out := &trace{file: t.file, packets: slices.Clone(t.packets)}
	for i := range out.packets {
		p := &out.packets[i]
		p.Data = slices.Clone(p.Data)
		change(p)
	}
	return out
}

// inTimesOrder sorts the packets by time, as a tap that merges queues writes them.
func (t *trace) inTimesOrder() *trace {
	slices.SortStableFunc(t.packets, func(a, b packet) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return 0
	})
	return t
}

// write writes the packets into a file of dir, named after the original and
// what was done to it.
func (t *trace) write(dir, what string) error {
	src, err := capture.Open(t.file)
	if err != nil {
		return err
	}
	defer src.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s.%s.pcapng", filepath.Base(t.file), what)))
	if err != nil {
		return err
	}
	w, err := capture.NewWriter(f, src)
	for i := 0; err == nil && i < len(t.packets); i++ {
		err = w.Write(&t.packets[i].Packet)
	}
	if err == nil {
		err = w.Close()
	}
	return errors.Join(err, f.Close())
}
