package conclude

import (
	"fmt"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// buildQuality says how far the capture shows the connection whole.
func buildQuality(f *flow.Flow, c *record.Connection) {
	q := &c.Quality
	*q = record.ConnectionQuality{
		OneSided: f.OneSided(), Midstream: f.Midstream(),
		GapBytes: f.Dir[0].GapBytes + f.Dir[1].GapBytes,
		Doubled:  f.Dir[0].Doubled + f.Dir[1].Doubled,
		Trust:    "full",
	}
	doubt := func(trust, sentence string) {
		if q.Trust != "poor" {
			q.Trust = trust
		}
		q.Doubts = append(q.Doubts, sentence)
	}
	if q.OneSided {
		doubt("poor", "Only one direction was captured; what the other side did is inferred.")
	}
	if q.Midstream {
		doubt("partial", "The capture joined it midway; window scales and options are unknown, and who is the client may be a guess.")
	}
	switch {
	case noData(f):
		doubt("partial", "None of its data was captured, as if a filter had left it out.")
	case q.GapBytes > 0 && !q.OneSided:
		doubt("partial", fmt.Sprintf("%s acknowledged but not captured; counts of data and of retransmissions may be too low.", was(q.GapBytes, "octet", "octets")))
	}
	if n := f.CrossDirectionReordered(); n > 0 {
		doubt("partial", "Its two directions were captured out of step; times between them are not exact.")
	}
}

// noData reports whether the connection carried data of which nothing at all was
// captured although its other segments were.
func noData(f *flow.Flow) bool {
	return f.Dir[0].GapBytes+f.Dir[1].GapBytes > 0 && f.Dir[0].DataSegments+f.Dir[1].DataSegments == 0 && !f.OneSided()
}

// CountFaults counts what a connection shows of the capture's faults.
func CountFaults(q *record.Quality, f *flow.Flow) {
	for i := range f.Dir {
		q.DoubledFrames += f.Dir[i].Doubled
		q.GapBytes += f.Dir[i].GapBytes
	}
	if f.OneSided() {
		q.OneSided++
	}
	if f.Midstream() {
		q.Midstream++
	}
	if f.CrossDirectionReordered() > 0 {
		q.OutOfStep++
	}
	if noData(f) {
		q.NoData++
	}
}

// Describe puts the capture's faults into words, one sentence for each, the
// gravest first. It is for the caller who has completed Capture.Sources and
// Quality.Dropped.
func Describe(r *record.Report) {
	q := &r.Capture.Quality
	q.Faults = q.Faults[:0]
	for i := range r.Capture.Sources {
		if r.Capture.Sources[i].Interrupted {
			q.Faults = append(q.Faults, "The analysis was interrupted: this is about the first packets of the capture only.")
			break
		}
	}
	for i := range r.Capture.Sources {
		for _, o := range r.Capture.Sources[i].Outages {
			q.Faults = append(q.Faults, outage(&o))
		}
	}
	if q.Skew > 0 {
		q.Faults = append(q.Faults, "One direction was stamped at least "+phrase.Duration(q.Skew.Seconds(0))+" late (answers stood before their questions): corrected before the analysis, but times between directions are not exact.")
	}
	for _, fault := range [...]struct {
		n        uint64
		one      string
		many     string
		sentence string
	}{
		{q.Dropped, "packet", "packets", "dropped by the capturing side: what is missing is its fault before it is the network's."},
		{q.OneSided, "connection", "connections", "captured in one direction only: what the other side did is inferred."},
		{q.NoData, "connection", "connections", "captured without any data, as if a filter had left it out: counts of data are too low."},
		{q.GapBytes, "octet", "octets", "acknowledged but never captured: counts of data and of retransmissions may be too low."},
		{q.Midstream, "connection", "connections", "joined midway: their window scales and options are unknown, and who is the client may be a guess."},
		{q.OutOfStep, "connection", "connections", "captured with the two directions out of step: times between them are not exact."},
		{q.ClockBackwards, "packet", "packets", "stamped earlier than the one before: the capture's clock was set, or several sources were mixed."},
		{q.DoubledFrames, "frame", "frames", "captured twice; the second copies were left out."},
		{q.SnapTruncated, "packet", "packets", "cut by the snap length: their data cannot be compared, nor their checksums verified."},
		{q.OffloadGiants, "segment", "segments", "larger than any wire carries, captured where the network card cuts or joins them: segments are more than counted."},
		{q.OffloadChecksum, "checksum", "checksums", "left to the network card and not verified."},
		{q.BadChecksum, "checksum", "checksums", "wrong."},
	} {
		if fault.n > 0 {
			q.Faults = append(q.Faults, was(fault.n, fault.one, fault.many)+" "+fault.sentence)
		}
	}
}

// was writes "1 packet was" or "3 packets were".
func was(n uint64, one, many string) string {
	return phrase.Counted(n, one+" was", many+" were")
}

// outage tells of a time in which nothing was captured on an interface.
func outage(o *record.Outage) string {
	from := time.Unix(0, int64(o.From)).UTC().Format("15:04:05.000 UTC")
	switch {
	case o.Gone:
		return fmt.Sprintf("Interface %s was removed by %s; nothing was captured on it from then on.", o.Interface, from)
	case o.To == 0:
		return fmt.Sprintf("Interface %s was down from %s on, to the end; nothing was captured on it meanwhile.", o.Interface, from)
	}
	return fmt.Sprintf("Interface %s was down from %s for %v; nothing was captured on it meanwhile.", o.Interface, from, time.Duration(o.To-o.From).Round(time.Millisecond))
}
