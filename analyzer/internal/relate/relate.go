// Package relate finds connections that belong together: one connection under two
// addresses, or on both sides of a tag. It sees the records in the order in which they
// are written, and links each to those before it, since a record is written once.
package relate

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/recent"
)

// most bounds the connections that are remembered, the oldest forgotten first.
const most = 1 << 15

// Observer remembers the connections that were written. The zero value has seen none.
type Observer struct {
	bySYN   recent.Map[uint64, uint64]    // which connection, counted from 1, by synKey.hash
	byLeg   recent.Map[fsm.Frame, uint64] // likewise
	byEnd   recent.Map[end, uint64]       // the latest by its client, of those noted there
	silent  map[end]unanswered            // SYNs that nobody answered, by who sent them
	unasked map[end]unanswered            // SYN-ACKs that their receiver refused and whose SYN it sent to another address, if any
	links   []record.Link
	more    uint64
	sights  []sight // of the latest, a ring
	written uint64
	byEnds  uint64 // how many of them were noted in byEnd
}

// synKey is what a SYN keeps when its addresses are translated. Both numbers are chosen
// anew for each connection, so that two agree by chance once in 2^64; a scanner may choose
// the same numbers for all, but no timestamps.
type synKey struct {
	isn   fsm.Seq
	tsVal uint32
	mss   uint16
}

// hash returns a number that is another for another key, but for one pair of keys in 2^64:
// maps with numbers as keys are several times as fast.
func (k synKey) hash() uint64 {
	return (uint64(k.isn)<<32 | uint64(k.tsVal)) ^ uint64(k.mss)*0x9e3779b97f4a7c15
}

// end is an address and a port. There are many, and without a pointer in them the garbage
// collector passes them by.
type end struct {
	ip   [16]byte
	port uint16
}

func endOf(a record.Addr) end {
	if !a.IP.IsValid() { // unlike any address
		return end{port: a.Port}
	}
	return end{a.IP.As16(), a.Port}
}

// sight is what is kept of a connection.
type sight struct {
	id             uint64
	syn            synKey
	client, server end
	first, last    fsm.Time
	frame          fsm.Frame
	next           [2]fsm.Seq // where hasNext says that they are known
	hasNext        bool
}

// unanswered is a SYN or a SYN-ACK that the other side's fits.
type unanswered struct {
	sight
	isn fsm.Seq // of the client
}

// Add links the connection to those before it.
func (o *Observer) Add(c *record.Connection) {
	syn, hasSYN := keyOf(c)
	if x := o.seen(o.byLeg.Get(c.LegOf)); x != nil && c.LegOf != 0 {
		frames := []fsm.Frame{x.frame}
		for _, f := range [...]fsm.Frame{c.FirstFrame, c.Handshake.SYNACK} {
			if f != 0 && f != x.frame { // they may share a SYN
				frames = append(frames, f)
			}
		}
		c.Related = append(c.Related, record.Related{ID: x.id, Kind: record.RelatedLeg, Frames: frames})
	} else if hasSYN {
		if x := o.seen(o.bySYN.Get(syn.hash())); x != nil && x.syn == syn && near(x, c) {
			c.Related = append(c.Related, record.Related{ID: x.id, Kind: kind(x, c), Frames: []fsm.Frame{x.frame, c.FirstFrame}})
		}
	} else if c.Quality.Midstream {
		if x := o.latestOf(endOf(c.Client)); x != nil {
			o.continues(x, c)
		}
	}
	if len(c.Related) == 0 {
		o.unanswered(c)
	}
	for i := range c.Related {
		r := &c.Related[i]
		if len(o.links) == mostLinks {
			o.more++
			continue
		}
		o.links = append(o.links, record.Link{IDs: [2]uint64{r.ID, c.ID}, Kind: r.Kind})
	}
	o.remember(c, syn, hasSYN)
}

// mostLinks bounds the links that are kept; more are counted.
const mostLinks = 1 << 12

// Links returns the links of all connections, and how many there were beyond those kept.
func (o *Observer) Links() ([]record.Link, uint64) { return o.links, o.more }

// unanswered links a SYN that nobody answered to the SYN-ACK that answers it from an
// address that its sender did not ask.
func (o *Observer) unanswered(c *record.Connection) {
	h := &c.Handshake
	var here, there *map[end]unanswered
	var isn fsm.Seq
	switch {
	case h.SYN != 0 && h.HasISN[fsm.Client] && c.Traffic[fsm.Server].Packets == 0:
		here, there, isn = &o.silent, &o.unasked, h.ISN[fsm.Client]
	case c.Quality.Midstream && c.Joined.From == fsm.Server && h.SYNACK == c.FirstFrame && c.Close.ResetBy == fsm.Client.String():
		here, there, isn = &o.unasked, &o.silent, c.Joined.Ack-1
	default:
		return
	}
	client := endOf(c.Client)
	if x, ok := (*there)[client]; ok && x.isn == isn && x.server != endOf(c.Server) && near(&x.sight, c) {
		c.Related = append(c.Related, record.Related{ID: x.id, Kind: record.RelatedBypasses, Frames: []fsm.Frame{x.frame, c.FirstFrame}})
	}
	switch {
	case *here == nil:
		*here = make(map[end]unanswered)
	case len(*here) >= most:
		clear(*here) // a flood; what it hides is not much
	}
	(*here)[client] = unanswered{sightOf(c), isn}
}

// keyOf returns what the connection's SYN keeps; without timestamps that is too little.
func keyOf(c *record.Connection) (synKey, bool) {
	h := &c.Handshake
	p := &h.Options[fsm.Client]
	return synKey{h.ISN[fsm.Client], p.TSVal, p.MSS}, h.SYN != 0 && h.HasISN[fsm.Client] && p.Timestamps && p.TSVal != 0
}

// near reports whether the connection began while the other was in use, or just after.
func near(x *sight, c *record.Connection) bool {
	const within = 10 * fsm.Second
	return c.First-x.last <= within && x.first-c.Last <= within
}

// kind says how two connections with one SYN belong together.
func kind(x *sight, c *record.Connection) record.RelatedKind {
	sameClient := x.client == endOf(c.Client)
	switch {
	case sameClient && x.server == endOf(c.Server):
		return record.RelatedLeg
	case sameClient && c.Close.ResetBy == fsm.Client.String() && !c.Handshake.Complete && c.Handshake.SYNACK != 0:
		// The answer comes from the address that the SYN was translated to, and the client
		// does not know it.
		return record.RelatedBypasses
	}
	return record.RelatedTranslated
}

// continues links a connection whose SYN was not captured to one of the same client, if
// its first segment goes on with the numbers that the other's server had come to.
func (o *Observer) continues(x *sight, c *record.Connection) {
	const window = 1 << 16
	if !x.hasNext || !c.Quality.Midstream || endOf(c.Server) == x.server || !near(x, c) || c.Joined.From != fsm.Server {
		return
	}
	if c.Joined.Seq.Apart(x.next[fsm.Server]) > window || c.Joined.Ack.Apart(x.next[fsm.Client]) > window {
		return
	}
	c.Related = append(c.Related, record.Related{ID: x.id, Kind: record.RelatedBypasses, Frames: []fsm.Frame{c.FirstFrame}})
}

// remember keeps the connection for those that come.
func (o *Observer) remember(c *record.Connection, syn synKey, hasSYN bool) {
	x := sightOf(c)
	x.syn = syn
	if len(o.sights) < most {
		o.sights = append(o.sights, x)
	} else {
		o.sights[o.written%most] = x
	}
	o.written++
	if c.LegOf != 0 {
		o.byLeg.Put(c.LegOf, o.written, most)
	}
	if hasSYN {
		o.bySYN.Put(syn.hash(), o.written, most)
	}
}

// latestOf returns what is kept of the latest connection of a client, or nil. It is asked
// for connections that the capture joined only, so that it is not until then that the
// others are noted.
func (o *Observer) latestOf(client end) *sight {
	for n := max(o.byEnds, o.written-min(o.written, most)) + 1; n <= o.written; n++ {
		o.byEnd.Put(o.sights[(n-1)%most].client, n, most)
	}
	o.byEnds = o.written
	return o.seen(o.byEnd.Get(client))
}

func sightOf(c *record.Connection) sight {
	return sight{
		id: c.ID, client: endOf(c.Client), server: endOf(c.Server), first: c.First, last: c.Last, frame: c.FirstFrame,
		next:    [2]fsm.Seq{c.Tail[fsm.Client].Next, c.Tail[fsm.Server].Next},
		hasNext: c.Traffic[fsm.Client].Packets > 0 && c.Traffic[fsm.Server].Packets > 0,
	}
}

// seen returns what is kept of the n-th connection, if there was one; nil of one that is
// forgotten.
func (o *Observer) seen(n uint64, was bool) *sight {
	if !was || o.written-n >= most {
		return nil
	}
	return &o.sights[(n-1)%most]
}
