package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/analyzer/taps"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// checkMerge refuses what --merge cannot do: it reads two files, and each twice.
func (o *analyzeOptions) checkMerge(files []string) error {
	if !o.merge {
		return nil
	}
	if len(files) != 2 {
		return usagef("--merge compares two captures, not %d", len(files)).
			hint("tcpflow-states --merge client.pcap server.pcap; without --merge any number of files is read as one capture")
	}
	if o.count > 0 {
		return usagef("--merge and --count exclude each other")
	}
	for _, f := range files {
		if st, err := os.Stat(f); f == "-" || err == nil && !st.Mode().IsRegular() && !st.IsDir() {
			return usagef("--merge reads each capture twice, so %q must be a file", f)
		}
	}
	return nil
}

// compareTaps reads both captures and compares them.
func compareTaps(ctx context.Context, files []string, filter *capture.Filter, wanted func(*decode.Packet) bool) (*taps.Comparison, error) {
	var both [2]*taps.Tap
	for i, name := range files {
		tap := taps.NewTap(wanted)
		if err := readTap(ctx, tap, i, name, filter); err != nil {
			return nil, err
		}
		both[i] = tap
	}
	return taps.Compare(both[0], both[1]), nil
}

func readTap(ctx context.Context, tap *taps.Tap, index int, name string, filter *capture.Filter) error {
	src, err := capture.Open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	var p capture.Packet
	var raw decode.Raw
	for n := 0; ; n++ {
		if n&0xff == 0 && ctx.Err() != nil {
			return errInterrupted
		}
		if err := src.Next(&p); err != nil {
			if cut := new(capture.CutError); err == io.EOF || errors.As(err, &cut) {
				return nil // the second reading will say how it ends
			}
			return err
		}
		if filter != nil {
			if ok, err := filter.Match(&p); err != nil {
				return err
			} else if !ok {
				continue
			}
		}
		p.Source = index
		setRaw(&raw, &p)
		tap.Packet(&raw)
	}
}

// setRaw makes raw what the source delivered. For every packet it is done in place.
func setRaw(raw *decode.Raw, p *capture.Packet) {
	raw.Data, raw.Time, raw.Frame = p.Data, fsm.Time(p.Time), fsm.NewFrame(p.Source, p.Number)
	raw.Length, raw.LinkType, raw.Interface = p.Length, p.LinkType, uint32(p.Interface)
}

// tapSource delivers the packets of the first tap, and among them, at the time
// at which it would have seen them, those that only the second has.
type tapSource struct {
	taps      *taps.Comparison
	source    [2]capture.Source
	head      [2]capture.Packet
	ready     [2]bool
	ended     [2]error
	redundant uint64 // packets of the second tap that the first has too
}

func openTaps(files []string, c *taps.Comparison) (*tapSource, error) {
	s := &tapSource{taps: c}
	for i, name := range files {
		src, err := capture.Open(name)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.source[i] = src
	}
	return s, nil
}

// Next delivers the earlier of both taps' next packets.
func (s *tapSource) Next(p *capture.Packet) error {
	for i := range s.source {
		for !s.ready[i] && s.ended[i] == nil {
			s.advance(i)
		}
	}
	next := 0
	switch {
	case !s.ready[0] && !s.ready[1]:
		return s.end()
	case !s.ready[0], s.ready[1] && s.head[1].Time < s.head[0].Time:
		next = 1
	}
	*p, s.ready[next] = s.head[next], false
	return nil
}

// advance reads a tap's next packet, if it is one to deliver.
func (s *tapSource) advance(i int) {
	p := &s.head[i]
	if s.ended[i] = s.source[i].Next(p); s.ended[i] != nil {
		return
	}
	if p.Source = i; i == 1 {
		f := fsm.NewFrame(i, p.Number)
		if s.taps.Redundant(f) {
			s.redundant++
			return
		}
		p.Time = int64(s.taps.FirstTime(f, fsm.Time(p.Time)))
	}
	s.ready[i] = true
}

func (s *tapSource) end() error {
	var errs []error
	for _, err := range s.ended {
		if err != io.EOF {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return io.EOF
	}
	return errors.Join(errs...)
}

// Info describes both files.
func (s *tapSource) Info() []capture.Info {
	return append(s.source[0].Info(), s.source[1].Info()...)
}

// Close closes both files.
func (s *tapSource) Close() error {
	var errs []error
	for _, src := range s.source {
		if src != nil {
			errs = append(errs, src.Close())
		}
	}
	return errors.Join(errs...)
}

// markUndelivered is for the analyzer's choice of segments, which sees each of
// them first: it notes those that never arrived.
func (s *tapSource) markUndelivered(wanted func(*decode.Packet) bool) func(*decode.Packet) bool {
	return func(p *decode.Packet) bool {
		p.Undelivered = s.taps.Undelivered(p.Frame)
		return wanted == nil || wanted(p)
	}
}

// describe adds what the comparison says of the capture as a whole.
func (s *tapSource) describe(c *record.Capture) {
	t := s.taps.Report()
	c.Taps = &t
	for i, v := range s.taps.Vantages() {
		if i < len(c.Sources) {
			c.Sources[i].Vantage = v
		}
	}
	if s.redundant > 0 {
		c.Packets += s.redundant
		c.Skipped = append(c.Skipped, record.Count{Name: "other-tap", N: s.redundant})
	}
}
