package tracegen

import (
	"encoding/binary"
	"io"
)

// Floods are traffic of very many connections of one to three packets each, in
// the forms that captures have. Each Write writes n packets, or up to two more.
// In Counts.Connections is how many 4-tuples there are.
var Floods = []Kind{
	flood("wrong-checksum", "SYNs with a wrong checksum", shape{sum: wrong}, one(syn, 0)),
	flood("offload", "SYNs whose checksum is left to the network card", shape{sum: pseudo}, one(syn, 0)),
	flood("snap60", "SYNs cut to 60 bytes by the snaplen", shape{snap: 60}, one(syn, 0)),
	flood("snap64", "SYNs cut to 64 bytes by the snaplen", shape{snap: 64}, one(syn, 0)),
	flood("fast-open", "SYNs with Fast Open: every second one asks for a cookie, the others have one, and data", shape{}, fastOpen),
	flood("syn-urg", "SYNs with URG", shape{}, one(syn|urg, 0)),
	flood("syn-data", "SYNs with 100 bytes of data", shape{}, one(syn, 100)),
	flood("syn-again", "each SYN sent three times", shape{}, again(func(int) uint32 { return 0 })),
	disputed(flood("syn-other-isn", "each SYN sent three times, with another sequence number each time", shape{}, again(func(time int) uint32 { return uint32(time) * 0x1234567 }))),
	flood("twice", "SYNs, every frame captured twice", shape{}, twice),
	flood("scan-open", "a scan of open ports: SYN, SYN-ACK, RST", shape{}, scan(true)),
	flood("scan-closed", "a scan of closed ports: SYN, RST-ACK", shape{}, scan(false)),
	flood("backscatter", "SYN-ACKs that nobody asked for", shape{}, backscatter),
	flood("ack", "lone ACKs", shape{}, one(ack, 0)),
	flood("ack-data", "lone ACKs with 100 bytes of data", shape{}, one(ack|psh, 100)),
	flood("rst", "lone RSTs", shape{}, one(rst, 0)),
	flood("fin", "lone FINs", shape{}, one(fin, 0)),
	flood("fin-ack", "lone FIN-ACKs", shape{}, one(fin|ack, 0)),
	flood("xmas", "FIN, PSH and URG", shape{}, one(fin|psh|urg, 0)),
	flood("null", "no flags", shape{}, one(0, 0)),
	flood("random-flags", "random flags", shape{}, randomFlags),
	flood("fragments", "first and late fragments of SYNs, never completed", shape{}, fragments),
	flood("ipv6", "SYNs over IPv6", shape{ipv6: true}, one(syn, 0)),
	flood("ipv6-offload", "SYNs over IPv6 whose checksum is left to the network card", shape{ipv6: true, sum: pseudo}, one(syn, 0)),
	flood("vlan", "SYNs in a VLAN", shape{vlan: 100}, one(syn, 0)),
	flood("vlan-ack", "lone ACKs in a VLAN", shape{vlan: 100}, one(ack, 0)),
}

// flooder writes a flood. What a source sends follows from its number alone, so
// that nothing has to be remembered of it.
type flooder struct {
	*generator
	shape   shape
	written packet
}

// flood makes a kind of what source i sends; step may also send what earlier
// sources have to send by then.
func flood(name, title string, in shape, step func(*flooder, uint32)) Kind {
	return Kind{Name: "flood-" + name, Title: title, Write: func(w io.Writer, n int, seed uint64) (Counts, error) {
		f := &flooder{generator: newGenerator(w, seed), shape: in}
		for i := f.rng.Uint32(); f.counts.Packets < uint64(n) && f.err == nil; i++ {
			if routable(scatter(i)) {
				f.counts.Connections++
				step(f, i)
			}
		}
		return f.counts, f.err
	}}
}

func disputed(k Kind) Kind {
	k.Disputed = true
	return k
}

// routable is false for addresses that no router would let through.
func routable(address uint32) bool {
	net := address >> 24
	return net != 0 && net != 10 && net != 127 && net < 224
}

// target is the server that floods are sent to.
const target = 0x0a640001

// from returns a packet of source i to the server, without options.
func from(i uint32, flags byte, payload int) packet {
	address := scatter(i)
	p := packet{
		source: address, target: target, sourcePort: uint16(1024 + scatter(address)%64512), targetPort: 80,
		seq: scatter(address + 1), flags: flags, window: 64240, payload: payload, id: uint16(i),
	}
	if flags&ack != 0 {
		p.ack = scatter(address + 2)
	}
	if flags&urg != 0 {
		p.urgent = 1
	}
	return p
}

// emit sends a packet a few microseconds after the one before.
func (f *flooder) emit(p packet) {
	f.now += int64(1000 + f.rng.IntN(4000))
	f.repeat(p)
}

// repeat sends a packet at the time of the one before.
func (f *flooder) repeat(p packet) {
	f.counts.Packets++
	if p.offset == 0 {
		f.counts.Bytes += uint64(p.payload)
	}
	f.put(&f.shape, &p)
	f.written = p
}

// one is a step that sends one packet. SYNs have the options that Linux sends,
// other segments timestamps if they have an ACK.
func one(flags byte, payload int) func(*flooder, uint32) {
	return func(f *flooder, i uint32) { f.emit(f.usual(from(i, flags, payload))) }
}

// usual gives a packet the usual options.
func (f *flooder) usual(p packet) packet {
	switch {
	case p.flags&syn != 0:
		p.options = f.synOptions(0, windowScale)
	case p.flags&(ack|rst) == ack:
		p.options = f.timestamps(p.seq)
	}
	return p
}

func fastOpen(f *flooder, i uint32) {
	p := from(i, syn, 0)
	o := f.synOptions(0, windowScale)
	if f.counts.Connections%2 == 0 {
		p.options = append(o, 34, 2, 1, 1) // asks for a cookie
	} else {
		p.payload = 100
		p.options = binary.BigEndian.AppendUint64(append(o, 34, 10), uint64(p.seq)<<32|uint64(p.source))
		p.options = append(p.options, 1, 1)
	}
	f.emit(p)
}

// later is how many sources lie between a packet and its repetition or answer.
const later = 5000

// before returns a source from later ago, and whether there was one.
func (f *flooder) before(i uint32, times uint32) (uint32, bool) {
	i -= times * later
	return i, f.counts.Connections > uint64(times*later) && routable(scatter(i))
}

// again is a step that sends a SYN and two of earlier sources again, their
// numbers that much higher.
func again(more func(time int) uint32) func(*flooder, uint32) {
	return func(f *flooder, i uint32) {
		for time := range 3 {
			if j, ok := f.before(i, uint32(time)); ok {
				p := f.usual(from(j, syn, 0))
				p.id += uint16(time)
				p.seq += more(time)
				f.emit(p)
			}
		}
	}
}

func twice(f *flooder, i uint32) {
	f.emit(f.usual(from(i, syn, 0)))
	f.repeat(f.written)
}

// scan is a step that sends a SYN to an address, and at once what comes of it.
func scan(open bool) func(*flooder, uint32) {
	return func(f *flooder, i uint32) {
		p := turned(from(i, syn, 0))
		p.fromServer = false
		answer := turned(p)
		answer.fromServer = true
		f.emit(f.usual(p))
		answer.seq, answer.ack = scatter(p.seq), p.seq+1
		if !open {
			answer.flags, answer.window = rst|ack, 0
			answer.seq = 0
			f.emit(answer)
			return
		}
		answer.flags = syn | ack
		f.emit(f.usual(answer))
		p.flags, p.seq, p.window, p.options = rst, p.seq+1, 0, nil
		f.emit(p)
	}
}

// turned returns the packet with its ends exchanged.
func turned(p packet) packet {
	p.source, p.target = p.target, p.source
	p.sourcePort, p.targetPort = p.targetPort, p.sourcePort
	p.fromServer = !p.fromServer
	return p
}

func backscatter(f *flooder, i uint32) { f.emit(f.usual(turned(from(i, syn|ack, 0)))) }

func randomFlags(f *flooder, i uint32) {
	f.emit(from(i, byte(f.rng.Uint32()), 0))
}

// fragments sends the beginning of a datagram and a piece from far behind, with
// nothing between them.
func fragments(f *flooder, i uint32) {
	p := from(i, syn, 64)
	p.options = f.synOptions(0, windowScale)
	p.more = true
	f.emit(p)
	f.counts.Connections, f.counts.Bytes = 0, 0 // no datagram is ever whole
	p.offset, p.payload, p.options = 60_000, 64, nil
	f.emit(p)
}
