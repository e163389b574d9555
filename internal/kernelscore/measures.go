package kernelscore

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// Measure is one figure that a record has and its socket's kernel, or its program, has too.
type Measure int

// The measures.
const (
	MeasuredBytes Measure = iota
	MeasuredGoodput
	MeasuredResent
	MeasuredResentBytes
	MeasuredMinRTT
	MeasuredRTT
	MeasuredRTTVar
	MeasuredDelivery
	MeasuredAnswer
	MeasuredAnswerAfterLoss // where the path loses packets
	measures
)

// measured says of each what is compared with what, and how near it must come.
var measured = [measures]struct {
	ours, theirs, bar string
	exact             bool
	share, or         float64 // right within this share of the truth, or within so much of it
}{
	MeasuredBytes:       {"`unique_bytes`", "bytes sent less those sent again; bytes received by the peer", "equal", true, 0, 0},
	MeasuredGoodput:     {"`rates.goodput`", "the same by the connection's duration", "equal", true, 0, 0},
	MeasuredResent:      {"`retransmissions`", "`tcpi_total_retrans`", "equal", true, 0, 0},
	MeasuredResentBytes: {"`resent_bytes`", "`tcpi_bytes_retrans`", "equal", true, 0, 0},
	MeasuredMinRTT:      {"`rtt.min_s`", "`tcpi_min_rtt`", "5 % or 50 µs", false, 0.05, 50e-6},
	MeasuredRTT:         {"`rtt.smoothed_s`", "`tcpi_rtt`", "10 %", false, 0.10, 0},
	MeasuredRTTVar:      {"`rtt.smoothed_deviation_s`", "`tcpi_rttvar`", "20 % or 50 µs", false, 0.20, 50e-6},
	MeasuredDelivery:    {"`rates.delivery`", "`tcpi_delivery_rate`", "20 %", false, 0.20, 0},
	MeasuredAnswer:      {"`exchanges.answer`", "the program's own clock", "2 % or 1 ms", false, 0.02, 1e-3},

	MeasuredAnswerAfterLoss: {"… of paths that lose", "the program's own clock", "2 % or 1 ms", false, 0.02, 1e-3},
}

// MeasureScore counts how often the records' measures were right.
type MeasureScore struct {
	Connections int
	At          [2][measures]MeasureTally // by OwnSide and FarSide
	Lines       []string                  // each that was not
}

// MeasureTally is the count of one of them at one place.
type MeasureTally struct {
	Right, Of, Absent int
	Worst             float64 // deviation, as a share of the truth
}

// Add scores a recording of lab.Measuring, by its truth file.
func (s *MeasureScore) Add(file string) error {
	truth, err := lab.ReadTruth(file)
	if err != nil {
		return err
	}
	for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer} {
		r, err := Analyse(captureFile(filepath.Dir(file), truth.Captures[at]), nil)
		if err != nil {
			return err
		}
		for _, c := range truth.Connections {
			found := recordOf(r, c)
			if found == nil {
				return fmt.Errorf("%s: no record of %s at the %s", truth.Scenario, c.Client, at)
			}
			m := measuring{s: s, c: found, offload: truth.Offload, lossy: strings.HasPrefix(c.Scenario, "lossy-")}
			for side, ends := range [2][2]*lab.Endpoint{{&c.ClientSide, &c.ServerSide}, {&c.ServerSide, &c.ClientSide}} {
				m.place = FarSide
				if (at == lab.AtClient) == (side == 0) {
					m.place = OwnSide
				}
				m.name = fmt.Sprintf("%s %s, the %s's at the %s", truth.Scenario, c.Scenario, fsm.Side(side), at)
				m.score(fsm.Side(side), ends[0], ends[1])
			}
		}
	}
	s.Connections += len(truth.Connections)
	return nil
}

// recordOf returns the record of a connection of the truth.
func recordOf(r *record.Report, c *lab.Connection) *record.Connection {
	for _, x := range r.Connections {
		if netip.AddrPortFrom(x.Client.IP, x.Client.Port) == c.Client && netip.AddrPortFrom(x.Server.IP, x.Server.Port) == c.Server {
			return x
		}
	}
	return nil
}

// measuring scores one side of a connection at one place.
type measuring struct {
	s       *MeasureScore
	c       *record.Connection
	name    string
	place   Place
	offload bool
	lossy   bool
}

func (m *measuring) score(side fsm.Side, own, peer *lab.Endpoint) {
	k := own.Socket
	if k == nil || peer.Socket == nil {
		return
	}
	t := &m.c.Traffic[side]
	sent := float64(k.BytesSent - k.BytesResent)
	m.compare(MeasuredBytes, float64(t.UniqueBytes), sent)
	m.compare(MeasuredBytes, float64(t.UniqueBytes), float64(peer.Socket.BytesReceived)-1) // it counts the FIN
	if sent > 0 {
		m.compare(MeasuredGoodput, t.Rates.Goodput, sent/m.c.Last.Seconds(m.c.First))
	}
	if !m.offload { // or one segment captured is several of the kernel's
		m.compare(MeasuredResent, float64(t.Retransmissions), float64(k.Retransmits))
	}
	m.compare(MeasuredResentBytes, float64(t.ResentBytes), float64(k.BytesResent))
	if sent > 0 && m.place == OwnSide {
		m.compare(MeasuredMinRTT, t.RTT.Min, k.MinRTTS)
		m.compare(MeasuredRTT, t.RTT.Smoothed, k.RTTS)
		m.compare(MeasuredRTTVar, t.RTT.SmoothedDeviation, k.RTTVarS)
		m.compare(MeasuredDelivery, t.Rates.Delivery, float64(k.DeliveryRate))
	}
	m.answers(side, own)
}

// answers compares the times of answers: at the client's side with its own clock, at the
// server's with that.
func (m *measuring) answers(side fsm.Side, own *lab.Endpoint) {
	if m.place != OwnSide || len(own.Clocked) == 0 {
		return
	}
	what := MeasuredAnswer
	if m.lossy {
		what = MeasuredAnswerAfterLoss
	}
	least, most, sum := math.Inf(1), 0.0, 0.0
	for _, x := range own.Clocked {
		least, most, sum = min(least, x), max(most, x), sum+x
	}
	a := &m.c.Exchanges.Answer
	if a.N != uint64(len(own.Clocked)) {
		m.compare(what, -1, most)
		return
	}
	m.compare(what, float64(a.Min)/1e9, least)
	m.compare(what, a.Mean()/1e9, sum/float64(a.N))
	m.compare(what, float64(a.Max)/1e9, most)
}

// compare counts one figure. A negative one is none.
func (m *measuring) compare(what Measure, ours, theirs float64) {
	t, bar := &m.s.At[m.place][what], &measured[what]
	if ours < 0 && theirs <= 0 {
		return
	}
	t.Of++
	if ours < 0 {
		t.Absent++
		m.s.Lines = append(m.s.Lines, fmt.Sprintf("%s: %s absent, %s %.9g", m.name, bar.ours, bar.theirs, theirs))
		return
	}
	off := math.Abs(ours - theirs)
	share := off / max(math.Abs(theirs), 1e-12)
	right := off <= bar.or || share <= bar.share
	if bar.exact {
		right = share < 1e-9 || off == 0
	}
	if right {
		t.Right++
		if off > bar.or {
			t.Worst = max(t.Worst, share)
		}
		return
	}
	t.Worst = max(t.Worst, share)
	m.s.Lines = append(m.s.Lines, fmt.Sprintf("%s: %s %.9g, %s %.9g", m.name, bar.ours, ours, bar.theirs, theirs))
}

// Write writes the score as a table.
func (s *MeasureScore) Write(w io.Writer) {
	rows := [][]string{{fmt.Sprintf("%d connections", s.Connections), "against", "right is", "own side", "far side"}}
	for what := range measures {
		bar := &measured[what]
		rows = append(rows, []string{bar.ours, bar.theirs, bar.bar, s.At[OwnSide][what].String(), s.At[FarSide][what].String()})
	}
	markdown.Table(w, rows)
}

// String writes a tally as "98.3 % (118/120)", or a dash for none.
func (t MeasureTally) String() string {
	if t.Of == 0 {
		return "–"
	}
	return share(t.Right, t.Of)
}
