package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// FuzzSelect gives --host and --port any text and runs any packets through the
// choice: it must leave exactly the connections of these addresses and ports, in
// the same words as without it, and libpcap's filter must choose the same packets.
func FuzzSelect(f *testing.F) {
	for i, file := range fuzzinput.Captures("../..") {
		list, err := fuzzinput.Load(file, 40)
		if err != nil {
			f.Fatal(err)
		}
		input := fuzzinput.Write(0, list)
		switch i % 4 {
		case 0:
			f.Add(input, "10.77.1.2", "")
		case 1:
			f.Add(input, "10.0.0.0/8,fd77:1::/64", "80")
		case 2:
			f.Add(input, "", "443,8000-8099")
		case 3:
			f.Add(input, "[fd77:1::2],192.0.2.1", "0-65535")
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, host, port string) {
		var ends endpoints
		var err error
		if ends.hosts, err = parseHosts(nonEmpty(host)); err == nil {
			ends.ports, err = parseSpans("port", "a port", nonEmpty(port), 0, 65535)
		}
		if err != nil {
			if usage := new(failure); !errors.As(err, &usage) || usage.code != exitUsage {
				t.Errorf("%q, %q: %v", host, port, err)
			}
			return
		}
		list := fuzzinput.Read(data)
		compareSelection(t, &list, ends)
		compareWithFilter(t, &list, ends)
	})
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// chooses says what the flags mean, in other words than the program's: one of
// the ends has a chosen address, and one a chosen port.
func (e endpoints) chooses(a, b netip.AddrPort) bool {
	host, port := len(e.hosts) == 0, len(e.ports) == 0
	for _, end := range []netip.AddrPort{a, b} {
		for _, p := range e.hosts {
			host = host || p.Masked() == netip.PrefixFrom(end.Addr(), p.Bits()).Masked()
		}
		for _, r := range e.ports {
			port = port || uint64(end.Port()) >= r.low && uint64(end.Port()) <= r.high
		}
	}
	return host && port
}

func compareSelection(t *testing.T, list *fuzzinput.List, ends endpoints) {
	const cookedV2 = 276 // LINKTYPE_LINUX_SLL2 names the interface
	if list.LinkType == cookedV2 {
		return // copies on other interfaces say something of all packets
	}
	all, some := list.Analyse(analyzer.Options{}), list.Analyse(analyzer.Options{Select: ends.choice()})
	var want []string
	for _, c := range all.Connections {
		if ends.chooses(netip.AddrPortFrom(c.Client.IP, c.Client.Port), netip.AddrPortFrom(c.Server.IP, c.Server.Port)) {
			want = append(want, outline(t, c))
		}
	}
	var got []string
	for _, c := range some.Connections {
		got = append(got, outline(t, c))
	}
	if len(got) != len(want) {
		t.Fatalf("%v: %d connections chosen of %d, want %d", ends, len(got), len(all.Connections), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%v: chosen\n%s\namong all\n%s", ends, got[i], want[i])
		}
	}
	sum := some.Capture.Segments
	for _, s := range some.Capture.Skipped {
		sum += s.N
	}
	if some.Capture.Packets != all.Capture.Packets || sum != some.Capture.Packets {
		t.Errorf("%d packets, %d chosen or skipped of %d", some.Capture.Packets, sum, all.Capture.Packets)
	}
}

// outline writes a connection without its number and Wireshark's, and without its links: they name
// others by their numbers, which count the chosen only, and there is none to one that
// was not chosen.
func outline(t *testing.T, c *record.Connection) string {
	d := *c
	d.ID, d.Stream, d.Related = 0, 0, nil
	var b bytes.Buffer
	if err := report.FindFormat("ndjson").New(&b, report.DefaultOptions()).Connection(&d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// compareWithFilter holds the choice against libpcap's, where both look at the
// same header: TCP in IP in Ethernet, with nothing between or around them.
func compareWithFilter(t *testing.T, list *fuzzinput.List, ends endpoints) {
	expr := ends.expression()
	if expr == "" || list.LinkType != 1 {
		return
	}
	filter, err := capture.NewFilter(expr)
	if errors.Is(err, capture.ErrNoFilter) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	chosen := ends.choice()
	decoder := analyzer.NewDecoder()
	for i, p := range list.Packets {
		packet := capture.Packet{Data: p.Data, Length: p.Length, LinkType: 1}
		d, whole := decoder.Segment(&packet)
		if !whole || !plain(p.Data) {
			continue
		}
		ok, err := filter.Match(&packet)
		if err != nil || ok != chosen(d.Src, d.Dst) {
			t.Errorf("packet %d, %v to %v: %q says %v (%v), the flags %v", i+1, d.Src, d.Dst, expr, ok, err, chosen(d.Src, d.Dst))
		}
	}
}

// plain tells whether an Ethernet frame holds IP and that holds TCP, unfragmented
// and with nothing between.
func plain(b []byte) bool {
	switch {
	case len(b) >= 34 && b[12] == 8 && b[13] == 0:
		return b[23] == 6 && b[20]&0x3f == 0 && b[21] == 0
	case len(b) >= 54 && b[12] == 0x86 && b[13] == 0xdd:
		mapped := "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff" // is an IPv4 address to us
		return b[20] == 6 && !bytes.HasPrefix(b[22:], []byte(mapped)) && !bytes.HasPrefix(b[38:], []byte(mapped))
	}
	return false
}

// expression writes the choice as a pcap filter, or "" where that cannot be.
func (e endpoints) expression() string {
	var hosts, ports []string
	for _, p := range e.hosts {
		if p.Addr().Is4In6() || p.Bits() == 0 {
			return "" // libpcap takes the prefix of length 0 for all packets
		}
		hosts = append(hosts, "net "+p.String())
	}
	for _, r := range e.ports {
		ports = append(ports, fmt.Sprintf("tcp portrange %d-%d", r.low, r.high))
	}
	if len(hosts)+len(ports) > 10 {
		return ""
	}
	var parts []string
	for _, list := range [][]string{hosts, ports} {
		if len(list) > 0 {
			parts = append(parts, "("+strings.Join(list, " or ")+")")
		}
	}
	return strings.Join(parts, " and ")
}
