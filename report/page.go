package report

import (
	"bufio"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// page is where text goes: it holds the width, the glyphs and the first error.
type page struct {
	w     *bufio.Writer
	o     Options
	g     glyphs
	width int

	of      fsm.Frame    // whose lines are written now
	linesOf *[]fsm.Frame // of each line, if they are asked for
}

// render runs draw on a page over w and returns the first error of writing.
func render(w io.Writer, o Options, draw func(p *page)) error {
	p := &page{w: bufio.NewWriter(w), o: o, g: unicodeGlyphs, width: o.width()}
	if o.ASCII {
		p.g = asciiGlyphs
	}
	draw(p)
	return p.w.Flush() // bufio keeps the first error
}

// text makes any string fit for the page. All that is not a constant of this
// package, or a number, goes through it.
func (p *page) text(s string) string {
	s = escape(s)
	if p.o.ASCII {
		s = toASCII(s)
	}
	return s
}

// paint colours s.
func (p *page) paint(st style, s string) string {
	if !p.o.Color || st == plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// line writes one finished line. Blanks at its end are left out.
func (p *page) line(parts ...string) {
	p.w.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	p.w.WriteByte('\n')
	if p.linesOf != nil {
		*p.linesOf = append(*p.linesOf, p.of)
	}
}

// heading writes a section's title and a rule up to the page's width.
func (p *page) heading(title string) {
	title = cut(title, p.width-4, p.g.ellipsis)
	p.line(p.paint(bold, title), " ", p.paint(dim, strings.Repeat(p.g.rule, max(0, p.width-cells(title)-1))))
}

// hanging writes text behind a lead of the given indentation, wrapped, each
// further line below the first one's text. The lead must be shorter than half
// a line.
func (p *page) hanging(indent int, lead string, leadStyle style, text string, st style) {
	lead = strings.Repeat(" ", indent) + lead
	at := cells(lead)
	for i, l := range wrap(text, p.width-at) {
		if i == 0 {
			p.line(p.paint(leadStyle, lead), p.paint(st, l))
		} else {
			p.line(strings.Repeat(" ", at), p.paint(st, l))
		}
	}
}

// field writes a named value, its name in a column of n cells.
func (p *page) field(n int, name, value string) {
	p.hanging(2, padRight(name, n), dim, value, plain)
}

// frame writes a frame's number, with its file's in front where there are several.
func (p *page) frame(f fsm.Frame) string {
	if f == 0 {
		return "-"
	}
	n := strconv.FormatUint(f.Number(), 10)
	if p.o.Multi {
		n = strconv.FormatUint(fileNumber(f), 10) + ":" + n
	}
	return n
}

// frames writes "frame 3", "frames 3, 5, 9": at most eight of them.
func (p *page) frames(list []fsm.Frame) string { return p.framesOf(list, 0) }

// framesOf writes those of a finding that occurred so often. It may list fewer than there
// were; an occurrence has one or several.
func (p *page) framesOf(list []fsm.Frame, occurred uint64) string {
	const most = 8
	if len(list) == 0 {
		return ""
	}
	n := max(uint64(len(list)), occurred)
	var b strings.Builder
	b.WriteString("frame")
	if n > 1 {
		b.WriteByte('s')
	}
	for i, f := range list[:min(len(list), most)] {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte(' ')
		b.WriteString(p.frame(f))
	}
	if n > most || n > uint64(len(list)) {
		b.WriteString(", " + p.g.ellipsis)
	}
	return b.String()
}

// addr writes address:port, IPv6 in brackets.
func addr(a record.Addr) string {
	return netip.AddrPortFrom(a.IP, a.Port).String()
}

// ends writes "client → server".
func (p *page) ends(c *record.Connection) string {
	return addr(c.Client) + " " + p.g.arrow + " " + addr(c.Server)
}

// state writes a state, with a question mark while nothing proves it.
func state(s record.EndState) string {
	if s.Proved {
		return s.State.String()
	}
	return s.State.String() + "?"
}

// number writes digits without groups, for columns of sequence numbers.
func number(n uint64) string { return strconv.FormatUint(n, 10) }

// nothing is what stands in a table where there is no value.
func (p *page) nothing() string { return p.text("–") }
