package pipeline

import (
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
}

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
	}
	if len(q.packets) == preludePackets || a.ingest.packets == 4*preludePackets {
		a.endPrelude()
	}
}

// endPrelude learns from the first packets, and tracks them.
func (a *Analyzer) endPrelude() {
	q := a.prelude
	a.prelude = nil
	a.dedup.Learn(q.packets)
	if s := skew.Estimate(q.packets); s.Active() {
		a.reorder = skew.NewReorder(s)
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
