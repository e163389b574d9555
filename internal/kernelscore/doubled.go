package kernelscore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// Doubled holds captures that have every forwarded frame twice against the same
// captures with the second sights taken out.
type Doubled struct {
	Captures, Connections int
	Frames                int // second sights in them
	Counted               int // frames that the analyzer calls doubled
	Same                  int // connections with the same states from the same frames, the same findings and retransmissions
	SameCounts            int // of them, those with the same number of packets and duplicate ACKs too
}

// compareDoubled analyses the router's capture again without what was leaving.
func (s *Score) compareDoubled(v *view) error {
	removed := 0
	clean, err := Analyse(v.file, func(p *capture.Packet) bool {
		if leaving(p) {
			removed++
			return false
		}
		return true
	})
	if err != nil {
		return err
	}
	s.Doubled.Captures++
	s.Doubled.Frames += removed
	s.Doubled.Counted += int(v.report.Capture.Quality.DoubledFrames)
	if got := int(v.report.Capture.Quality.DoubledFrames); got != removed {
		s.mismatch("%s: %d doubled frames counted, %d there", v.file, got, removed)
	}
	for _, t := range v.talks {
		for _, f := range t.frames {
			if f.leaving && !f.copied && !slices.Contains(v.labels[f.number], record.LabelDuplicateFrame) {
				s.mismatch("%s: frame %d (%s len %d, IP-ID %d) is a second sight, called %v", v.file, f.number, f.segment.Flags, f.segment.Len, f.id, v.labels[f.number])
			}
		}
	}
	byFrame := make(map[uint64]*record.Connection)
	for _, c := range v.report.Connections {
		byFrame[c.FirstFrame.Number()] = c
	}
	for _, c := range clean.Connections {
		s.Doubled.Connections++
		d := byFrame[c.FirstFrame.Number()]
		if d == nil {
			s.mismatch("%s: the connection from frame %d is not found among doubled frames", v.file, c.FirstFrame.Number())
			continue
		}
		delete(byFrame, c.FirstFrame.Number())
		a, b := substance(c), substance(d)
		if a != b {
			s.mismatch("%s: the connection from frame %d differs:\n  clean   %s\n  doubled %s", v.file, c.FirstFrame.Number(), a, b)
			continue
		}
		s.Doubled.Same++
		if a, b := counts(c), counts(d); a != b {
			s.mismatch("%s: the connection from frame %d counts otherwise: clean %s, doubled %s", v.file, c.FirstFrame.Number(), a, b)
			continue
		}
		s.Doubled.SameCounts++
	}
	for n := range byFrame {
		s.mismatch("%s: a connection from frame %d among doubled frames only", v.file, n)
	}
	return nil
}

// substance is what doubled frames must not change: states with their frames,
// findings and retransmissions.
func substance(c *record.Connection) string {
	var b strings.Builder
	for i := range c.Transitions {
		t := &c.Transitions[i]
		fmt.Fprintf(&b, "%s %s@%d; ", t.Side, t.To, t.Frame.Number())
	}
	var found []string
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; a.Name != record.CheckDuplicateCapture {
			found = append(found, fmt.Sprintf("%s %s ×%d", a.Name, a.Side, a.Count))
		}
	}
	slices.Sort(found)
	fmt.Fprint(&b, found)
	for _, t := range c.Traffic {
		fmt.Fprintf(&b, " %d resent, %d out of order", t.Retransmissions, t.OutOfOrder)
	}
	return b.String()
}

// counts are the other figures that doubled frames must not change.
func counts(c *record.Connection) string {
	var b strings.Builder
	for _, t := range c.Traffic {
		fmt.Fprintf(&b, "%d packets %d duplicate ACKs ", t.Packets, t.DuplicateACKs)
	}
	return b.String()
}
