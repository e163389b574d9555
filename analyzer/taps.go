package analyzer

import (
	"context"
	"errors"
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/vantage"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Comparison is what the captures of two taps show together, one taken nearer to
// the client and one nearer to the server.
type Comparison struct {
	comparison *vantage.Comparison
	redundant  uint64 // packets of the second tap that the first has too
}

// Compare reads the captures of two taps to their ends and compares them segment by
// segment. Of opt it heeds Select. All segments stay in memory, some 330 bytes each.
// A capture that is cut short is compared up to the cut.
//
// To analyse both together, open them again, give them to [Comparison.Source], and
// the Comparison to [Analyze] as Options.Taps.
func Compare(ctx context.Context, first, second capture.Source, opt Options) (*Comparison, error) {
	var both [2]*vantage.Tap
	for i, source := range [2]capture.Source{first, second} {
		both[i] = vantage.NewTap(chosenByEnds(opt.Select))
		if err := readTap(ctx, both[i], i, source); err != nil {
			return nil, err
		}
	}
	return &Comparison{comparison: vantage.Compare(both[0], both[1])}, nil
}

func readTap(ctx context.Context, tap *vantage.Tap, index int, source capture.Source) error {
	var p capture.Packet
	var raw decode.Raw
	for n := 0; ; n++ {
		if n&0xff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := source.Next(&p); err != nil {
			if cut := new(capture.CutError); err == io.EOF || errors.As(err, &cut) {
				return nil // the second reading will say how it ends
			}
			return err
		}
		p.Source = index
		setRaw(&raw, &p)
		tap.Packet(&raw)
	}
}

// Counterpart returns the frame in which the first tap saw the second tap's frame f,
// and false if f is none of the second tap's or the first has it not.
func (c *Comparison) Counterpart(f fsm.Frame) (fsm.Frame, bool) { return c.comparison.Counterpart(f) }

// Source delivers the packets of the first tap, and among them, at the time at which
// it would have seen them, those that only the second has. Closing it closes both.
func (c *Comparison) Source(first, second capture.Source) capture.Source {
	return &tapSource{taps: c, source: [2]capture.Source{first, second}}
}

// annotate is for the choice of segments, which sees each of them first: it notes
// those that never arrived.
func (c *Comparison) annotate(wanted func(*decode.Packet) bool) func(*decode.Packet) bool {
	return func(p *decode.Packet) bool {
		p.Undelivered = c.comparison.Undelivered(p.Frame)
		if ends, ok := c.comparison.Translated(p); ok {
			p.Src, p.Dst = ends[0], ends[1]
		}
		return wanted == nil || wanted(p)
	}
}

func (c *Comparison) describeEach(each func(*record.Connection) error) func(*record.Connection) error {
	if each == nil {
		return nil
	}
	return func(conn *record.Connection) error {
		conn.Between = c.comparison.Of(conn)
		return each(conn)
	}
}

// describe adds what the comparison says of the capture as a whole.
func (c *Comparison) describe(r *record.Capture) {
	t := c.comparison.Report()
	r.Taps = &t
	for i, v := range c.comparison.Vantages() {
		if i < len(r.Sources) {
			r.Sources[i].Vantage = v
		}
	}
	if c.redundant > 0 {
		r.Packets += c.redundant
		r.Skipped = append(r.Skipped, record.Count{Name: "other-tap", N: c.redundant})
	}
}

// tapSource is two taps' captures as one source.
type tapSource struct {
	taps   *Comparison
	source [2]capture.Source
	head   [2]capture.Packet
	ready  [2]bool
	ended  [2]error
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
		if s.taps.comparison.Redundant(f) {
			s.taps.redundant++
			return
		}
		p.Time = int64(s.taps.comparison.FirstTime(f, fsm.Time(p.Time)))
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
	return errors.Join(s.source[0].Close(), s.source[1].Close())
}
