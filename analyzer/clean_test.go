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
	for _, seed := range []uint64{137, 148, 920, 967} { // each showed a difference once
		nearlyClean(t, seed)
	}
}

// TestUnansweredBySums plays connections whose server closes without an answer, or in the middle of
// one: whether that is found depends on what was said, which is no part of a template.
func TestUnansweredBySums(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 8))
		conns := webConnections(t, seed, 1)
		n := map[record.VerdictCode]int{}
		for i := range conns {
			conns[i] = unanswered(conns[i], rng.IntN)
		}
		for _, c := range analyseConnections(conns, analyzer.Options{}).Connections {
			n[c.Verdict.Code]++
			for i := range c.Anomalies {
				switch c.Anomalies[i].Name {
				case record.CheckClosedWithoutAnswer, record.CheckRequestIncomplete, record.CheckAnswerCutShort, record.CheckTLSAlert:
				default:
					t.Fatalf("connection %d shows %s: %s", c.ID, c.Anomalies[i].Name, c.Anomalies[i].Message)
				}
			}
		}
		for _, code := range []record.VerdictCode{record.VerdictClosedNormally, record.VerdictClosedWithoutAnswer, record.VerdictRequestIncomplete, record.VerdictAnswerCutShort} {
			if n[code] < 2 {
				t.Errorf("%d connections are %s", n[code], code)
			}
		}
		sameSums(t, conns)
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
	checkReport(t, kept, len(slices.Concat(conns...)), false)
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

// TestPortsUsedAgain gives the connections few ports, so that most follow another of the
// same addresses and ports, soon or late, or begin before it has ended; some differ from a
// clean one in one small way.
func TestPortsUsedAgain(t *testing.T) {
	for seed := range uint64(24) {
		portsUsedAgain(t, seed)
	}
	for _, seed := range []uint64{206, 310, 333, 598, 3479} {
		portsUsedAgain(t, seed)
	}
}

func portsUsedAgain(t *testing.T, seed uint64) {
	t.Helper()
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

// TestSYNCapturedTwice has a SYN come a second time when it has come to nothing, as a capture at
// two places shows it or a network that delivers it twice: it begins no connection. And while it
// waits beside one in TIME-WAIT, which is reported no later for that.
func TestSYNCapturedTwice(t *testing.T) {
	conns := webConnections(t, 2, 1)
	twice := func(p packet) packet {
		again := packet{p.time + 2_000_000, bytes.Clone(p.data)}
		again.data[atTTL]--
		return again
	}
	begun := 10 * fsm.Second
	given := onPort(conns[2], 0, begun+59*fsm.Second)[:3]
	given[2].data = bytes.Clone(given[2].data[:atOpts]) // its numbers are no one's
	copy(given[2].data[atIPLen:], []byte{0, 40})
	copy(given[2].data[atSeq:], []byte{0, 0, 0, 1, 0, 0, 0, 1, 5 << 4, 4 | 16})
	given = append(given, twice(given[0]))
	given[3].time = given[2].time + 100_000
	late := packet{given[2].time + fsm.Second, bytes.Clone(given[0].data)} // delivered twice
	next := onPort(conns[3], 0, begun+184*fsm.Second)
	for _, again := range []packet{given[3], late} {
		played := [][]packet{onPort(conns[1][:1], 0, begun), append(given[:3:3], again), next}
		sameSums(t, played)
		r := analyseConnections(played, analyzer.Options{})
		if len(r.Connections) != 2 || r.Connections[0].Highest.Number() != 5 || r.Connections[1].Incarnation != 2 {
			t.Errorf("%d connections, the first up to frame %d; want 2, up to 5", len(r.Connections), r.Connections[0].Highest.Number())
		}
	}

	before := onPort(conns[1], 0, begun)
	closed := before[len(before)-1].time
	waiting := onPort(conns[2][:1], 0, closed+119*fsm.Second)
	waiting = append(waiting, twice(waiting[0]))
	played := [][]packet{before, waiting}
	for port := 1; port < 100; port++ { // these end later, and are reported later
		whole := onPort(conns[3+port], port, begun+fsm.Second+fsm.Time(port)*fsm.Second/20)
		whole[3].data[46] |= 2 // a reserved bit
		played = append(played, whole, onPort(conns[103+port][:1], port+100, closed+118*fsm.Second+fsm.Time(port)*fsm.Second/20))
	}
	sameSums(t, played)
}

// TestProblemsAtServices has the same happen at several services, at each so often that most
// connections are only counted: what is told of it at each is what is told with all records.
func TestProblemsAtServices(t *testing.T) {
	conns := webConnections(t, 1, 1)
	for services := 1; services < 6; services++ {
		var played [][]packet
		for service := range services {
			for i := range 12 {
				c := onPort(conns[12*service+i][:1], i, 10*fsm.Second+fsm.Time(12*service+i)*fsm.Second)
				c[0].data[36], c[0].data[33] = byte(service), byte(min(services, 4)-service%3)
				if i%5 == 4 { // sent once more, later than any before
					c = append(c, packet{c[0].time + fsm.Time(i)*fsm.Second, bytes.Clone(c[0].data)})
					c[1].data[atIPID+1]++
				}
				played = append(played, c)
			}
		}
		played = append(played, onPort(conns[90], 99, 400*fsm.Second))
		sameSums(t, played)
	}
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
