package relate

import (
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What Linux sent when it opened an MPTCP connection and joined a second subflow.
const (
	clientKey, serverKey     = 0x16e2a7e96f74176b, 0x3580318ee98ac307
	clientToken, serverToken = 0xe9bad4e5, 0x17841d73
	clientNonce, serverNonce = 0x5622c9b9, 0xd8e4f908
	joinHMAC                 = 0x62bd7147f9feaca7
)

func frame(n uint64) fsm.Frame { return fsm.NewFrame(0, n) }

// subflow returns a connection that is open.
func subflow(id uint64, m *record.MPTCP) *record.Connection {
	c := &record.Connection{ID: id, FirstFrame: frame(10 * id), MPTCP: m}
	c.Handshake.SYN = c.FirstFrame
	c.State[0].State, c.State[1].State = fsm.Established, fsm.Established
	return c
}

// initial returns a first subflow, join a further one that names the server's key.
func initial(id uint64) *record.Connection {
	return subflow(id, &record.MPTCP{Role: record.MPTCPInitial, State: record.MPTCPInUse, Version: 1, Keys: [2]record.MPTCPKey{
		{Frame: frame(10*id + 2), Key: clientKey, Token: clientToken}, {Frame: frame(10*id + 1), Key: serverKey, Token: serverToken},
	}})
}

func join(id uint64) *record.Connection {
	return subflow(id, &record.MPTCP{Role: record.MPTCPSubflow, State: record.MPTCPInUse, Join: record.MPTCPJoin{
		Frame: frame(10 * id), Token: serverToken, Nonce: [2]uint32{clientNonce, serverNonce}, SYNACK: frame(10*id + 1), HMAC: joinHMAC,
	}})
}

// TestJoined holds that subflows are joined whichever record is written first, by the
// token and the HMAC, and that none is without the key.
func TestJoined(t *testing.T) {
	wrong, noAnswer, other := join(2), join(2), join(2)
	wrong.MPTCP.Join.HMAC++
	noAnswer.MPTCP.Join.SYNACK, noAnswer.MPTCP.Join.HMAC = 0, 0
	other.MPTCP.Join.Token++
	backwards := join(2) // the server began it
	backwards.MPTCP.Join.Token = clientToken
	backwards.MPTCP.Join.SYNACK = 0
	for name, test := range map[string]struct {
		records []*record.Connection
		related string // of the last: IDs and frames
		joined  uint64
		groups  int
	}{
		"in order":              {[]*record.Connection{initial(1), join(2)}, "1:10,11,20", 1, 1},
		"the further one first": {[]*record.Connection{join(2), initial(3)}, "2:20,30,31", 1, 1},
		"by the client's key":   {[]*record.Connection{initial(1), backwards}, "1:10,12,20", 1, 1},
		"another HMAC":          {[]*record.Connection{initial(1), wrong}, "", 0, 2},
		"no answer captured":    {[]*record.Connection{initial(1), noAnswer}, "1:10,11,20", 1, 1},
		"another token":         {[]*record.Connection{initial(1), other}, "", 0, 2},
		"two without the first": {[]*record.Connection{join(2), join(3)}, "2:20,30", 0, 1},
	} {
		var o Multipath
		for _, c := range test.records {
			o.Add(c)
		}
		var got []string
		for _, r := range test.records[len(test.records)-1].Related {
			var frames []string
			for _, f := range r.Frames {
				frames = append(frames, phraseOf(f))
			}
			got = append(got, string(rune('0'+r.ID))+":"+strings.Join(frames, ","))
		}
		s := o.Summary()
		if strings.Join(got, " ") != test.related || s.Joined != test.joined || len(s.List) != test.groups || s.Joined+s.Unjoined != s.Subflows-countInitial(test.records) {
			t.Errorf("%s: related %q, %d joined, %d unjoined, %d MPTCP connections", name, got, s.Joined, s.Unjoined, len(s.List))
		}
	}
}

func phraseOf(f fsm.Frame) string {
	n := f.Number()
	return string(rune('0'+n/10)) + string(rune('0'+n%10))
}

func countInitial(list []*record.Connection) (n uint64) {
	for _, c := range list {
		if c.MPTCP.Role == record.MPTCPInitial {
			n++
		}
	}
	return n
}

// TestJoinInVain holds that a join which came to nothing names the MPTCP connection, and
// is no subflow of it.
func TestJoinInVain(t *testing.T) {
	for _, state := range []record.MPTCPState{record.MPTCPOffered, record.MPTCPRefused} {
		var o Multipath
		vain := join(2)
		vain.MPTCP.State = state
		o.Add(initial(1))
		o.Add(vain)
		s := o.Summary()
		if len(vain.Related) != 1 || vain.Related[0].ID != 1 || !slices.Equal(vain.Related[0].Frames, []fsm.Frame{frame(11), frame(20)}) {
			t.Errorf("%s: related %+v", state, vain.Related)
		}
		if s.Joined != 0 || s.Subflows != 1 || s.Refused+s.Unanswered != 1 {
			t.Errorf("%s: %+v", state, s)
		}
	}
}

// TestMultipathVerdict holds what is said of how an MPTCP connection ended.
func TestMultipathVerdict(t *testing.T) {
	fin := func(c *record.Connection, side fsm.Side, n uint64) {
		c.MPTCP.DataFIN[side] = record.MPTCPDataFIN{Frame: frame(n), DSN: 100}
	}
	ack := func(c *record.Connection, side fsm.Side, n uint64, dsn uint32) {
		c.MPTCP.Acked[side] = record.MPTCPDataAck{Frame: frame(n), DSN: dsn}
	}
	closed := func(c *record.Connection) {
		c.Close.FIN = [2]fsm.Frame{frame(98), frame(99)}
		c.State[0].State, c.State[1].State = fsm.TimeWait, fsm.Closed
	}
	for _, test := range []struct {
		name   string
		change func(a, b *record.Connection)
		code   record.MPTCPVerdict
		sure   bool
		frames []fsm.Frame
	}{
		{"open", func(_, _ *record.Connection) {}, record.MPTCPOpen, true, nil},
		{"a subflow's FIN ends nothing", func(_, b *record.Connection) { closed(b) }, record.MPTCPOpen, true, nil},
		{"half-closed, acknowledged on the other subflow", func(a, b *record.Connection) { fin(a, fsm.Client, 50); ack(b, fsm.Server, 52, 101) },
			record.MPTCPHalfClosed, true, []fsm.Frame{frame(50), frame(52)}},
		{"half-closed, what comes back is of before", func(a, b *record.Connection) { fin(a, fsm.Client, 50); ack(b, fsm.Server, 52, 100) },
			record.MPTCPHalfClosed, false, []fsm.Frame{frame(50)}},
		{"closed, on two subflows", func(a, b *record.Connection) {
			fin(a, fsm.Server, 50)
			fin(b, fsm.Client, 60)
			ack(a, fsm.Client, 51, 101)
			ack(b, fsm.Server, 61, 101)
		}, record.MPTCPClosed, true, []fsm.Frame{frame(50), frame(60)}},
		{"every subflow closed, no DATA_FIN", func(a, b *record.Connection) { closed(a); closed(b) }, record.MPTCPLostSubflows, false, []fsm.Frame{frame(98)}},
		{"MP_FASTCLOSE", func(_, b *record.Connection) { b.MPTCP.Close = record.MPTCPEvent{Frame: frame(70), Side: fsm.Server} },
			record.MPTCPFastClosed, true, []fsm.Frame{frame(70)}},
		{"something is missing", func(a, _ *record.Connection) { a.Quality.GapBytes = 1 }, record.MPTCPOpen, false, nil},
	} {
		var o Multipath
		a, b := initial(1), join(2)
		test.change(a, b)
		o.Add(a)
		o.Add(b)
		g := o.Summary().List[0]
		if g.Verdict != test.code || g.Sure != test.sure || !slices.Equal(g.Frames, test.frames) || !slices.Equal(g.IDs, []uint64{1, 2}) {
			t.Errorf("%s: %+v", test.name, g)
		}
	}
}

// TestTurned holds that a subflow which the server began counts with its sides turned,
// when it was written before the first as well.
func TestTurned(t *testing.T) {
	for _, joinFirst := range []bool{false, true} {
		var o Multipath
		a, b := initial(1), join(2)
		b.MPTCP.Join.Token, b.MPTCP.Join.SYNACK = clientToken, 0
		b.MPTCP.DataFIN[fsm.Client] = record.MPTCPDataFIN{Frame: frame(50)} // the first subflow's server
		list := []*record.Connection{a, b}
		if joinFirst {
			slices.Reverse(list)
		}
		for _, c := range list {
			o.Add(c)
		}
		if g := o.Summary().List[0]; !strings.HasPrefix(g.Sentence, "The server ended its data") {
			t.Errorf("join first %t: %s", joinFirst, g.Sentence)
		}
	}
}

// TestMultipathBound holds that a bounded number is remembered and listed, the others are
// counted, and that it says so.
func TestMultipathBound(t *testing.T) {
	var o Multipath
	const n = mostGroups + 3*record.MaxMPTCPGroups
	for i := range uint64(n) {
		c := initial(i + 1)
		for side := range c.MPTCP.Keys {
			c.MPTCP.Keys[side].Token = uint32(2*i) + uint32(side)
		}
		o.Add(c)
		if len(o.order) > mostGroups || len(o.byToken) > 2*mostGroups || len(o.sum.List) > 2*record.MaxMPTCPGroups {
			t.Fatalf("%d remembered, %d tokens, %d listed", len(o.order), len(o.byToken), len(o.sum.List))
		}
	}
	s := o.Summary()
	if s.Connections != n || s.Forgotten != n-mostGroups || len(s.List) != record.MaxMPTCPGroups || s.List[0].IDs[0] != 1 || s.Verdicts[0].N != n {
		t.Errorf("%d connections, %d forgotten, %d listed from %d", s.Connections, s.Forgotten, len(s.List), s.List[0].IDs[0])
	}
	var many Multipath
	many.Add(initial(1))
	for i := range uint64(100) {
		c := join(i + 2)
		many.Add(c)
		if len(c.Related) > maxRelated {
			t.Fatalf("%d related", len(c.Related))
		}
	}
	if g := many.Summary().List[0]; len(g.IDs) != record.MaxMPTCPSubflows || g.Subflows != 101 {
		t.Errorf("%d IDs of %d subflows", len(g.IDs), g.Subflows)
	}
}

// TestFirstUnseen holds that of subflows whose first one is not in the capture only what is
// of them all is said: an end of one side's data here tells nothing of the other's there.
func TestFirstUnseen(t *testing.T) {
	for name, test := range map[string]struct {
		dataFIN [2]uint64
		fast    uint64
		want    record.MPTCPVerdict
	}{
		"nothing ended":  {want: record.MPTCPFirstUnseen},
		"one DATA_FIN":   {dataFIN: [2]uint64{50, 0}, want: record.MPTCPFirstUnseen},
		"both DATA_FINs": {dataFIN: [2]uint64{50, 60}, want: record.MPTCPClosed},
		"MP_FASTCLOSE":   {fast: 70, want: record.MPTCPFastClosed},
	} {
		var o Multipath
		c := join(2)
		for side, n := range test.dataFIN {
			c.MPTCP.DataFIN[side].Frame = frame(n)
		}
		c.MPTCP.Close.Frame = frame(test.fast)
		o.Add(c)
		if g := o.Summary().List[0]; g.Verdict != test.want || g.Sure {
			t.Errorf("%s: %+v", name, g)
		}
	}
}
