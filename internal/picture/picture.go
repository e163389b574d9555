// Package picture draws the output of a terminal as an SVG, for pages that show
// what the program prints. It brings its own dark background, so that it reads the
// same on a light page and on a dark one.
package picture

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The measures of the picture, in SVG units. A monospaced font of size 14 takes
// about 8.4 a column; each run of text is stretched to exactly its columns, so that
// they line up whatever font a viewer has.
const (
	column   = 8.4
	line     = 19
	fontSize = 14
	margin   = 20
	titleBar = 34
)

// classes are the colours that a terminal's SGR parameters stand for. Each has a
// contrast of at least 5 to 1 against the background.
var classes = map[string]string{
	"1": "b", "2": "d", "1;31": "r", "31": "r", "32": "g", "33": "y", "35": "m", "36": "c", "7": "i",
}

const style = `text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;font-size:%dpx;fill:#e6edf3;white-space:pre}
.b{font-weight:700;fill:#fff}.d{fill:#9198a1}.r{font-weight:700;fill:#ff7b72}.g{fill:#56d364}.y{fill:#e3b341}.m{fill:#d2a8ff}.c{fill:#76e3ea}.i{fill:#0d1117}.under{fill:#c9d1d9}`

var (
	sgr = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	gap = regexp.MustCompile(` {2,}`)
)

// WriteSVG draws a command line and, below it, what it printed. Of the control
// sequences in the output only colours (SGR) are understood; others are an error.
func WriteSVG(w io.Writer, command, output string) error {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	columns := utf8.RuneCountInString(command) + 2
	for _, l := range lines {
		l = sgr.ReplaceAllString(l, "")
		if i := strings.IndexFunc(l, func(r rune) bool { return r < ' ' }); i >= 0 {
			return fmt.Errorf("picture: %q holds a control character that is no colour", l)
		}
		columns = max(columns, utf8.RuneCountInString(l))
	}
	width, height := 2*margin+column*float64(columns), titleBar+margin+line*(len(lines)+1)

	b := bufio.NewWriter(w)
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(b, "<title>%s</title>\n<style>", escape(command))
	fmt.Fprintf(b, style, fontSize)
	b.WriteString("</style>\n")
	fmt.Fprintf(b, `<rect x=".5" y=".5" width="%.0f" height="%d" rx="8" fill="#0d1117" stroke="#57606a"/>`+"\n", width-1, height-1)
	for i, colour := range []string{"#ff7b72", "#e3b341", "#56d364"} {
		fmt.Fprintf(b, `<circle cx="%d" cy="18" r="5.5" fill="%s"/>`+"\n", margin+5+20*i, colour)
	}
	y := titleBar + line
	run(b, 0, y, "g", "$")
	run(b, 2, y, "b", command)
	for _, l := range lines {
		y += line
		coloured(b, y, l)
	}
	b.WriteString("</svg>\n")
	return b.Flush() // bufio keeps the first error
}

// coloured writes one line of output with its colours.
func coloured(b *bufio.Writer, y int, text string) {
	at, class := 0, ""
	for text != "" {
		next := sgr.FindStringSubmatchIndex(text)
		if next == nil {
			run(b, at, y, class, text)
			return
		}
		if class == "i" && next[0] > 0 { // reversed: what the terminal fills
			fmt.Fprintf(b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" class="under"/>`+"\n",
				margin+column*float64(at), y-line+5, column*float64(utf8.RuneCountInString(text[:next[0]])), line)
		}
		run(b, at, y, class, text[:next[0]])
		at += utf8.RuneCountInString(text[:next[0]])
		class = classes[text[next[2]:next[3]]]
		text = text[next[1]:]
	}
}

// run writes text of one colour that begins in column at. Where there is more than
// one blank it is cut, so that no blanks are stretched.
func run(b *bufio.Writer, at, y int, class, text string) {
	for {
		g := gap.FindStringIndex(text)
		if g == nil {
			word(b, at, y, class, text)
			return
		}
		word(b, at, y, class, text[:g[0]])
		at += utf8.RuneCountInString(text[:g[1]])
		text = text[g[1]:]
	}
}

// word writes text without long blanks.
func word(b *bufio.Writer, at, y int, class, text string) {
	trimmed := strings.TrimLeft(text, " ")
	at += len(text) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, " ")
	n := utf8.RuneCountInString(trimmed)
	if n == 0 {
		return
	}
	attr := ""
	if class != "" {
		attr = ` class="` + class + `"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n",
		margin+column*float64(at), y, column*float64(n), attr, escape(trimmed))
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s))
	return b.String()
}
