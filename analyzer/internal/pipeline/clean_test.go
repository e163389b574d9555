package pipeline

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
)

// frame is one packet of a capture made here: Ethernet, IPv4, TCP.
type frame struct {
	time fsm.Time
	data []byte
	cut  int // bytes behind data that the snaplen cut off
}

// cleanConns makes connections that are clean, or nearly so, with numbers as various
// as the wire allows: times, sizes, sequence numbers, ports, windows, options.
type cleanConns struct {
	rng   *rand.Rand
	n     int
	hosts int // clients that there are, if not one for each connection

	leaving bool // those that close do so as talk.leave does
}

// end is what one side of a connection sends with.
type end struct {
	ip        [4]byte
	port      uint16
	next      uint32 // sequence number
	mss       uint16
	scale     int // −1 for none
	sack, ts  bool
	clock     uint32
	ticks     fsm.Time // nanoseconds per tick
	window    uint16
	ttl, tos  byte
	id        uint16
	countsIDs bool
}

// choose returns one of the values.
func choose[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// span returns a time between the two, each order of magnitude as likely as another.
func (m *cleanConns) span(least, most fsm.Time) fsm.Time {
	low, high := math.Log(float64(least)), math.Log(float64(most))
	return fsm.Time(math.Exp(low + m.rng.Float64()*(high-low)))
}

func (m *cleanConns) port(usual ...uint16) uint16 {
	switch m.rng.IntN(20) {
	case 0:
		return 0
	case 1, 2, 3:
		return uint16(m.rng.Uint32())
	}
	return choose(m.rng, usual...)
}

func (m *cleanConns) number() uint32 {
	return choose(m.rng, m.rng.Uint32(), m.rng.Uint32(), m.rng.Uint32(), 0, 1, math.MaxUint32, math.MaxUint32-100, 1<<31)
}

func (m *cleanConns) end() *end {
	r := m.rng
	e := &end{
		next: m.number(), mss: choose[uint16](r, 1460, 1460, 1400, 536, 8960, 65535, 88, 1),
		scale: choose(r, -1, 0, 2, 7, 7, 14), sack: r.IntN(3) > 0, ts: r.IntN(3) > 0,
		clock: m.number(), ticks: choose[fsm.Time](r, 1_000_000, 1_000_000, 10_000_000, 1000),
		window: choose[uint16](r, 64000, 64240, 29200, 8192), ttl: choose[byte](r, 64, 128, 255, 3), tos: byte(r.IntN(256)) &^ 1,
		id: uint16(r.Uint32()), countsIDs: r.IntN(2) == 0,
	}
	if r.IntN(4) > 0 { // most have the options of their time, so that many are alike in these
		e.scale, e.sack, e.ts = 7, true, m.n%2 == 0
	}
	return e
}

// segment writes one segment of a connection.
type segment struct {
	flags   byte
	ack     uint32
	length  int
	begin   []byte // of its data, which are random where this is silent
	options []byte
	window  uint16
}

func (m *cleanConns) write(from, to *end, s segment) []byte {
	for len(s.options)%4 != 0 {
		s.options = append(s.options, 1)
	}
	header := 20 + len(s.options)
	d := make([]byte, 14+20+header+s.length)
	be := binary.BigEndian
	d[12] = 8
	ip, tcp := d[14:34], d[34:]
	ip[0], ip[1], ip[8], ip[9] = 0x45, from.tos, from.ttl, 6
	be.PutUint16(ip[2:], uint16(len(d)-14))
	if from.id++; !from.countsIDs {
		from.id = uint16(m.rng.Uint32())
	}
	be.PutUint16(ip[4:], from.id)
	copy(ip[12:], from.ip[:])
	copy(ip[16:], to.ip[:])
	be.PutUint16(ip[10:], ^checksum.Fold(checksum.Sum(0, ip)))
	be.PutUint16(tcp, from.port)
	be.PutUint16(tcp[2:], to.port)
	be.PutUint32(tcp[4:], from.next)
	be.PutUint32(tcp[8:], s.ack)
	tcp[12], tcp[13] = byte(header/4)<<4, s.flags
	be.PutUint16(tcp[14:], s.window)
	copy(tcp[20:], s.options)
	for i := header; i < len(tcp); i++ {
		tcp[i] = byte(m.rng.Uint32())
	}
	copy(tcp[header:], s.begin)
	pseudo := checksum.Sum(0, ip[12:20]) + 6 + uint64(len(tcp))
	be.PutUint16(tcp[16:], ^checksum.Fold(checksum.Sum(pseudo, tcp)))
	from.next += uint32(s.length)
	if s.flags&3 != 0 {
		from.next++
	}
	return d
}

const (
	flagFIN, flagSYN, flagPSH, flagACK = 1, 2, 8, 16
	flagECE, flagCWR                   = 64, 128
)

// talk is a connection under way.
type talk struct {
	*cleanConns
	frames         []frame
	now            fsm.Time
	client, server *end
	ts             bool
	acked          map[*end]uint32 // by who acknowledged: what it did last
	echo           map[*end]uint32
}

func (m *cleanConns) talk(start fsm.Time) *talk {
	m.n++
	t := &talk{cleanConns: m, now: start, client: m.end(), server: m.end(), acked: map[*end]uint32{}, echo: map[*end]uint32{}}
	host := m.n
	if m.hosts > 0 {
		host = m.rng.IntN(m.hosts)
	}
	t.client.ip, t.server.ip = [4]byte{10, 0, byte(host >> 8), byte(host)}, [4]byte{10, 1, 0, byte(m.rng.IntN(20))}
	t.client.port, t.server.port = m.port(40_000, 50_000, 1025), m.port(80, 443, 22, 8080)
	return t
}

func (t *talk) peer(e *end) *end {
	if e == t.client {
		return t.server
	}
	return t.client
}

// send sends a segment of from after some time.
func (t *talk) send(from *end, after fsm.Time, s segment) {
	t.now += after
	to := t.peer(from)
	if s.flags&flagACK != 0 {
		s.ack = to.next
	}
	if s.window == 0 {
		s.window = from.window
	}
	stamped := t.ts
	if s.flags&flagSYN != 0 {
		stamped = from.ts
		s.options = append(s.options, 2, 4, byte(from.mss>>8), byte(from.mss))
		if from.sack {
			s.options = append(s.options, 4, 2)
		}
		if from.scale >= 0 {
			s.options = append(s.options, 3, 3, byte(from.scale))
		}
	}
	if stamped {
		value := from.clock + uint32(t.now/from.ticks)
		s.options = append(s.options, 8, 10)
		s.options = binary.BigEndian.AppendUint32(s.options, value)
		s.options = binary.BigEndian.AppendUint32(s.options, t.echo[from])
		t.echo[to] = value
	}
	t.frames = append(t.frames, frame{time: t.now, data: t.write(from, to, s)})
}

// loneSYN makes a connection of one SYN with whatever a SYN may bring.
func (m *cleanConns) loneSYN(start fsm.Time) []frame {
	t, r := m.talk(start), m.rng
	s := segment{flags: flagSYN, window: choose[uint16](r, 1, 65535, 1024, 5)}
	if r.IntN(4) == 0 {
		s.flags |= choose[byte](r, flagECE|flagCWR, flagECE, flagCWR, flagPSH, flagPSH|flagECE)
	}
	if r.IntN(4) == 0 {
		s.ack = m.number() // without the ACK flag
	}
	if r.IntN(3) == 0 {
		s.options = choose(r,
			[]byte{0, 0, 0, 0}, []byte{253, 4, 1, 2}, []byte{30, 4, 0, 0}, []byte{7, 3, 0}, []byte{99, 4, 1, 1},
			[]byte{2, 4, 5, 180}, []byte{3, 3, 15}, []byte{2, 0}, []byte{19, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	}
	t.send(t.client, 0, s)
	return t.frames
}

// whole makes a connection from its SYN to the last ACK.
func (m *cleanConns) whole(start fsm.Time) []frame {
	t, r := m.talk(start), m.rng
	c, s := t.client, t.server
	s.ts, s.sack = s.ts && c.ts, s.sack && c.sack
	if c.scale < 0 {
		s.scale = -1
	}
	path, thought, held := 2*fsm.Second, 200*fsm.Second, 300*fsm.Second // at most
	if r.IntN(8) > 0 {                                                  // most are quick, so that they are judged by templates
		path, thought, held = fsm.Second/5, fsm.Second/3, fsm.Second/3
	}
	toServer, toClient := m.span(1000, path), m.span(1000, path)
	t.send(c, 0, segment{flags: flagSYN})
	t.send(s, toServer, segment{flags: flagSYN | flagACK})
	t.ts = c.ts && s.ts
	t.send(c, toClient, segment{flags: flagACK})
	for range r.IntN(5) { // exchanges
		t.data(c, m.span(100, 400*fsm.Second), 1+r.IntN(2))
		t.send(s, toServer, segment{flags: flagACK})
		if r.IntN(8) == 0 { // its window opens
			s.window += uint16(1 + r.IntN(200))
			t.send(s, m.span(100, fsm.Second), segment{flags: flagACK})
		}
		if r.IntN(8) > 0 {
			t.data(s, m.span(100, thought), 1+r.IntN(4))
			t.send(c, m.span(100, fsm.Second), segment{flags: flagACK})
		}
	}
	first, second := c, s
	if r.IntN(2) == 0 {
		first, second = s, c
	}
	if r.IntN(2) == 0 { // it stays open
		t.idle(first)
		switch i := r.IntN(len(t.frames)); r.IntN(10) {
		case 0, 1: // the capture ends earlier
			t.frames = t.frames[:i+1]
		case 2:
			t.frames = slices.Delete(t.frames, i, i+1)
		}
		return t.frames
	}
	t.send(first, m.span(100, 300*fsm.Second), segment{flags: flagACK | flagFIN | choose[byte](r, 0, flagPSH)})
	if r.IntN(2) == 0 {
		t.send(second, toClient, segment{flags: flagACK})
	}
	if r.IntN(8) == 0 || m.leaving {
		t.leave(first, second, held)
		return t.frames
	}
	t.send(second, m.span(100, held), segment{flags: flagACK | flagFIN})
	t.send(first, toServer, segment{flags: flagACK})
	if r.IntN(20) == 0 { // lose one
		i := r.IntN(len(t.frames))
		t.frames = slices.Delete(t.frames, i, i+1)
	}
	return t.frames
}

// leave ends the connection as TLS does where the side that closes first does so for both
// ways, and as what only resembles that.
func (t *talk) leave(first, second *end, held fsm.Time) {
	r := t.rng
	word := segment{flags: flagACK | flagPSH, length: 31, begin: []byte{21, 3, 3, 0, 26}}
	switch r.IntN(8) {
	case 0:
		word.begin = nil
	case 1:
		word.length = 32
	case 2, 3:
		word.length, word.begin = 24, []byte{23, 3, 3, 0, 19}
	case 4:
		word.flags |= flagFIN
	}
	t.send(second, t.span(100, held), word)
	switch r.IntN(12) {
	case 0:
		return
	case 1:
		t.send(second, t.span(100, held), segment{flags: flagACK | flagFIN})
	}
	next, window, ttl := first.next, first.window, first.ttl
	flags := byte(flagRST)
	switch r.IntN(12) {
	case 0:
		first.ttl -= 3
	case 1:
		flags |= flagACK
	case 2:
		first.next++
	}
	t.ts, first.window = false, 0
	t.send(first, t.span(1000, held), segment{flags: flags})
	first.window = window
	switch r.IntN(12) {
	case 0: // another
		t.send(first, t.span(1000, held), segment{flags: flags})
	case 1: // it is not over
		first.ttl, first.next = ttl, next
		t.data(first, t.span(1000, held), 1)
	case 2:
		t.data(second, t.span(1000, held), 1)
	}
}

// idle sends keepalives, most of them answered soon, and perhaps some data after all.
func (t *talk) idle(from *end) {
	r := t.rng
	if r.IntN(4) == 0 {
		return
	}
	interval := t.span(100_000_000, 100*fsm.Second)
	for range 1 + r.IntN(choose(r, 3, 6, 12)) {
		from.next--
		t.send(from, interval, segment{flags: flagACK})
		from.next++
		if r.IntN(40) > 0 {
			t.send(t.peer(from), t.span(1000, choose(r, fsm.Second/10, 3*fsm.Second)), segment{flags: flagACK})
		}
		if r.IntN(8) == 0 {
			from = t.peer(from)
		}
	}
	if r.IntN(8) == 0 {
		t.data(from, interval, 1)
		t.send(t.peer(from), t.span(1000, fsm.Second), segment{flags: flagACK})
	}
}

// data sends some segments of data in one go.
func (t *talk) data(from *end, after fsm.Time, segments int) {
	for range segments {
		most := min(int(t.peer(from).mss), 1400, int(t.peer(from).window)/6)
		length := 1 + t.rng.IntN(most)
		if t.rng.IntN(3) == 0 {
			length = most
		}
		t.send(from, after, segment{flags: flagACK | choose[byte](t.rng, 0, flagPSH), length: length})
		after = t.span(100, 5_000_000)
	}
}

// cleanCapture makes n connections that overlap, and returns their packets in order.
func cleanCapture(seed uint64, n int) []frame {
	m := &cleanConns{rng: rand.New(rand.NewPCG(seed, 11)), leaving: seed >= 8}
	var all []frame
	start := fsm.Second
	for range n {
		start += m.span(1000, fsm.Second)
		if m.rng.IntN(3) == 0 {
			all = append(all, m.loneSYN(start)...)
		} else {
			all = append(all, m.whole(start)...)
		}
	}
	slices.SortStableFunc(all, func(a, b frame) int { return int(a.time - b.time) })
	if seed%2 == 1 {
		all = all[:len(all)*3/4] // it ends in the middle of much
	}
	return all
}

// analyse takes a capture through an Analyzer.
func analyse(a *Analyzer, frames []frame) {
	for i, f := range frames {
		a.Packet(&decode.Raw{Data: f.data, Length: len(f.data) + f.cut, Time: f.time, LinkType: 1, Frame: fsm.NewFrame(0, uint64(i+1))})
	}
}
