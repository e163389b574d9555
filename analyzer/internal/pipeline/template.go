package pipeline

import (
	"container/heap"
	"slices"
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check/aggregate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conclude"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/conntrack"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/overview"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Where records are for counting only, clean connections need none of their own, which
// would cost more than all their packets do: the record of the first connection of a
// conntrack.TemplateKey is the template of the others'. That is right only as far as
// nothing else about a clean connection is looked at, so it is done for a kind of clean
// connections only if each check that could look at them says that it may be judged
// once per template, and each detector of package aggregate as well. For short
// connections, whose segments may be any, that is asked of each template.

// templateRules say what may be judged by templates. They are the same for all shards.
type templateRules struct {
	checks   *check.Set
	detected bool                          // the detectors may all be handed templates
	usable   [conntrack.NumCleanKinds]bool // for which kinds of clean connections

	sharing sync.Mutex
	shared  map[conntrack.TemplateKey]*shared // of all shards
}

// shared is a template's record as connections are shown in it, of whichever shards: many
// templates would else be many megabytes, sixteen times over. Only who passes on what the
// shards found looks at it.
type shared struct {
	record record.Connection
	n      uint64 // connections counted by it
	bytes  uint64 // of these
}

// share returns the shared record of a key, a copy of c if there is none yet.
func (r *templateRules) share(key *conntrack.TemplateKey, c *record.Connection) *shared {
	r.sharing.Lock()
	defer r.sharing.Unlock()
	x := r.shared[*key]
	if x == nil {
		x = &shared{record: ofTemplate(c)}
		r.shared[*key] = x
	}
	return x
}

// ofTemplate returns a record to keep.
func ofTemplate(c *record.Connection) record.Connection {
	own := *c
	own.Anomalies = slices.Clone(c.Anomalies)
	own.Exchanges = record.Exchanges{}
	return own
}

func rulesOf(checks *check.Set, detectors *aggregate.Observer) *templateRules {
	r := &templateRules{checks: checks, detected: detectors.OncePerTemplate(), shared: make(map[conntrack.TemplateKey]*shared)}
	for kind := range r.usable {
		meaning, facts := conntrack.CleanKind(kind).Shows()
		r.usable[kind] = r.detected && len(checks.NotOncePerTemplate(meaning, facts)) == 0
	}
	return r
}

// templates are those that a shard knows.
type templates struct {
	*templateRules
	known     map[conntrack.TemplateKey]*template
	latest    *template // that was used, of latestKey
	latestKey conntrack.TemplateKey
	learning  *conntrack.TemplateKey // of the connection under way, which will be the first of it
	own       int                    // Options.OwnRecords
	shown     overview.Shown         // what problems tell of
	chooses   bool                   // connections, which takes records that no other shard shows any in
}

// template is what is known of the connections of a key.
type template struct {
	shared  *shared            // nil if each connection is to be judged by itself
	record  *record.Connection // the shard's own, if templates.chooses
	quality record.Quality     // what one of them shows of the capture's faults
	own     lowest             // connections that got records of their own
	wrong   *overview.Causes   // what problems tell of them
	left    bool               // they are not chosen, with Options.ChooseByKind
}

// lowest is a heap of the lowest numbers seen, the highest of them first.
type lowest []uint64

func (l lowest) Len() int           { return len(l) }
func (l lowest) Less(i, j int) bool { return l[i] > l[j] }
func (l lowest) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lowest) Push(x any)        { *l = append(*l, x.(uint64)) }
func (l *lowest) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	*l = (*l)[:last]
	return x
}

// takes reports whether n is among the most lowest numbers so far.
func (l *lowest) takes(n uint64, most int) bool {
	switch {
	case len(*l) < most:
		heap.Push(l, n)
		return true
	case most == 0 || n > (*l)[0]:
		return false
	}
	(*l)[0] = n
	heap.Fix(l, 0)
	return true
}

// maxTemplates bounds the templates of a shard; clean connections of more of them are
// judged one by one.
const maxTemplates = 1024

// learn makes the record of the connection under way a template, if it is to be one. left
// says that the connection is not chosen.
func (t *templates) learn(f *flow.Flow, c *record.Connection, left bool) {
	if t.learning == nil {
		return
	}
	key := *t.learning
	t.learning = nil
	learned := &template{}
	t.known[key] = learned
	if key.Kind() == conntrack.Short && (!t.detected || overview.Costs(c) || len(t.checks.NotOncePerTemplate(f.Meanings, f.AllFacts)) > 0) {
		return
	}
	if learned.left = left; !left {
		learned.own.takes(f.ID, t.own)
	}
	learned.shared = t.share(&key, c)
	if t.chooses {
		own := ofTemplate(c)
		learned.record = &own
	}
	conclude.CountFaults(&learned.quality, f)
	if left {
		return
	}
	if learned.wrong = t.shown.CausesOf(c); learned.wrong != nil {
		learned.wrong.Shows(c.Server.IP.As16(), c.Server.Port, c.ID, c.Last-max(c.First, c.Tail[0].LastData, c.Tail[1].LastData))
	}
}

// templated is a clean connection for which no record of its own is made. Of a flood there
// are very many, which go from one processor to another, so it is small.
type templated struct {
	conntrack.CleanNumbers // Times.Answers are in memory of the batch
	template               *shared
	kind                   conntrack.CleanKind
	left                   bool // it is not chosen
}

// useTemplate passes a clean connection on if there is a template for it.
func (s *shard) useTemplate(c *conntrack.CleanSummary) bool {
	t := s.templates
	if kind := c.Key.Kind(); kind != conntrack.Short && !t.usable[kind] {
		return false
	}
	known := t.latest
	if known == nil || c.Key != t.latestKey { // in a flood it is the same again and again
		if known = t.known[c.Key]; known == nil {
			if len(t.known) < maxTemplates {
				key := c.Key
				t.learning = &key
			}
			return false
		}
		t.latest, t.latestKey = known, c.Key
	}
	if known.shared == nil {
		return false
	}
	left, tells := s.choice.byTemplate(known, c)
	if !tells {
		s.choice.likely = known
		return false
	}
	if !left {
		own := known.own.takes(c.ID, t.own)
		if known.wrong != nil && known.wrong.Shows(c.Server.IP, c.Server.Port, c.ID, c.Last-max(c.First, c.Times.LastData)) || own {
			return false
		}
	}
	s.ends(c.ID, c.Last, s.now)
	s.pass(known, c, left)
	return true
}

// pass passes a clean connection on for which no record of its own is kept.
func (s *shard) pass(t *template, c *conntrack.CleanSummary, left bool) {
	s.batch.templated = append(s.batch.templated, templated{c.CleanNumbers, t.shared, c.Key.Kind(), left})
	if len(c.Times.Answers) > 0 {
		s.batch.answers = append(s.batch.answers, c.Times.Answers...)
		s.batch.templated[len(s.batch.templated)-1].Times.Answers = s.batch.answers[len(s.batch.answers)-len(c.Times.Answers):]
	}
	conclude.AddFaults(&s.quality, &t.quality)
}

// count counts the connection among those like it.
func (p *templated) count() {
	p.template.n++
	p.template.bytes += p.Bytes[0] + p.Bytes[1]
}

// addTo adds all connections that were counted by templates.
func (r *templateRules) addTo(s *summary) {
	for _, x := range r.shared {
		if x.n > 0 {
			s.addAlike(&x.record, x.n, x.bytes)
		}
	}
}

// show puts what is a connection's own into the record of its template, which looks like its
// record then, as far as sums and findings go, until the next one is shown. The template is
// copied nowhere: it is several kilobytes.
func (p *templated) show() *record.Connection { return showIn(&p.template.record, &p.CleanNumbers) }

func addrOf(e *decode.Endpoint) record.Addr { return record.Addr{IP: e.Addr(), Port: e.Port} }

func showIn(c *record.Connection, p *conntrack.CleanNumbers) *record.Connection {
	c.ID = p.ID
	c.Client = addrOf(&p.Client)
	if c.Server.Port != p.Server.Port {
		c.Service = flow.ServiceName(p.Server.Port)
	}
	c.Server = addrOf(&p.Server)
	c.First, c.Last = p.First, p.Last
	c.FirstFrame, c.LastFrame = p.Frames[0], p.Frames[1]
	c.Lowest, c.Highest = p.Frames[0], p.Frames[1]
	if c.Handshake.SYN != 0 {
		c.Handshake.SYN = p.Frames[0]
	}
	x := &p.Times
	c.Handshake.Took = -1
	if x.Handshake >= 0 {
		c.Handshake.Took = float64(x.Handshake) / 1e9
	}
	c.Exchanges.Answer.Reset()
	for _, t := range p.Times.Answers {
		c.Exchanges.Answer.Add(uint64(t))
	}
	for side := range c.Traffic {
		c.Tail[side].FirstData, c.Tail[side].LastData = x.FirstData, x.LastData
		c.Tail[side].Unanswered = record.Unanswered{}
		c.Traffic[side].Packets = uint64(x.Packets[side])
		c.Handshake.ISN[side] = p.ISN[side]
		c.Handshake.Options[side].TSVal = p.TSVal[side]
		c.Traffic[side].Bytes, c.Traffic[side].UniqueBytes = p.Bytes[side], p.Bytes[side]
	}
	return c
}
