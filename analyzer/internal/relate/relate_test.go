package relate

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// asked returns a connection that a SYN with a timestamp began.
func asked(id uint64, client, server uint16, isn fsm.Seq, tsVal uint32, at fsm.Time) *record.Connection {
	c := &record.Connection{ID: id, Client: record.Addr{Port: client}, Server: record.Addr{Port: server}, First: at, Last: at + fsm.Second, FirstFrame: fsm.NewFrame(0, id)}
	h := &c.Handshake
	h.SYN, h.ISN[fsm.Client], h.HasISN[fsm.Client] = c.FirstFrame, isn, true
	h.Options[fsm.Client] = record.Options{Seen: true, MSS: 1460, Timestamps: tsVal != 0, TSVal: tsVal}
	return c
}

// TestSYNs holds which connections with SYNs are linked.
func TestSYNs(t *testing.T) {
	refused := asked(2, 1, 9, 100, 7, 0)
	refused.Close.ResetBy, refused.Handshake.SYNACK = "client", fsm.NewFrame(0, 3)
	for name, test := range map[string]struct {
		second *record.Connection
		kind   record.RelatedKind
	}{
		"destination translated":   {asked(2, 1, 9, 100, 7, 0), record.RelatedTranslated},
		"source translated":        {asked(2, 8, 2, 100, 7, 0), record.RelatedTranslated},
		"both translated":          {asked(2, 8, 9, 100, 7, fsm.Second), record.RelatedTranslated},
		"the answer refused":       {refused, record.RelatedBypasses},
		"the same in another tag":  {asked(2, 1, 2, 100, 7, 0), record.RelatedLeg},
		"another number":           {asked(2, 1, 9, 101, 7, 0), ""},
		"another timestamp":        {asked(2, 1, 9, 100, 8, 0), ""},
		"a scan without timestamp": {asked(2, 1, 9, 100, 0, 0), ""},
		"a minute later":           {asked(2, 1, 9, 100, 7, 60*fsm.Second), ""},
	} {
		var o Observer
		first := asked(1, 1, 2, 100, 7, 0)
		if name == "a scan without timestamp" {
			first = asked(1, 1, 2, 100, 0, 0)
		}
		o.Add(first)
		o.Add(test.second)
		var kind record.RelatedKind
		if r := test.second.Related; len(r) == 1 && r[0].ID == 1 {
			kind = r[0].Kind
		}
		if kind != test.kind || len(first.Related) > 0 {
			t.Errorf("%s: %q", name, kind)
		}
	}
}

// TestBound holds that no more than a bounded number of connections is remembered.
func TestBound(t *testing.T) {
	var o Observer
	for i := range uint64(2*most + 5) {
		o.Add(asked(i+1, uint16(i), 2, fsm.Seq(i), 7, 0))
	}
	o.latestOf(end{})
	syns, synsBefore := o.bySYN.Len()
	ends, endsBefore := o.byEnd.Len()
	for i, n := range []int{syns, synsBefore, ends, endsBefore, len(o.sights)} {
		if n > most {
			t.Errorf("%d: %d are remembered", i, n)
		}
	}
	// Each one added forgets one more.
	for _, test := range []struct {
		isn    fsm.Seq
		linked int
	}{{3, 0}, {most + 5, 0}, {most + 7, 1}} {
		late := asked(1<<30, 1, 9, test.isn, 7, 0)
		o.Add(late)
		if len(late.Related) != test.linked {
			t.Errorf("number %d is linked to %d", test.isn, len(late.Related))
		}
	}
}

// TestBypassed holds that a SYN without an answer and the SYN-ACK that answers it from
// another address are linked, whichever is written first, and no others.
func TestBypassed(t *testing.T) {
	syn := func() *record.Connection { return asked(1, 1, 9, 100, 7, 0) }
	answer := func(server uint16, ack fsm.Seq) *record.Connection {
		c := &record.Connection{ID: 2, Client: record.Addr{Port: 1}, Server: record.Addr{Port: server}, Last: fsm.Second, FirstFrame: fsm.NewFrame(0, 2)}
		c.Quality.Midstream, c.Joined = true, record.Joined{From: fsm.Server, Seq: 1 << 30, Ack: ack}
		c.Handshake.SYNACK, c.Close.ResetBy = c.FirstFrame, "client"
		return c
	}
	heard := syn()
	heard.Traffic[fsm.Server].Packets = 1
	for name, test := range map[string]struct {
		syn, answer *record.Connection
		linked      bool
	}{
		"its answer":            {syn(), answer(2, 101), true},
		"another's":             {syn(), answer(2, 102), false},
		"from where it went":    {syn(), answer(9, 101), false},
		"one that was answered": {heard, answer(2, 101), false},
	} {
		for _, first := range []*record.Connection{test.syn, test.answer} {
			second := test.answer
			if first == second {
				second = test.syn
			}
			var o Observer
			first.Related, second.Related = nil, nil
			o.Add(first)
			o.Add(second)
			links, more := o.Links()
			if linked := len(second.Related) == 1 && second.Related[0].Kind == record.RelatedBypasses && second.Related[0].ID == first.ID; linked != test.linked || len(links) != len(second.Related) || more > 0 {
				t.Errorf("%s, number %d first: %+v, %+v", name, first.ID, second.Related, links)
			}
		}
	}
}

// TestLegsLinked holds that legs are linked by what they share, whatever their numbers.
func TestLegsLinked(t *testing.T) {
	a, b, c := asked(1, 1, 2, 100, 0, 0), asked(2, 1, 2, 200, 0, 0), asked(3, 1, 2, 300, 0, 0)
	a.LegOf, b.LegOf = a.FirstFrame, a.FirstFrame
	var o Observer
	for _, x := range []*record.Connection{a, b, c} {
		o.Add(x)
	}
	if links, _ := o.Links(); len(links) != 1 || links[0] != (record.Link{IDs: [2]uint64{1, 2}, Kind: record.RelatedLeg}) || len(b.Related) != 1 || len(c.Related) > 0 {
		t.Errorf("%+v", links)
	}
}

// TestContinues holds that a connection that the capture joined is linked to the latest of its
// client that is still remembered, if it goes on with its numbers.
func TestContinues(t *testing.T) {
	joined := func(id uint64) *record.Connection {
		c := &record.Connection{ID: id, Client: record.Addr{Port: 1}, Server: record.Addr{Port: 9}, Last: fsm.Second, FirstFrame: fsm.NewFrame(0, id)}
		c.Quality.Midstream, c.Joined = true, record.Joined{From: fsm.Server, Seq: 5000, Ack: 300}
		return c
	}
	var o Observer
	id := uint64(0)
	add := func(client uint16, next [2]fsm.Seq) {
		id++
		c := asked(id, client, 2, fsm.Seq(id), 7, 0)
		c.Tail[fsm.Client].Next, c.Tail[fsm.Server].Next = next[0], next[1]
		c.Traffic[fsm.Client].Packets, c.Traffic[fsm.Server].Packets = 1, 1
		o.Add(c)
	}
	linked := func() uint64 {
		id++
		c := joined(id)
		o.Add(c)
		if len(c.Related) == 0 {
			return 0
		}
		return c.Related[0].ID
	}
	add(1, [2]fsm.Seq{300, 5000})
	add(2, [2]fsm.Seq{300, 5000})
	if got := linked(); got != 1 {
		t.Errorf("linked to %d", got)
	}
	if got := linked(); got != 0 { // the latest of the client is now the one before, at no number
		t.Errorf("then linked to %d", got)
	}
	add(1, [2]fsm.Seq{300, 5000})
	for range most - 1 {
		add(3, [2]fsm.Seq{})
	}
	if got := linked(); got != 5 {
		t.Errorf("as the last remembered it is %d", got)
	}
	add(1, [2]fsm.Seq{300, 5000})
	for range most {
		add(3, [2]fsm.Seq{})
	}
	if got := linked(); got != 0 {
		t.Errorf("linked to the forgotten %d", got)
	}
}
