package analyzer_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// TestNearlyClean plays clean connections beside others that are not in one small way
// or two, and holds what an analysis says of them that judges the former once per
// template against one that makes a record of each. One that was taken for clean and
// is not would lack its findings, or have another end.
func TestNearlyClean(t *testing.T) {
	for seed := range uint64(16) {
		nearlyClean(t, seed)
	}
}

// FuzzNearlyClean does so with departures of the fuzzer's choosing.
func FuzzNearlyClean(f *testing.F) {
	f.Add(uint64(1), []byte{0})
	f.Add(uint64(2), []byte{3, 14, 15, 92, 65, 35, 89, 79, 32, 38, 46, 26})
	var traces [4][][]packet
	for seed := range traces {
		traces[seed] = webConnections(f, uint64(seed), 1)[:24]
		for i := range traces[seed] {
			if i%3 == 0 {
				traces[seed][i] = asTLS(traces[seed][i])
			}
		}
	}
	f.Fuzz(func(t *testing.T, seed uint64, choices []byte) {
		conns := slices.Clone(traces[seed%4])
		at := 0
		next := func(n int) int {
			if at == len(choices) {
				return 0
			}
			at++
			return int(choices[at-1]) % n
		}
		choices = choices[:min(len(choices), 256)]
		for at < len(choices) {
			c := &conns[len(conns)/2+next(len(conns)-len(conns)/2)]
			*c = depart(*c, next)
		}
		sameSums(t, conns)
	})
}

func nearlyClean(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	conns := webConnections(t, seed, 1) // some hundreds
	for i := range conns {
		if i%3 == 0 {
			conns[i] = asTLS(conns[i])
		}
		if i < len(conns)/4 {
			continue // these stay as they are, so that there are templates
		}
		for range 1 + rng.IntN(2) {
			conns[i] = depart(conns[i], rng.IntN)
		}
	}
	for i := range conns {
		conns[i] = inVLAN(conns[i], rng.IntN)
	}
	sameSums(t, conns)
}

// sameSums analyses the connections' packets in order of time with and without
// records, and with each connection tracked whole from its first segment on.
func sameSums(t *testing.T, conns [][]packet) {
	t.Helper()
	run := func(opt analyzer.Options) *record.Report { return analyseConnections(conns, opt) }
	kept, whole := run(analyzer.Options{}), bare(run(trackedWhole))
	if asJSON(t, kept) != asJSON(t, whole) {
		for i := range min(len(kept.Connections), len(whole.Connections)) {
			a, b := &record.Report{Connections: kept.Connections[i : i+1]}, &record.Report{Connections: whole.Connections[i : i+1]}
			if x, y := asJSON(t, a), asJSON(t, b); x != y {
				t.Fatalf("kept compact\n%s\ntracked whole\n%s", x, y)
			}
		}
		x, y := asJSON(t, kept), asJSON(t, whole)
		i := 0
		for i < min(len(x), len(y)) && x[i] == y[i] {
			i++
		}
		t.Fatalf("kept compact %d connections, tracked whole %d: …%.400s…\nbut …%.400s…", len(kept.Connections), len(whole.Connections), x[max(0, i-300):], y[max(0, i-300):])
	}
	found := map[uint64]string{}
	sums := run(analyzer.Options{SummaryOnly: true, Each: func(c *record.Connection) error {
		found[c.ID] = findings(c)
		return nil
	}})
	for _, c := range kept.Connections {
		if got, want := found[c.ID], findings(c); got != want {
			t.Errorf("connection %d, first in frame %d: with sums only it shows %q, by its own record %q", c.ID, c.FirstFrame.Number(), got, want)
		}
	}
	kept.Connections, kept.Summary.Related = nil, nil // links need records
	if !reflect.DeepEqual(sums, kept) {
		t.Errorf("sums with templates\n%+v, by record\n%+v", sums, kept)
	}
}

// analyseConnections analyses the connections' packets in order of time.
func analyseConnections(conns [][]packet, opt analyzer.Options) *record.Report {
	all := slices.Concat(conns...)
	slices.SortStableFunc(all, func(a, b packet) int { return int(a.time - b.time) })
	opt.NoChecksums = true
	a := analyzer.New(opt)
	for i, p := range all {
		a.Packet(&capture.Packet{Data: p.data, Length: len(p.data), Time: int64(p.time), LinkType: 1, Number: uint64(i + 1)})
	}
	r, _ := a.Finish()
	return r
}

// findings names what the checks and the verdict say of a connection.
func findings(c *record.Connection) string {
	text := string(c.Verdict.Code) + ":"
	for i := range c.Anomalies {
		text += " " + string(c.Anomalies[i].Name)
	}
	return text
}

type packet struct {
	time fsm.Time
	data []byte
}

// webConnections returns the packets of short HTTP connections, by connection.
func webConnections(t testing.TB, seed uint64, packets int) [][]packet {
	var file bytes.Buffer
	if _, err := tracegen.Web(&file, packets, seed); err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenReader("web", &file)
	if err != nil {
		t.Fatal(err)
	}
	var conns [][]packet
	at := map[uint64]int{}
	for p := (capture.Packet{}); ; {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			return conns
		} else if err != nil {
			t.Fatal(err)
		}
		d := bytes.Clone(p.Data)
		client := d[26:30]
		port := d[34:36]
		if d[34] == 0 && d[35] == 80 {
			client, port = d[30:34], d[36:38]
		}
		key := uint64(binary.BigEndian.Uint32(client))<<16 | uint64(binary.BigEndian.Uint16(port))
		i, known := at[key]
		if !known {
			i = len(conns)
			at[key] = i
			conns = append(conns, nil)
		}
		conns[i] = append(conns[i], packet{fsm.Time(p.Time), d})
	}
}

// inVLAN puts VLAN tags on a connection's packets, on none, on all, or otherwise on
// one direction than on the other.
func inVLAN(c []packet, choose func(n int) int) []packet {
	tags := [][2]byte{{}, {}, {5, 5}, {5, 5}, {6, 5}, {0, 6}}[choose(6)]
	c = slices.Clone(c)
	for i, p := range c {
		tag := tags[0]
		if !bytes.Equal(p.data[34:36], c[0].data[34:36]) {
			tag = tags[1]
		}
		if tag != 0 {
			c[i].data = slices.Insert(bytes.Clone(p.data), 12, 0x81, 0, 0, tag)
		}
	}
	return c
}

// Where things are in the packets: Ethernet, IPv4 without options, TCP.
const (
	atTOS    = 15
	atIPLen  = 16
	atIPID   = 18
	atTTL    = 22
	atSeq    = 38
	atAck    = 42
	atFlags  = 47
	atWindow = 48
	atUrgent = 52
	atOpts   = 54
)

// asTLS has a connection end as those of TLS often do: behind the first FIN the other side's
// close_notify, and the RST that answers it.
func asTLS(c []packet) []packet {
	be := binary.BigEndian
	fin := slices.IndexFunc(c, func(p packet) bool { return p.data[atFlags]&1 != 0 })
	if fin < 0 {
		return c
	}
	next := func(d []byte) (n uint32) { // the number behind the packet's
		n = be.Uint32(d[atSeq:]) + uint32(int(be.Uint16(d[atIPLen:]))-20-int(d[46]>>4)*4)
		return n + uint32(d[atFlags]&1) + uint32(d[atFlags]>>1&1)
	}
	closing := c[fin].data
	var peer []byte // the other side's latest
	for _, p := range c[:fin] {
		if !bytes.Equal(p.data[34:36], closing[34:36]) {
			peer = p.data
		}
	}
	header := atOpts - 20 + int(peer[46]>>4)*4
	alert := append(bytes.Clone(peer[:header]), 21, 3, 3, 0, 26)
	alert = append(alert, make([]byte, 26)...)
	be.PutUint16(alert[atIPLen:], uint16(len(alert)-14))
	be.PutUint32(alert[atSeq:], next(peer))
	be.PutUint32(alert[atAck:], next(closing))
	alert[atFlags] = 0x18
	rst := bytes.Clone(closing[:atOpts])
	rst[46], rst[atFlags] = 5<<4, 4
	be.PutUint16(rst[atIPLen:], 40)
	be.PutUint32(rst[atSeq:], next(closing))
	be.PutUint32(rst[atAck:], 0)
	be.PutUint16(rst[atWindow:], 0)
	at := c[fin].time
	return append(slices.Clone(c[:fin+1]), packet{at + 300_000, alert}, packet{at + 310_000, rst})
}

// depart changes one thing about a connection. With some changes it stays clean.
func depart(c []packet, choose func(n int) int) []packet {
	if len(c) == 0 || len(c) > 200 { // it may be doubled each time
		return c
	}
	c = slices.Clone(c)
	i := choose(len(c))
	c[i].data = bytes.Clone(c[i].data)
	few := []uint32{1, ^uint32(0), 2, 1448, ^uint32(1447), 100_000, 1 << 31}[choose(7)]
	switch kind := choose(22); kind {
	case 0, 1, 2, 3, 4, 19, 20, 21:
		c = rearrange(c, i, kind, few, choose)
	default:
		alter(c, i, kind, few, choose)
	}
	if len(c) == 0 {
		return nil
	}
	return c
}

// rearrange changes which packets there are, and when.
func rearrange(c []packet, i, kind int, few uint32, choose func(n int) int) []packet {
	d, be := c[i].data, binary.BigEndian
	switch kind {
	case 0: // lost before the tap
		c = slices.Delete(c, i, i+1)
	case 1: // retransmitted, soon or late
		again := packet{c[i].time + []fsm.Time{1000, 3_000_000, 300_000_000, 70 * fsm.Second}[choose(4)], bytes.Clone(d)}
		be.PutUint16(again.data[atIPID:], be.Uint16(d[atIPID:])+uint16(1+choose(50)))
		c = append(c, again)
	case 2: // captured twice
		c = append(c, packet{c[i].time + fsm.Time(choose(100_000)), d})
	case 3: // overtaken
		if i > 0 {
			c[i].time, c[i-1].time = c[i-1].time, c[i].time
		}
	case 4: // everything later
		wait := []fsm.Time{40_000_000, 200_000_000, fsm.Second, 61 * fsm.Second, 200 * fsm.Second}[choose(5)]
		for k := i; k < len(c); k++ {
			c[k].time += wait
		}
	case 19: // the end is not captured
		c = c[:i]
	case 20: // nor the beginning
		c = c[i:]
	case 21: // the same once more, from the start
		span := c[len(c)-1].time - c[0].time + []fsm.Time{1, fsm.Second, 130 * fsm.Second}[choose(3)]
		for _, p := range slices.Clone(c) {
			q := bytes.Clone(p.data)
			be.PutUint16(q[atIPID:], be.Uint16(q[atIPID:])+200)
			if few&1 != 0 { // other numbers
				be.PutUint32(q[atSeq:], be.Uint32(q[atSeq:])+1_000_000)
				if q[atFlags]&16 != 0 {
					be.PutUint32(q[atAck:], be.Uint32(q[atAck:])+1_000_000)
				}
			}
			c = append(c, packet{p.time + span, q})
		}
	}
	return c
}

// alter changes what is in a packet, or the same in many.
func alter(c []packet, i, kind int, few uint32, choose func(n int) int) {
	d, be := c[i].data, binary.BigEndian
	header := min(max(atOpts, atOpts-20+int(d[46]>>4)*4), len(d))
	switch kind {
	case 5:
		be.PutUint32(d[atSeq:], be.Uint32(d[atSeq:])+few)
	case 6:
		be.PutUint32(d[atAck:], be.Uint32(d[atAck:])+few)
	case 7:
		d[atFlags] ^= 1 << choose(8)
	case 8:
		d[46] ^= 1 << choose(4)
	case 9:
		be.PutUint16(d[atWindow:], []uint16{0, 1, 3, 501, 503, 65535, 30}[choose(7)])
	case 10: // all windows of the side
		w := []uint16{0, 1, 20, 100, 65535}[choose(5)]
		for k := range c {
			if bytes.Equal(c[k].data[34:36], d[34:36]) {
				c[k].data = bytes.Clone(c[k].data)
				be.PutUint16(c[k].data[atWindow:], w)
			}
		}
	case 11:
		if header > atOpts {
			d[atOpts+choose(header-atOpts)] ^= 1 << choose(8)
		}
	case 12: // timestamps
		if header-atOpts >= 12 {
			at := header - 8 + 4*choose(2)
			be.PutUint32(d[at:], be.Uint32(d[at:])+few)
		}
	case 13: // without options
		for k := atOpts; k < header; k++ {
			d[k] = 1
		}
	case 14: // without options on any segment
		for k := range c {
			p := bytes.Clone(c[k].data)
			for o := atOpts; o < min(len(p), atOpts-20+int(p[46]>>4)*4); o++ {
				p[o] = 1
			}
			c[k].data = p
		}
	case 15:
		d[atTOS] ^= 1 << choose(8)
	case 16:
		d[atTTL] -= uint8(1 + choose(30))
	case 17: // cut off or drawn out
		if room := len(d) - header; room > 0 {
			d = d[:len(d)-1-choose(room)]
		} else {
			d = append(d, make([]byte, 1+choose(2000))...)
		}
		be.PutUint16(d[atIPLen:], uint16(len(d)-14))
		c[i].data = d
	case 18:
		be.PutUint16(d[atUrgent:], uint16(1+choose(100)))
	}
}

// TestPortsUsedAgain gives the connections few ports, so that most follow another of the
// same addresses and ports, soon or late, or begin before it has ended; some differ from a
// clean one in one small way.
func TestPortsUsedAgain(t *testing.T) {
	for seed := range uint64(24) {
		rng := rand.New(rand.NewPCG(seed, 8))
		conns := webConnections(t, seed, 1)
		ports := 1 + rng.IntN(40)
		until, latest := make([]fsm.Time, ports), make([][]packet, ports)
		for i, c := range conns {
			port := rng.IntN(ports)
			if seed%3 == 2 && rng.IntN(2) == 0 {
				c = asTLS(c)
			}
			wait := []fsm.Time{1, 1_000_000, fsm.Second, 10 * fsm.Second, 59 * fsm.Second, 119 * fsm.Second, 125 * fsm.Second, -2_000_000}[rng.IntN(8)]
			c = onPort(c, port, max(until[port]+wait, c[0].time))
			if before := latest[port]; len(before) > 1 && rng.IntN(8) == 0 {
				c = sameNumber(c, before, rng.IntN(2))
			}
			latest[port] = c
			switch rng.IntN(12) {
			case 0, 1:
				c = depart(c, rng.IntN)
			case 2, 3:
				c = c[:1] // not answered
			case 4, 5, 6:
				c = attempt(c, rng.IntN)
				if rng.IntN(4) == 0 {
					c = depart(c, rng.IntN)
				}
			}
			if len(c) > 0 {
				until[port] = c[len(c)-1].time
			}
			conns[i] = c
		}
		sameSums(t, conns)
	}
}

// TestSYNsAmongOthers has SYNs come where their connection is not the latest: one behind another
// that is odd and not answered, and that of an earlier connection once more, as a
// capture that holds frames twice shows it.
func TestSYNsAmongOthers(t *testing.T) {
	conns := webConnections(t, 2, 1)
	begun := 10 * fsm.Second
	before := onPort(conns[0], 0, begun)
	closed := before[len(before)-1].time
	odd := onPort(conns[1][:1], 0, closed+10*fsm.Second)
	odd[0].data[46] |= 2 // a reserved bit
	sameSums(t, [][]packet{before, odd, onPort(conns[2][:1], 0, closed+12*fsm.Second), onPort(conns[3], 0, closed+70*fsm.Second)})

	soon := func(c []packet, begun fsm.Time) []packet { // in less time than a copy takes
		for i := range c {
			c[i].time = begun + fsm.Time(i)*10_000
		}
		return c
	}
	before = soon(before, begun)
	next := soon(onPort(conns[3], 0, 0), before[len(before)-1].time+10_000)
	sameSums(t, [][]packet{before, next, {{next[3].time - 1, before[0].data}}})
}

// attempt makes of a connection one that a RST ended before it was open: the server refused it,
// or the client gave it up.
func attempt(c []packet, choose func(n int) int) []packet {
	if len(c) < 3 || len(c[0].data) < atOpts || len(c[1].data) < atOpts || bytes.Equal(c[0].data[34:36], c[1].data[34:36]) {
		return c
	}
	be := binary.BigEndian
	rst := func(p packet, wait fsm.Time) packet {
		d := bytes.Clone(p.data[:atOpts])
		be.PutUint16(d[atIPLen:], atOpts-14)
		be.PutUint16(d[atIPID:], uint16(choose(1<<16)))
		d[46], d[atFlags] = 5<<4, 4
		return packet{p.time + wait, d}
	}
	wait := []fsm.Time{1000, 1_000_000, 300_000_000, 2 * fsm.Second}[choose(4)]
	if choose(2) == 0 {
		end := rst(c[1], wait)
		end.data[atFlags] |= 16
		be.PutUint32(end.data[atSeq:], 0)
		return []packet{c[0], end}
	}
	end := rst(c[0], c[1].time-c[0].time+wait)
	be.PutUint32(end.data[atSeq:], be.Uint32(c[0].data[atSeq:])+1)
	if choose(2) == 0 {
		end.data[atFlags] |= 16
		be.PutUint32(end.data[atAck:], be.Uint32(c[1].data[atSeq:])+1)
	} else {
		be.PutUint32(end.data[atAck:], 0)
	}
	return []packet{c[0], c[1], end}
}

// onPort returns the connection as it would be from another port, and begun at another time.
func onPort(c []packet, port int, begun fsm.Time) []packet {
	first := c[0]
	moved := make([]packet, len(c))
	for i, p := range c {
		d := bytes.Clone(p.data)
		at, client, server := 34, 26, 30
		if !bytes.Equal(p.data[34:36], first.data[34:36]) {
			at, client, server = 36, 30, 26
		}
		binary.BigEndian.PutUint16(d[at:], uint16(40_000+port))
		copy(d[client:client+4], []byte{10, 0, 0, 1})
		copy(d[server:server+4], []byte{10, 0, 0, 2})
		moved[i] = packet{begun + p.time - first.time, d}
	}
	return moved
}

// sameNumber gives one side of a connection the ISN that it had in another.
func sameNumber(c, before []packet, side int) []packet {
	be := binary.BigEndian
	shift := be.Uint32(before[side].data[atSeq:]) - be.Uint32(c[side].data[atSeq:])
	for _, p := range c {
		at := atSeq
		if !bytes.Equal(p.data[34:36], c[side].data[34:36]) {
			if at = atAck; p.data[atFlags]&16 == 0 {
				continue
			}
		}
		be.PutUint32(p.data[at:], be.Uint32(p.data[at:])+shift)
	}
	return c
}

// TestSYNOutlivesTheWait has a SYN wait for its answer for so many packets of others that
// the connection before it is reported meanwhile: it begins the next one all the same, and
// so does one that is never answered.
func TestSYNOutlivesTheWait(t *testing.T) {
	conns := webConnections(t, 1, 1)
	begun := 10 * fsm.Second
	var played [][]packet
	for port := range 6 {
		before, next := onPort(conns[2*port], port, begun), onPort(conns[2*port+1], port, begun+5*fsm.Second)
		for i := 1; i < len(next); i++ {
			next[i].time += fsm.Second // behind the others' packets
		}
		if port > 3 {
			next = next[:1]
		}
		if port%2 > 0 { // the earlier one is no clean one
			again := packet{before[3].time + 1000, bytes.Clone(before[3].data)}
			again.data[atIPID+1]++
			before = append(before, again)
		}
		played = append(played, before, next)
	}
	var others []packet // of one connection
	request := conns[20][3].data
	for i := range 80_000 {
		d := bytes.Clone(request)
		binary.BigEndian.PutUint32(d[atSeq:], uint32(i*(len(d)-66)))
		binary.BigEndian.PutUint16(d[atIPID:], uint16(i))
		others = append(others, packet{begun + 5*fsm.Second + 200_000_000 + fsm.Time(i)*1000, d})
	}
	sameSums(t, append(played, others))
	r := analyseConnections(append(played, others), analyzer.Options{})
	if len(r.Connections) != 13 {
		t.Errorf("%d connections", len(r.Connections))
	}
	for _, c := range r.Connections {
		if c.Handshake.SYN == 0 && c.Server.Port == 80 && c.Client.Port < 40_006 && c.Client.Port >= 40_000 {
			t.Errorf("connection %d has no SYN: it is %s", c.ID, c.Verdict.Code)
		}
	}
}
