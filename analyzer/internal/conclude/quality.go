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
		Untimed:  f.Untimed,
		Trust:    "full",
	}
	doubt := func(trust, sentence string) {
		if q.Trust != "poor" {
			q.Trust = trust
		}
		q.Doubts = append(q.Doubts, sentence)
	}
	if q.OneSided {
		doubt("poor", "Only one direction was captured; the other side is inferred.")
	}
	if q.Midstream {
		doubt("partial", "Mid-stream: handshake not captured; window scale and options are unknown, and client/server may be a guess.")
	}
	if q.Untimed {
		doubt("partial", "Its packets carry no times (pcapng simple packet blocks): durations, and what follows from them, are unknown.")
	}
	if x := f.FirstFragments(); x != nil {
		doubt("partial", firstFragments(x))
	}
	switch {
	case noData(f):
		doubt("partial", "None of its data was captured, as if a capture filter had left it out.")
	case q.GapBytes > 0 && !q.OneSided:
		doubt("partial", phrase.Bytes(q.GapBytes)+" ACKed but missing from the capture; counts of data and of retransmissions may be too low.")
	}
	for _, sentence := range f.Forgotten() {
		doubt("partial", sentence)
	}
	if n := f.CrossDirectionReordered(); n > 0 {
		doubt("partial", "Its two directions were captured out of order; times between them are not exact.")
	}
}

// firstFragments says what the other fragments would have held.
func firstFragments(x *flow.FirstFragments) string {
	text := "Of " + phrase.Counted(x.N, "fragmented segment", "fragmented segments") + " (the first in " + phrase.Frame(x.Frame) +
		") only the first fragment is in the capture, as where a filter by port leaves the others out"
	if x.Octets > 0 {
		text += ": " + phrase.Bytes(x.Octets) + " of data in those, by the numbers that follow"
	}
	return text + "."
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

// AddFaults adds what CountFaults counts.
func AddFaults(q, more *record.Quality) {
	q.DoubledFrames += more.DoubledFrames
	q.GapBytes += more.GapBytes
	q.OneSided += more.OneSided
	q.Midstream += more.Midstream
	q.OutOfStep += more.OutOfStep
	q.NoData += more.NoData
}

// Describe puts the capture's faults into words, one sentence for each, the
// worst first. It is for the caller who has completed Capture.Sources and
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
	if q.Holes > 0 {
		q.Faults = append(q.Faults, hole(&q.LongestHole, q.Holes))
	}
	if q.Skew > 0 {
		q.Faults = append(q.Faults, "One direction was stamped at least "+phrase.Duration(q.Skew.Seconds(0))+" late (answers stood before their questions): corrected before the analysis, but times between directions are not exact.")
	}
	for _, fault := range [...]struct {
		n         uint64
		one, many string // what is said of one and of several
	}{
		{q.Dropped, "packet was dropped by the capture: suspect a missing segment there before the network.",
			"packets were dropped by the capture: suspect missing segments there before the network."},
		{q.OneSided, "connection was captured in one direction only: its other side is inferred.",
			"connections were captured in one direction only: their other sides are inferred."},
		{q.NoData, "connection was captured without its data, as if a capture filter had left it out: counts of data are too low.",
			"connections were captured without their data, as if a capture filter had left it out: counts of data are too low."},
		{q.GapBytes, "byte ACKed but missing from the capture (dropped by the capture): counts of data and of retransmissions may be too low.",
			"bytes ACKed but missing from the capture (dropped by the capture): counts of data and of retransmissions may be too low."},
		{q.Fragmented, "fragmented IP packet is incomplete (fragments missing from the capture, or too late): its segment is not analysed.",
			"fragmented IP packets are incomplete (fragments missing from the capture, or too late): their segments are not analysed."},
		{q.FirstFragments, "segment is fragmented, and only its first fragment is in the capture, as where a capture filter by port leaves the others out: it is judged by the headers there.",
			"segments are fragmented, and only their first fragments are in the capture, as where a capture filter by port leaves the others out: they are judged by the headers there."},
		{q.Overlapping, "IP fragment overlaps another one with other bytes: with IPv4 the first seen counts, with IPv6 neither (RFC 5722).",
			"IP fragments overlap others with other bytes: with IPv4 the first seen counts, with IPv6 neither (RFC 5722)."},
		{q.Midstream, "connection is mid-stream, its handshake not captured: window scales and options are unknown, and client/server may be a guess.",
			"connections are mid-stream, their handshakes not captured: window scales and options are unknown, and client/server may be a guess."},
		{q.OutOfStep, "connection was captured with its two directions out of order: times between them are not exact.",
			"connections were captured with their two directions out of order: times between them are not exact."},
		{q.Untimed, "segment carries no time (pcapng simple packet block): durations are unknown.",
			"segments carry no time (pcapng simple packet blocks): durations are unknown."},
		{q.ClockBackwards, "packet has a timestamp that goes backwards (clock step, or several interfaces merged).",
			"packets have timestamps that go backwards (clock step, or several interfaces merged)."},
		{q.DoubledFrames, "frame was captured twice; the duplicate is ignored.",
			"frames were captured twice; the duplicates are ignored."},
		{q.SnapTruncated, "packet truncated by the snaplen: its data cannot be compared, nor its checksum verified.",
			"packets truncated by the snaplen: their data cannot be compared, nor their checksums verified."},
		{q.CutOptions, "segment has TCP options cut off by the snaplen: an option not seen there is unknown, not absent.",
			"segments have TCP options cut off by the snaplen: an option not seen there is unknown, not absent."},
		{q.OffloadGiants, "packet exceeds the MTU: captured on a host with TSO/GRO, so real packet counts are higher.",
			"packets exceed the MTU: captured on a host with TSO/GRO, so real packet counts are higher."},
		{q.OffloadChecksum, "checksum not verified (checksum offload).", "checksums not verified (checksum offload)."},
		{q.BadChecksum, "bad checksum.", "bad checksums."},
	} {
		if fault.n > 0 {
			q.Faults = append(q.Faults, phrase.Counted(fault.n, fault.one, fault.many))
		}
	}
}

// outage tells of a time in which nothing was captured on an interface.
func outage(o *record.Outage) string {
	from := time.Unix(0, int64(o.From)).UTC().Format("15:04:05.000 UTC")
	switch {
	case o.Gone:
		return fmt.Sprintf("Interface %s was removed by %s; nothing was captured on it from then on.", o.Interface, from)
	case o.To == 0:
		return fmt.Sprintf("Interface %s was down from %s to the end of the capture; nothing was captured on it meanwhile.", o.Interface, from)
	}
	return fmt.Sprintf("Interface %s was down from %s for %s; nothing was captured on it meanwhile.", o.Interface, from, phrase.Elapsed(o.To-o.From))
}

// hole tells of the longest of n times in which nothing was captured.
func hole(h *record.Hole, n uint64) string {
	text := "Nothing was captured for " + phrase.Elapsed(h.To-h.From) + " between " + phrase.Frame(h.After) + " and " + phrase.Frame(h.Before)
	if n > 1 {
		text += ", the longest of " + phrase.Counted(n, "such hole", "such holes")
	}
	return text + " (files put together, or the clock was set?): what was open then is judged as of the time before it."
}
