package report

import (
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// An SVG shows one connection: its ladder, with the states of both endpoints along their
// lifelines and dashed lines from a state to the frame that proves it, and below it the
// state diagram with the ways that both took. It brings its own background, light or dark
// as the viewer asks, and nothing but itself: no script, no font, no reference.

// svgWidth is the picture's width; a page of documentation shows it at nearly its size.
const svgWidth = 960

// svgMargin is what stays free around everything.
const svgMargin = 24

// maxSVGRows bounds a picture's ladder, whatever the limit.
const maxSVGRows = 1000

// svgWriter draws the first connection that it is given.
type svgWriter struct {
	w io.Writer
	o Options
	c *record.Connection
}

func newSVG(w io.Writer, o Options) Writer { return &svgWriter{w: w, o: o.forSources()} }

func (s *svgWriter) Connection(c *record.Connection) error {
	if s.c == nil {
		s.c = c.Clone()
	}
	return nil
}

func (s *svgWriter) Finish(r *record.Report) error {
	if s.c == nil && len(r.Connections) > 0 {
		s.c = r.Connections[0]
	}
	if s.c == nil {
		return nil
	}
	o := s.o.forReport(r)
	o.Color = false
	return render(s.w, o, func(p *page) { p.picture(s.c) })
}

// picture draws a connection.
func (p *page) picture(c *record.Connection) {
	v := &canvas{p: p}
	y := v.headline(c)
	if rows := rungs(c); len(rows) > 0 {
		y = v.ladder(c, rows, y)
	}
	y = v.diagram(c, y)
	p.line(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, num(svgWidth), " ", num(y), `" width="`, num(svgWidth), `" height="`, num(y), `" role="img" class="tcpflow">`)
	p.line("<title>", v.markup("Connection "+number(c.ID)+": "+p.ends(c)), "</title>")
	p.line("<desc>", v.markup(c.Verdict.Sentence), "</desc>")
	p.line("<style>", svgStyle, "</style>")
	p.line(svgPatterns())
	p.line(`<rect x=".5" y=".5" width="`, num(svgWidth-1), `" height="`, num(y-1), `" rx="8" class="ground"/>`)
	p.w.WriteString(v.b.String())
	p.line("</svg>")
}

// headline writes which connection it is and why it ended as it did. It returns where it ends.
func (v *canvas) headline(c *record.Connection) (y float64) {
	y = svgMargin + 16
	lead := "Connection " + number(c.ID)
	v.text(svgMargin, y, "title", lead)
	ends := v.p.ends(c) + optional(" ", c.Service)
	at := svgMargin + 10.5*float64(len(lead))
	if at+monoCell*float64(cells(ends)) > svgWidth-svgMargin {
		y += 20
		at = svgMargin
	}
	v.text(at, y, "mono", ends)
	if !c.Quality.Untimed {
		y += 20
		v.text(svgMargin, y, "prose quiet", moment(c.First)+", "+phrase.Duration(span(c.First, c.Last))+", "+v.p.frameSpan(c.FirstFrame, c.LastFrame))
	}
	if c.Verdict.Sentence != "" {
		y += 4
		y = v.prose(svgMargin, y, svgWidth-2*svgMargin, "prose", c.Verdict.Sentence)
	}
	return y + 14
}

// prose writes wrapped text below y and returns where it ends.
func (v *canvas) prose(x, y, width float64, class, s string) float64 {
	for _, l := range wrap(v.p.text(s), int(width/sansCell)) {
		y += 18
		v.text(x, y, class, l)
	}
	return y
}

// stateClass is the colour of a state: what it means for the connection.
func stateClass(s fsm.State) string {
	switch s {
	case fsm.SynSent, fsm.SynReceived:
		return "opening"
	case fsm.Established:
		return "open"
	case fsm.FinWait1, fsm.FinWait2, fsm.CloseWait, fsm.Closing, fsm.LastAck:
		return "closing"
	case fsm.TimeWait:
		return "waiting"
	}
	return "shut"
}

// sideClass is the colour of an endpoint's way.
func sideClass(side fsm.Side) string { return [...]string{"cli", "srv"}[side&1] }

// findingClass is the colour of a finding.
func findingClass(s record.Severity) string { return "sev" + s.String() }
