package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// summary is what a right answer is told from, in the JSON and in NDJSON's last line.
type summary struct {
	Type    string
	Capture struct {
		Packets, Segments uint64
		Skipped           map[string]uint64
		Quality           struct {
			BadChecksum uint64 `json:"bad_checksum"`
			Faults      []json.RawMessage
		}
		Anomalies []struct {
			Name  string
			Count uint64
		}
	}
	Summary struct {
		Connections, Bytes uint64
		Verdicts           map[string]uint64
		Anomalies          []struct {
			Name        string
			Connections uint64
		}
	}
}

// right says how a trace's analysis must end.
type right struct {
	verdicts []string // all connections have one of these
	finding  string   // the only one over the capture, or none
	loose    bool     // only the counts are held against the trace
	disputed bool     // not even the number of connections
}

// check holds a summary against what was written into the trace: a fast wrong
// answer is worth nothing.
func (r *right) check(s *summary, want tracegen.Counts) error {
	if r.loose {
		return r.checkCounts(s, want)
	}
	var skipped, judged uint64
	for _, n := range s.Capture.Skipped {
		skipped += n
	}
	for _, v := range r.verdicts {
		judged += s.Summary.Verdicts[v]
	}
	for _, a := range s.Summary.Anomalies {
		if a.Name != "connect-no-answer" || a.Connections != s.Summary.Verdicts["unanswered"] {
			return fmt.Errorf("%s on %d connections, the trace does not have that", a.Name, a.Connections)
		}
	}
	switch c := s.Capture; {
	case c.Packets != want.Packets:
		return fmt.Errorf("%d packets, the trace has %d", c.Packets, want.Packets)
	case c.Segments != c.Packets || skipped != 0:
		return fmt.Errorf("of %d packets %d are segments, %d skipped; all are segments", c.Packets, c.Segments, skipped)
	case c.Quality.BadChecksum != 0 || len(c.Quality.Faults) != 0:
		return fmt.Errorf("faults of the capture, which has none")
	case s.Summary.Connections != want.Connections:
		return fmt.Errorf("%d connections, the trace has %d", s.Summary.Connections, want.Connections)
	case judged != want.Connections:
		return fmt.Errorf("verdicts %v, want %d of %v", s.Summary.Verdicts, want.Connections, r.verdicts)
	case s.Summary.Bytes != want.Bytes:
		return fmt.Errorf("%d bytes of data, the trace has %d", s.Summary.Bytes, want.Bytes)
	}
	a := s.Capture.Anomalies
	if r.finding == "" && len(a) == 0 || len(a) == 1 && a[0].Name == r.finding && a[0].Count == want.Connections {
		return nil
	}
	return fmt.Errorf("findings over the capture %v, want %q", a, r.finding)
}

// checkCounts holds only the counts against the trace: every packet was read and
// is accounted for, and a flood's connections are all there.
func (r *right) checkCounts(s *summary, want tracegen.Counts) error {
	accounted := s.Capture.Segments
	for _, n := range s.Capture.Skipped {
		accounted += n
	}
	switch {
	case s.Capture.Packets != want.Packets || accounted != want.Packets:
		return fmt.Errorf("%d packets, %d accounted for; the trace has %d", s.Capture.Packets, accounted, want.Packets)
	case !r.disputed && s.Summary.Connections != want.Connections:
		return fmt.Errorf("%d connections, the trace has %d", s.Summary.Connections, want.Connections)
	}
	return nil
}

// checkJSON checks the JSON summary.
func (r *right) checkJSON(in io.Reader, want tracegen.Counts) error {
	var s summary
	if err := json.NewDecoder(in).Decode(&s); err != nil {
		return err
	}
	return r.check(&s, want)
}

// checkNDJSON checks that there is a line for each connection, and the summary.
func (r *right) checkNDJSON(in io.Reader, want tracegen.Counts) error {
	lines := bufio.NewReaderSize(in, 1<<16)
	var connections uint64
	for {
		line, err := lines.ReadBytes('\n')
		switch {
		case err != nil:
			return fmt.Errorf("no summary: %w", err)
		case bytes.HasPrefix(line, []byte(`{"type":"connection"`)):
			connections++
			continue
		case !bytes.HasPrefix(line, []byte(`{"type":"summary"`)):
			continue
		}
		if connections != want.Connections {
			return fmt.Errorf("%d lines of connections, the trace has %d", connections, want.Connections)
		}
		return r.checkJSON(bytes.NewReader(line), want)
	}
}
