package pipeline

import (
	"bytes"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/skew"
)

// prelude is a capture's first packets, kept back until there are enough of them to
// tell what kind of capture it is: whether a mirror put each packet in twice, and
// whether the clocks of the two directions differ. Judged one by one the first
// packets of such a capture would look like a network's or a host's doing.
type prelude struct {
	packets []decode.Packet
	data    []byte
	firsts  []firstFragment
}

// firstFragment is the first fragment of a packet whose others may not be in the capture:
// that the prelude's end shows.
type firstFragment struct {
	raw  decode.Raw
	kind int
	at   int // its place among the prelude's packets
}

// maxFirstFragment is how much is kept of one: more than the headers of a tunnel and of
// what it carries.
const maxFirstFragment = 512

// preludePackets is how many packets are looked at before any is tracked.
const preludePackets = 4096

// begin takes one of the first packets.
func (a *Analyzer) begin(raw *decode.Raw) {
	q := a.prelude
	q.packets = append(q.packets, decode.Packet{})
	last := len(q.packets) - 1
	if p := &q.packets[last]; a.ingest.decode(raw, p) {
		start := len(q.data)
		q.data = append(q.data, p.Payload[:min(len(p.Payload), keptPayload)]...)
		p.Payload = q.data[start:len(q.data):len(q.data)]
	} else {
		q.packets = q.packets[:last]
		if kind, ok := a.ingest.decoder.FirstFragment(); ok {
			kept := *raw
			kept.Length = max(raw.Length, len(raw.Data))
			kept.Data = bytes.Clone(raw.Data[:min(len(raw.Data), maxFirstFragment)])
			q.firsts = append(q.firsts, firstFragment{kept, kind, last})
		}
	}
	if len(q.packets) == preludePackets || a.ingest.packets == 4*preludePackets {
		a.endPrelude()
	}
}

// endPrelude learns from the first packets, and tracks them.
func (a *Analyzer) endPrelude() {
	q := a.prelude
	a.prelude = nil
	a.takeFirstFragments(q)
	a.dedup.Learn(q.packets)
	if s := skew.Estimate(q.packets); s.Active() {
		a.reorder = skew.NewReorder(s)
		a.ingest.streams.doubt = true // what follows is in another order than in the file
		for i := range q.packets {
			q.packets[i].StreamDoubt = true
		}
	}
	for i := range q.packets {
		if a.reorder != nil {
			a.reorder.Add(&q.packets[i], a.track)
		} else {
			a.track(&q.packets[i])
		}
	}
}

// track puts a packet decoded before into the batch.
func (a *Analyzer) track(p *decode.Packet) {
	if a.ingest.batchEnds(p.Time, a.opt.Immediate) {
		a.endBatch(a.ingest.now)
	}
	*a.batch.next() = *p
	a.batch.next().Ordinal = a.ingest.fed
	a.batch.add()
}

// takeFirstFragments decodes the first fragments whose others are not in the capture, as
// far as the prelude shows, and puts them where they belong.
func (a *Analyzer) takeFirstFragments(q *prelude) {
	a.ingest.decoder.LooksAhead = false
	put := 0
	for i := range q.firsts {
		x := &q.firsts[i]
		if !a.ingest.decoder.DecodeAlone(x.kind) {
			continue
		}
		a.ingest.skipped[decode.Fragment]--
		var p decode.Packet
		if a.ingest.decode(&x.raw, &p) {
			q.packets = slices.Insert(q.packets, x.at+put, p)
			put++
		}
	}
	q.firsts = nil
}
