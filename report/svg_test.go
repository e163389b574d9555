package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// drawn is what is read back from a picture.
type drawn struct {
	texts   []string // in order
	classes map[string]int
	hatched int
}

// drawSVG draws a connection and reads the picture back. Whatever could be active in it, or
// reach out of it, is an error.
func drawSVG(t *testing.T, c *record.Connection, o Options) (d drawn) {
	t.Helper()
	var b bytes.Buffer
	w := FindFormat("svg").New(&b, o)
	if err := w.Connection(c); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(&record.Report{}); err != nil {
		t.Fatal(err)
	}
	elements := []string{"svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "circle", "g", "text"}
	attributes := []string{"xmlns", "viewBox", "width", "height", "role", "class", "id", "patternUnits", "patternTransform",
		"d", "x", "y", "rx", "cx", "cy", "r", "fill", "style", "transform", "text-anchor"}
	d.classes = map[string]int{}
	r := xml.NewDecoder(&b)
	for in := ""; ; {
		token, err := r.Token()
		if err == io.EOF {
			return d
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			in = e.Name.Local
			if !slices.Contains(elements, in) {
				t.Fatalf("element %s", in)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Fatalf("%s has the attribute %s", in, a.Name.Local)
				}
				switch {
				case strings.Contains(a.Value, "url(#hatch-"):
					d.hatched++
				case strings.Contains(a.Value, "url"):
					t.Fatalf("%s=%q", a.Name.Local, a.Value)
				case a.Name.Local == "class":
					for _, class := range strings.Fields(a.Value) {
						d.classes[class]++
					}
				}
			}
		case xml.CharData:
			if in == "style" {
				continue
			}
			if i := strings.IndexFunc(string(e), func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) }); i >= 0 {
				t.Fatalf("control character in %q", e)
			}
			if in == "text" && strings.TrimSpace(string(e)) != "" {
				d.texts = append(d.texts, string(e))
			}
		}
	}
}

func (d *drawn) has(text string) bool { return slices.Contains(d.texts, text) }

// What is drawn is the record's: every segment, each state where it changes, and a dashed
// line for each proof.
func TestSVGIsTheRecord(t *testing.T) {
	c := download()
	d := drawSVG(t, c, Options{Full: true})
	proofs := 0
	for i := range c.Transitions {
		tr := &c.Transitions[i]
		if tr.Cause == fsm.Received && tr.Proof > tr.Frame {
			proofs++
		}
		if tr.To != fsm.Closed && !d.has(tr.To.String()) {
			t.Errorf("%s is not named", tr.To)
		}
	}
	if proofs == 0 || d.classes["proof"] != proofs {
		t.Errorf("%d proofs drawn, want %d", d.classes["proof"], proofs)
	}
	if d.classes["point"] != len(c.Segments) {
		t.Errorf("%d arrows, want %d", d.classes["point"], len(c.Segments))
	}
	for i := range c.Segments {
		if n := number(c.Segments[i].Frame.Number()); !d.has(n) {
			t.Errorf("frame %s is not there", n)
		}
	}
}

// The way through the diagram is that of the transitions; what the figure has no arrow for
// is written into the state that it leads away from.
func TestSVGWay(t *testing.T) {
	d := drawSVG(t, simultaneous(), Options{})
	if d.classes["alternate"] < 2 {
		t.Error("no arrow was taken by both sides")
	}
	if d = drawSVG(t, wrongAck(), Options{}); !slices.ContainsFunc(d.texts, func(s string) bool { return strings.Contains(s, "server: got RST 412?") }) {
		t.Errorf("no RST in %q", d.texts)
	}
	if d.hatched == 0 {
		t.Error("nothing is hatched, and what the RST did nothing proves")
	}
	for i := range edges {
		if e := &edges[i]; !slices.ContainsFunc(fsm.Table, func(r fsm.Row) bool { return r.From == e.from && r.To == e.to && r.Event == e.event }) {
			t.Errorf("%s to %s by %s is in no row of the table", e.from, e.to, e.event)
		}
	}
}

// Whatever a capture carries is text in the picture, and nothing else.
func TestSVGEscapes(t *testing.T) {
	d := drawSVG(t, evil(), Options{})
	if !slices.ContainsFunc(d.texts, func(s string) bool { return strings.Contains(s, `e\x1b[31mvil\x07\u202egnp."`) }) {
		t.Errorf("the hostile text is not in %q", d.texts)
	}
	evilMarkup := evil()
	evilMarkup.Service, evilMarkup.Verdict.Sentence = `</text><script>alert(1)</script>`, `"]]><image href="http://x/"/>&lt;`
	if d = drawSVG(t, evilMarkup, Options{ASCII: true}); !slices.ContainsFunc(d.texts, func(s string) bool { return strings.Contains(s, `"]]><image href="http://x/"/>&lt;`) }) {
		t.Errorf("the markup is not in %q", d.texts)
	}
}

// A picture has its most rows, whatever is asked for.
func TestSVGIsBounded(t *testing.T) {
	tk := newTalk(1, "[2001:db8:1111:2222:3333:4444:5555:6666]:40000", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:443", "https")
	for i := range uint64(3 * maxSVGRows) {
		tk.seg(i+1, fsm.Time(i)*ms, client, fsm.SYN, 0, 0, 0, "SYN-SENT/LISTEN")
	}
	d := drawSVG(t, tk.c, Options{Full: true})
	if n := d.classes["point"]; n < maxSVGRows-2 || n > maxSVGRows {
		t.Errorf("%d arrows", n)
	}
	if !slices.ContainsFunc(d.texts, func(s string) bool { return strings.Contains(s, "lines left out") }) {
		t.Error("what is left out is not said")
	}
	if d = drawSVG(t, tk.c, DefaultOptions()); d.classes["point"] > 50 {
		t.Errorf("%d arrows with the default limit", d.classes["point"])
	}
}

// No connection, no picture: the command says why.
func TestSVGOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := FindFormat("svg").Write(&b, &record.Report{}, Options{}); err != nil || b.Len() > 0 {
		t.Errorf("%v, %q", err, b.String())
	}
}
