package report

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// canvas gathers the elements of a picture. All numbers are SVG units, which a page
// shows as pixels unless it is too narrow.
type canvas struct {
	p *page
	b strings.Builder
}

// The fonts' measures. Widths are estimates, on the wide side: no font is brought along.
const (
	monoCell  = 7.25 // a character of the monospaced font at size 12
	smallCell = 6.7  // of size 11
	sansCell  = 6.4  // of the other font at size 13, on average
)

// num writes a coordinate, to a tenth.
func num(f float64) string {
	tenths := int64(math.Round(f * 10))
	sign := ""
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	text := sign + strconv.FormatInt(tenths/10, 10)
	if tenths%10 != 0 {
		text += "." + strconv.FormatInt(tenths%10, 10)
	}
	return text
}

func (v *canvas) addf(format string, args ...any) { fmt.Fprintf(&v.b, format+"\n", args...) }

// markup makes text fit for the page and then for XML.
func (v *canvas) markup(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(v.p.text(s))) // writing to it does not fail
	return b.String()
}

// text writes text whose left end is at x.
func (v *canvas) text(x, y float64, class, s string) { v.anchored(x, y, class, "", s) }

// textTo writes text whose right end is at x.
func (v *canvas) textTo(x, y float64, class, s string) { v.anchored(x, y, class, "end", s) }

// textAround writes text whose middle is at x.
func (v *canvas) textAround(x, y float64, class, s string) { v.anchored(x, y, class, "middle", s) }

func (v *canvas) anchored(x, y float64, class, anchor, s string) {
	if s == "" {
		return
	}
	if anchor != "" {
		anchor = ` text-anchor="` + anchor + `"`
	}
	v.addf(`<text x="%s" y="%s"%s class="%s">%s</text>`, num(x), num(y), anchor, class, v.markup(s))
}

// box draws a rectangle with rounded corners.
func (v *canvas) box(x, y, w, h, round float64, class string) {
	v.addf(`<rect x="%s" y="%s" width="%s" height="%s" rx="%s" class="%s"/>`, num(x), num(y), num(w), num(h), num(round), class)
}

func (v *canvas) path(d, class string) { v.addf(`<path d="%s" class="%s"/>`, d, class) }

func (v *canvas) line(x1, y1, x2, y2 float64, class string) {
	v.path("M"+num(x1)+" "+num(y1)+"L"+num(x2)+" "+num(y2), class)
}

// head draws the point of an arrow that ends at x, y and comes from the direction dx, dy,
// of which one is 0 and the other ±1.
func (v *canvas) head(x, y, dx, dy float64, class string) {
	const long, wide = 9, 4
	v.path("M"+num(x)+" "+num(y)+
		"L"+num(x-long*dx+wide*dy)+" "+num(y-long*dy+wide*dx)+
		"L"+num(x-long*dx-wide*dy)+" "+num(y-long*dy-wide*dx)+"Z", class)
}

// pill writes short text with a frame around it whose left end is at x, and returns where
// its right end is.
func (v *canvas) pill(x, y float64, class, s string) float64 {
	w := smallCell*float64(cells(v.p.text(s))) + 12
	v.box(x, y-12, w, 16, 8, "pill "+class)
	v.textAround(x+w/2, y, "small "+class, s)
	return x + w
}
