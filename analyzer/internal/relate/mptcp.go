package relate

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what version 0 is defined with (RFC 6824 §3.2)
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// mostGroups bounds the MPTCP connections that are remembered, the oldest forgotten first.
const mostGroups = 1 << 12

// Multipath finds the subflows of each MPTCP connection. A further subflow names the
// connection by a token, which stands for the key of the side that it goes to
// (RFC 8684 §3.2). The zero value has seen none.
type Multipath struct {
	byToken map[uint32]*group
	order   []*group // oldest first
	sum     record.MPTCPSummary
	codes   map[record.MPTCPVerdict]uint64
}

// group is one MPTCP connection.
type group struct {
	tokens   []uint32 // by which it is known: of both keys, or the one that a join named
	keys     [2]record.MPTCPKey
	version  uint8
	initial  uint64   // ID of its first subflow; 0 where that is not known
	members  []member // its subflows, as many as are kept
	subflows uint64
	closing  closing
}

// member is one subflow.
type member struct {
	id    uint64
	syn   fsm.Frame
	token uint32 // that it named to join
}

// Add links the connection with those of its MPTCP connection that were written before.
func (o *Multipath) Add(c *record.Connection) {
	m := c.MPTCP
	if o.byToken == nil {
		o.byToken, o.codes = make(map[uint32]*group), make(map[record.MPTCPVerdict]uint64)
	}
	switch {
	case m.State == record.MPTCPRefused:
		o.sum.Refused++
		o.name(c, m)
	case m.State == record.MPTCPOffered:
		o.sum.Unanswered++
		o.name(c, m)
	case m.Role == record.MPTCPInitial:
		o.addInitial(c, m)
	case m.Role == record.MPTCPSubflow && m.Join.Frame != 0:
		o.addJoin(c, m)
	default:
		o.sum.Untold++
	}
}

// name links a join that came to nothing with the MPTCP connection that it named.
func (o *Multipath) name(c *record.Connection, m *record.MPTCP) {
	g := o.byToken[m.Join.Token]
	if m.Role != record.MPTCPSubflow || g == nil || len(g.members) == 0 {
		return
	}
	frames := []fsm.Frame{m.Join.Frame}
	if f := g.keyFrame(m.Join.Token); f != 0 {
		frames = []fsm.Frame{f, m.Join.Frame}
		slices.Sort(frames)
	}
	c.Related = append(c.Related, record.Related{ID: g.members[0].id, Kind: record.RelatedMPTCP, Frames: frames})
}

// addInitial takes a first subflow. Further ones of it may have been written before.
func (o *Multipath) addInitial(c *record.Connection, m *record.MPTCP) {
	var g *group
	for side := range m.Keys {
		if k := &m.Keys[side]; k.Frame == 0 {
			continue
		} else if x := o.byToken[k.Token]; x != nil && x.initial == 0 {
			o.sum.Unjoined -= x.subflows
			o.sum.Joined += x.subflows
			if fsm.Side(side) == fsm.Client {
				x.closing.turn() // they go to the client
			}
			if g == nil {
				g = x
			} else {
				o.merge(g, x)
			}
		}
	}
	if g == nil {
		g = o.begin()
	}
	g.initial, g.keys, g.version = c.ID, m.Keys, m.Version
	for side := range m.Keys {
		if k := &m.Keys[side]; k.Frame != 0 && !slices.Contains(g.tokens, k.Token) {
			g.tokens = append(g.tokens, k.Token)
			o.byToken[k.Token] = g
		}
	}
	o.link(g, c, c.Handshake.SYN)
}

// addJoin takes a further subflow.
func (o *Multipath) addJoin(c *record.Connection, m *record.MPTCP) {
	g := o.byToken[m.Join.Token]
	if g != nil && g.initial != 0 && !g.proves(m) {
		g = nil // the same token by chance
	}
	if g == nil {
		g = o.begin()
		g.tokens = append(g.tokens, m.Join.Token)
		if o.byToken[m.Join.Token] == nil {
			o.byToken[m.Join.Token] = g
		}
	}
	if g.initial != 0 {
		o.sum.Joined++
	} else {
		o.sum.Unjoined++
	}
	o.link(g, c, m.Join.Frame)
}

// proves reports whether the answer to a join was made with the keys of the connection,
// as far as the capture holds them: its HMAC tells (RFC 8684 §3.2).
func (g *group) proves(m *record.MPTCP) bool {
	if m.Join.SYNACK == 0 || g.keys[0].Frame == 0 || g.keys[1].Frame == 0 {
		return true
	}
	to := fsm.Server // whose key the join names
	if g.keys[fsm.Client].Token == m.Join.Token {
		to = fsm.Client
	}
	digest := func() hash.Hash { return sha256.New() }
	if g.version == 0 {
		digest = func() hash.Hash { return sha1.New() } //nolint:gosec // as above
	}
	var key [16]byte
	binary.BigEndian.PutUint64(key[:], g.keys[to].Key)
	binary.BigEndian.PutUint64(key[8:], g.keys[to.Peer()].Key)
	var nonces [8]byte
	binary.BigEndian.PutUint32(nonces[:], m.Join.Nonce[fsm.Server])
	binary.BigEndian.PutUint32(nonces[4:], m.Join.Nonce[fsm.Client])
	h := hmac.New(digest, key[:])
	h.Write(nonces[:])
	return binary.BigEndian.Uint64(h.Sum(nil)) == m.Join.HMAC
}

// begin makes room for an MPTCP connection.
func (o *Multipath) begin() *group {
	if len(o.order) == mostGroups {
		o.forget(o.order[0])
		o.order = o.order[1:]
		o.sum.Forgotten++
	}
	g := &group{}
	o.order = append(o.order, g)
	return g
}

// forget writes an MPTCP connection's verdict: no subflow will be found to be its any
// more.
func (o *Multipath) forget(g *group) {
	for _, token := range g.tokens {
		if o.byToken[token] == g {
			delete(o.byToken, token)
		}
	}
	if g.subflows == 0 {
		return // merged into another
	}
	o.sum.Connections++
	o.sum.Subflows += g.subflows
	v := g.verdict()
	o.codes[v.Verdict]++
	o.sum.List = append(o.sum.List, v)
	if len(o.sum.List) > 2*record.MaxMPTCPGroups {
		o.tidyList()
	}
}

// tidyList keeps those of the lowest IDs.
func (o *Multipath) tidyList() {
	slices.SortFunc(o.sum.List, func(a, b record.MPTCPGroup) int { return cmp.Compare(a.IDs[0], b.IDs[0]) })
	o.sum.List = o.sum.List[:min(len(o.sum.List), record.MaxMPTCPGroups)]
}

// merge takes the subflows of x, which are g's.
func (o *Multipath) merge(g, x *group) {
	for _, token := range x.tokens {
		o.byToken[token] = g
	}
	g.tokens = append(g.tokens, x.tokens...)
	n := min(len(x.members), record.MaxMPTCPSubflows-len(g.members))
	g.members = append(g.members, x.members[:n]...)
	g.subflows += x.subflows
	g.closing.merge(&x.closing)
	*x = group{}
}

// link makes the connection a subflow and names it the others, each with the SYNs of both
// and, where one is the first subflow, what shows the key that the other joined by.
func (o *Multipath) link(g *group, c *record.Connection, syn fsm.Frame) {
	m := c.MPTCP
	if syn == 0 {
		syn = c.FirstFrame
	}
	this := member{c.ID, syn, m.Join.Token}
	for _, x := range g.members[:min(len(g.members), maxRelated)] {
		frames := []fsm.Frame{x.syn, syn}
		switch g.initial {
		case x.id:
			frames = append(frames, g.keyFrame(this.token))
		case c.ID:
			frames = append(frames, g.keyFrame(x.token))
		}
		slices.Sort(frames)
		frames = slices.Compact(frames)
		if frames[0] == 0 {
			frames = frames[1:]
		}
		c.Related = append(c.Related, record.Related{ID: x.id, Kind: record.RelatedMPTCP, Frames: frames})
	}
	g.subflows++
	if len(g.members) < record.MaxMPTCPSubflows {
		g.members = append(g.members, this)
	}
	g.closing.add(c, m.Role == record.MPTCPSubflow && g.keys[fsm.Client].Frame != 0 && g.keys[fsm.Client].Token == m.Join.Token)
}

// maxRelated is how many other subflows a record names.
const maxRelated = 8

// keyFrame returns the frame that shows the key with the token, 0 for none.
func (g *group) keyFrame(token uint32) fsm.Frame {
	for side := range g.keys {
		if k := &g.keys[side]; k.Frame != 0 && k.Token == token {
			return k.Frame
		}
	}
	return 0
}

// Summary returns what there was, nil for nothing. Nothing may be added any more.
func (o *Multipath) Summary() *record.MPTCPSummary {
	if o.byToken == nil {
		return nil
	}
	for _, g := range o.order {
		o.forget(g)
	}
	o.order = nil
	o.tidyList()
	for code, n := range o.codes {
		o.sum.Verdicts = append(o.sum.Verdicts, record.MPTCPCount{Code: code, N: n})
	}
	slices.SortFunc(o.sum.Verdicts, func(a, b record.MPTCPCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Code, b.Code)) })
	return &o.sum
}
