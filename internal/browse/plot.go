package browse

import "math"

// plot draws points into cells: each holds eight dots of Braille, two by four, or one
// character where only ASCII can be shown.
type plot struct {
	w, h  int // cells
	ascii bool
	dots  []uint8
	ink   []ink // who drew last into a cell, the most important one
	signs []rune
}

// ink is what a cell's dots stand for; the higher cover the lower.
type ink uint8

const (
	inkNone ink = iota
	inkAck
	inkData
	inkMinor
	inkResent
)

func newPlot(w, h int, ascii bool) *plot {
	w, h = max(0, w), max(0, h)
	n := w * h
	return &plot{w: w, h: h, ascii: ascii, dots: make([]uint8, n), ink: make([]ink, n), signs: make([]rune, n)}
}

// braille are the bits of a cell's dots, by column and row.
var braille = [2][4]uint8{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}

// dot draws at x, y, each 0 to 1, y upwards.
func (p *plot) dot(x, y float64, by ink) {
	if x < 0 || x > 1 || y < 0 || y > 1 || math.IsNaN(x) || math.IsNaN(y) || p.w < 1 || p.h < 1 {
		return
	}
	dx := min(int(x*float64(2*p.w)), 2*p.w-1)
	dy := min(int((1-y)*float64(4*p.h)), 4*p.h-1)
	at := dy/4*p.w + dx/2
	p.dots[at] |= braille[dx%2][dy%4]
	p.ink[at] = max(p.ink[at], by)
}

// line draws upright or level lines.
func (p *plot) line(x1, y1, x2, y2 float64, by ink) {
	clip := func(f float64) float64 { return max(-0.01, min(1.01, f)) }
	x1, y1, x2, y2 = clip(x1), clip(y1), clip(x2), clip(y2)
	steps := int(max(math.Abs(x2-x1)*float64(2*p.w), math.Abs(y2-y1)*float64(4*p.h))) + 1
	for i := 0; i <= steps; i++ {
		f := float64(i) / float64(steps)
		p.dot(x1+(x2-x1)*f, y1+(y2-y1)*f, by)
	}
}

// sign puts a character at x, y.
func (p *plot) sign(x, y float64, c rune) {
	if x < 0 || x > 1 || y < 0 || y > 1 || p.w < 1 || p.h < 1 {
		return
	}
	at := min(int((1-y)*float64(p.h)), p.h-1)*p.w + min(int(x*float64(p.w)), p.w-1)
	p.signs[at] = c
}

var asciiInk = [...]rune{inkNone: ' ', inkAck: '.', inkData: '|', inkMinor: '-', inkResent: 'R'}

var inkColors = [...]string{inkNone: "", inkAck: "32", inkData: "36", inkMinor: "2", inkResent: "31"}

// rows returns the lines of the plot.
func (p *plot) rows(paint paint) []string {
	out := make([]string, p.h)
	for y := range out {
		line, run, by := "", "", inkNone
		flush := func() {
			if by != inkNone && paint.color {
				run = sgr(inkColors[by], run)
			}
			line, run = line+run, ""
		}
		for x := range p.w {
			at := y*p.w + x
			c, ink := ' ', p.ink[at]
			switch {
			case p.signs[at] != 0:
				c, ink = p.signs[at], inkResent
			case p.dots[at] != 0 && p.ascii:
				c = asciiInk[ink]
			case p.dots[at] != 0:
				c = rune(0x2800) + rune(p.dots[at])
			}
			if ink != by {
				flush()
				by = ink
			}
			run += string(c)
		}
		flush()
		out[y] = line
	}
	return out
}
