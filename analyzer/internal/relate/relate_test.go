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
	if len(o.bySYN) > most || len(o.byEnd) > most {
		t.Errorf("%d and %d are remembered", len(o.bySYN), len(o.byEnd))
	}
	late := asked(1<<40, 1, 9, 3, 7, 0)
	o.Add(late)
	if len(late.Related) > 0 {
		t.Error("a forgotten connection is linked")
	}
}
