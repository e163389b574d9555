package browse

import (
	"net/netip"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Row is what a list knows of a connection: 240 bytes, whatever it sent.
type Row struct {
	ID             uint64
	Client, Server netip.AddrPort
	Stream         uint64       // as record.Connection has it
	Service        string       // escaped
	Frames         [2]fsm.Frame // the first and the last
	First, Last    fsm.Time
	Bytes          [2]uint64
	Unique         uint64  // bytes of both sides, repetitions left out
	Rate           float32 // of these, per second
	Packets        uint64
	Resent         uint32
	RTT            float32 // seconds between the tap and the farther side, median; <0 unknown
	Cost           float32 // seconds lost
	State          [2]record.EndState
	Verdict        uint8 // its place in record.VerdictDocs
	Worst          uint8 // 1 + the place of the worst finding's check in the catalogue; 0 for none
	Severity       record.Severity
	Checks         checkSet
	Related        bool // to other connections

	// Of one that is open:
	Open  bool
	Waits wait
	Since fsm.Time // since when
}

// checkSet is a set of checks, by their places in the catalogue.
type checkSet [4]uint64

func (s *checkSet) add(i int)      { s[i>>6&3] |= 1 << (i & 63) }
func (s *checkSet) has(i int) bool { return s[i>>6&3]&(1<<(i&63)) != 0 }

// wait is what an open connection waits for.
type wait uint8

const (
	waitsForNothing   wait = iota
	waitsForAnswer         // to the SYN
	waitsForServer         // the server's application
	waitsForNetwork        // an acknowledgment
	waitsForClientRWN      // the client's window
	waitsForServerRWN      // the server's window
	waitsForFIN            // the second FIN
)

var waitNames = [...]string{"idle", "SYN-ACK", "server", "ACK", "client's window", "server's window", "second FIN"}

func (w wait) String() string { return waitNames[w] }

// catalogue finds the places of checks.
type catalogue struct {
	docs  []record.CheckDoc
	place map[record.CheckName]int
}

func newCatalogue(docs []record.CheckDoc) *catalogue {
	c := &catalogue{docs, make(map[record.CheckName]int, len(docs))}
	for i := range docs {
		c.place[docs[i].Name] = i
	}
	return c
}

// name returns the name of the check at a place.
func (c *catalogue) name(place int) record.CheckName {
	if place < 0 || place >= len(c.docs) {
		return ""
	}
	return c.docs[place].Name
}

// row makes a row of a record. All text in it is a constant of the program, or escaped.
func (c *catalogue) row(r *record.Connection, escape func(string) string) Row {
	w := Row{
		ID: r.ID, Client: netip.AddrPortFrom(r.Client.IP, r.Client.Port), Server: netip.AddrPortFrom(r.Server.IP, r.Server.Port),
		Service: escape(r.Service), Stream: r.Stream, Related: len(r.Related) > 0, Frames: [2]fsm.Frame{r.FirstFrame, r.LastFrame}, First: r.First, Last: r.Last, State: r.State, Cost: float32(r.Cost()), RTT: -1,
	}
	for side := range r.Traffic {
		t := &r.Traffic[side]
		w.Bytes[side], w.Packets = t.Bytes, w.Packets+t.Packets
		w.Unique += t.UniqueBytes
		w.Resent += uint32(min(t.Retransmissions, 1<<31))
		if t.RTT.Samples > 0 {
			w.RTT = max(w.RTT, float32(t.RTT.Median))
		}
	}
	if w.RTT < 0 {
		w.RTT = float32(max(r.Handshake.ServerRTT, r.Handshake.ClientRTT))
	}
	if took := w.took(); took > 0 {
		w.Rate = float32(float64(w.Unique) / took)
	}
	w.Verdict = uint8(max(0, slices.IndexFunc(record.VerdictDocs, func(d record.VerdictDoc) bool { return d.Code == r.Verdict.Code })))
	for i := range r.Anomalies {
		a := &r.Anomalies[i]
		place, known := c.place[a.Name]
		if !known {
			continue
		}
		w.Checks.add(place)
		if w.Worst == 0 || a.Severity > w.Severity {
			w.Worst, w.Severity = uint8(place+1), a.Severity
		}
	}
	return w
}

// openRow makes a row of the record of a connection that is open.
func (c *catalogue) openRow(r *record.Connection, escape func(string) string) Row {
	w := c.row(r, escape)
	w.Open = !(r.State[0].State == fsm.Closed && r.State[1].State == fsm.Closed)
	w.Waits, w.Since = waitOf(r)
	return w
}

// waitOf says what an open connection waits for, and since when, by what was captured.
func waitOf(r *record.Connection) (wait, fsm.Time) {
	c, s := &r.Tail[fsm.Client], &r.Tail[fsm.Server]
	last := r.Last
	switch state := [2]fsm.State{r.State[0].State, r.State[1].State}; {
	case state[0] == fsm.SynSent:
		return waitsForAnswer, r.First
	case c.WindowClosed:
		return waitsForClientRWN, last
	case s.WindowClosed:
		return waitsForServerRWN, last
	case c.Outstanding > 0 || s.Outstanding > 0:
		return waitsForNetwork, last
	case state[0] == fsm.FinWait2 || state[1] == fsm.FinWait2:
		return waitsForFIN, last
	case c.LastData != 0 && c.LastData > s.LastData && state[0] == fsm.Established:
		return waitsForServer, c.LastData
	}
	return waitsForNothing, last
}

// verdict returns what people say for the row's verdict.
func (w *Row) verdict() record.VerdictDoc { return record.VerdictDocs[w.Verdict] }

// failed reports whether the connection failed.
func (w *Row) failed() bool { return w.verdict().Concern == record.ConcernFailure }

// what says in a few words what is wrong, or how it ended.
func (w *Row) what(c *catalogue) string {
	title := w.verdict().Title
	worst := ""
	if w.Worst > 0 && w.Severity >= record.SeverityWarning {
		worst = string(c.name(int(w.Worst) - 1))
	}
	switch {
	case w.failed() || worst == "":
		return title
	case w.verdict().Concern == record.ConcernTrouble:
		return title + ", " + worst
	}
	return worst
}

// took is the connection's duration in seconds.
func (w *Row) took() float64 { return max(0, w.Last.Seconds(w.First)) }
