package sockets

import (
	"net/netip"
	"sync"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/process"
	"github.com/tcpflow-states/tcpflow-states/internal/recent"
)

// Table remembers whose the sockets of connections are. It is safe for concurrent use.
type Table struct {
	questions chan question
	now       func() time.Time

	mu      sync.Mutex
	last    uint64
	known   recent.Map[ends, *asking] // those that the latest SYNs were between
	asked   map[uint64]*use           // by the number of a question, while it may be answered
	atFirst map[ends][]answer
	second  fsm.Time // of the latest SYN
	asks    int      // in that second
	closed  bool
}

// maxRemembered bounds the ends that are remembered, twice.
const maxRemembered = 1 << 13

// ends are those of a connection, in their order.
type ends [2]netip.AddrPort

func endsOf(a, b netip.AddrPort) ends {
	a, b = netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), netip.AddrPortFrom(b.Addr().Unmap(), b.Port())
	if b.Compare(a) < 0 {
		return ends{b, a}
	}
	return ends{a, b}
}

// asking is what was asked about two ends: the latest uses of them.
type asking struct{ uses []*use }

// maxUses bounds the connections that are remembered of two ends.
const maxUses = 4

// use is one connection between two ends, which began with a SYN.
type use struct {
	id      uint64
	at      fsm.Time
	syn     fsm.Seq
	answers []answer
	late    bool
}

// NewTable returns one that nothing is asked through yet.
func NewTable() *Table {
	return &Table{questions: make(chan question, maxWaiting), now: time.Now, asked: map[uint64]*use{}, atFirst: map[ends][]answer{}}
}

// Close ends the asking.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.questions)
	}
}

// Opens asks whose a connection is that a SYN begins, unless it was asked before. It does not
// wait: where there is much to ask, some is not.
func (t *Table) Opens(src, dst netip.AddrPort, syn fsm.Seq, at fsm.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || !t.mayAsk(at) {
		return
	}
	key := endsOf(src, dst)
	of := t.of(key)
	for _, u := range of.uses {
		if u.syn == syn {
			return
		}
	}
	t.last++
	u := &use{id: t.last, at: at, syn: syn}
	select {
	case t.questions <- question{t.last, key}:
	default:
		return
	}
	if of.uses = append(of.uses, u); len(of.uses) > maxUses {
		delete(t.asked, of.uses[0].id)
		of.uses = of.uses[1:]
	}
	t.asked[u.id] = u
	if len(t.asked) > maxRemembered { // those before can hardly be answered any more
		t.asked = map[uint64]*use{u.id: u}
	}
}

// mayAsk bounds how often is asked in a second of the capture: a flood must not keep the
// processor busy with whose it is.
func (t *Table) mayAsk(at fsm.Time) bool {
	if second := at / fsm.Second; second != t.second {
		t.second, t.asks = second, 0
	}
	t.asks++
	return t.asks <= maxRate
}

// of returns what was asked about two ends.
func (t *Table) of(key ends) *asking {
	of, known := t.known.Renew(key, maxRemembered)
	if !known {
		of = new(asking)
		t.known.Put(key, of, maxRemembered)
	}
	return of
}

// lateAfter is how long after the SYN a socket may have been passed on to another process.
const lateAfter = time.Second

// answered takes in an answer.
func (t *Table) answered(a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(a.Owners) > maxOwners {
		return
	}
	if a.ID == 0 {
		if len(t.atFirst) < maxAtFirst {
			key := endsOf(a.Local, a.Peer)
			t.atFirst[key] = append(t.atFirst[key], *a)
		}
		return
	}
	u := t.asked[a.ID]
	if u == nil || len(u.answers) == 2 {
		return
	}
	u.answers = append(u.answers, *a)
	u.late = u.late || t.now().Sub(time.Unix(0, int64(u.at))) > lateAfter
	if len(u.answers) == 2 {
		delete(t.asked, a.ID)
	}
}

// Describe adds to a record whose the connection is.
func (t *Table) Describe(c *record.Connection) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := endsOf(netip.AddrPortFrom(c.Client.IP, c.Client.Port), netip.AddrPortFrom(c.Server.IP, c.Server.Port))
	if of, known := t.known.Get(key); known {
		for _, u := range of.uses {
			if u.begins(c) {
				add(c, u.answers, u.late)
				return
			}
		}
	}
	if c.Quality.Midstream {
		add(c, t.atFirst[key], false)
	}
}

// begins reports whether it is this connection's SYN.
func (u *use) begins(c *record.Connection) bool {
	for side, has := range c.Handshake.HasISN {
		if has && c.Handshake.ISN[side] == u.syn && u.at <= c.Last+fsm.Second {
			return true
		}
	}
	return false
}

// add adds the owners of answers to a record.
func add(c *record.Connection, answers []answer, late bool) {
	client := netip.AddrPortFrom(c.Client.IP, c.Client.Port)
	for side := fsm.Client; side <= fsm.Server; side++ {
		for i := range answers {
			if a := &answers[i]; (a.Local == client) == (side == fsm.Client) {
				c.MoreOwners = c.MoreOwners || a.More
				c.Owners = appendOwners(c.Owners, a.Owners, side, late)
			}
		}
	}
}

func appendOwners(list []record.Owner, of []process.Process, side fsm.Side, late bool) []record.Owner {
	for i := range of {
		o := record.Owner{Process: &of[i], Side: side, HasSide: true, Source: record.OwnerOfSocket}
		if late {
			o.Source = record.OwnerFoundLate
		}
		list = append(list, o)
	}
	return list
}
