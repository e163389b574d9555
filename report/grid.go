package report

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// grid is a table whose cells may have several lines. The last column takes
// what the others leave; cells are broken here, so that the table writer has
// only to align them.
type grid struct {
	p      *page
	header []string
	rows   [][]string
	align  []tw.Align
}

const gridGap = 2 // blanks behind each column

func newGrid(p *page, header []string) *grid {
	g := &grid{p: p, header: header}
	for range header {
		g.align = append(g.align, tw.AlignLeft)
	}
	return g
}

func (g *grid) right(columns ...int) {
	for _, c := range columns {
		g.align[c] = tw.AlignRight
	}
}

// row adds a row; the cells are safe text, lines parted by \n.
func (g *grid) row(cells ...string) {
	if len(cells) != len(g.header) {
		panic("report: a table's row has another number of cells than its header")
	}
	g.rows = append(g.rows, cells)
}

// widths gives each column what its widest line needs. When that exceeds the
// page the last column shrinks down to minLast, then the widest of the others.
func (g *grid) widths() []int {
	minLast := 30
	if g.p.width < defaultWidth {
		minLast = 28
	}
	w := make([]int, len(g.header))
	total := (len(w) - 1) * gridGap
	for i := range w {
		w[i] = widest(g.header[i])
		for _, r := range g.rows {
			w[i] = max(w[i], widest(r[i]))
		}
		total += w[i]
	}
	last := len(w) - 1
	if over := total - g.p.width; over > 0 {
		give := min(over, max(0, w[last]-minLast))
		w[last] -= give
		total -= give
	}
	for ; total > g.p.width; total-- {
		most := 0
		for i := range w[:last] {
			if w[i] > w[most] {
				most = i
			}
		}
		w[most]--
	}
	return w
}

func widest(cell string) int {
	n := 0
	for line := range strings.SplitSeq(cell, "\n") {
		n = max(n, cells(line))
	}
	return n
}

// write draws the table. Lines are coloured when they are whole: the table writer
// knows little of colours.
func (g *grid) write(paint func(line string) string) {
	w := g.widths()
	for _, r := range append([][]string{g.header}, g.rows...) {
		for i := range r {
			var lines []string
			for line := range strings.SplitSeq(r[i], "\n") {
				lines = append(lines, wrap(line, w[i])...)
			}
			r[i] = strings.Join(lines, "\n")
		}
	}
	var out strings.Builder
	if len(g.rows) > bulkRows {
		g.drawPlain(&out)
	} else {
		g.drawTable(&out)
	}
	headerLines := 0
	for _, h := range g.header {
		headerLines = max(headerLines, strings.Count(h, "\n")+1)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimRight(line, " \n")
		if headerLines > 0 {
			g.p.line(g.p.paint(dim, line))
			headerLines--
			continue
		}
		g.p.line(paint(line))
	}
}

// drawTable lets the table writer align the cells.
func (g *grid) drawTable(out io.Writer) {
	gap := tw.Padding{Right: strings.Repeat(" ", gridGap), Overwrite: true}
	format := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Padding:    tw.CellPadding{Global: gap},
		Alignment:  tw.CellAlignment{PerColumn: g.align},
	}
	table := tablewriter.NewTable(out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Separators: tw.Separators{ShowHeader: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.Off},
				Lines:      tw.Lines{ShowHeaderLine: tw.Off},
			},
		})),
		tablewriter.WithHeaderConfig(format),
		tablewriter.WithRowConfig(format),
		tablewriter.WithTrimSpace(tw.Off),
		// Otherwise the library takes the width of ambiguous characters from the locale.
		tablewriter.WithEastAsian(tw.Off),
	)
	table.Header(g.header)
	for _, r := range g.rows {
		if err := table.Append(r); err != nil {
			panic("report: table: " + err.Error()) // cells are plain strings: nothing can fail
		}
	}
	if err := table.Render(); err != nil {
		panic("report: table: " + err.Error())
	}
}

// bulkRows is from where on the table writer, at some 50 µs a row, is too slow.
const bulkRows = 1000

// drawPlain draws what drawTable does.
func (g *grid) drawPlain(out *strings.Builder) {
	w := make([]int, len(g.header))
	for _, r := range append([][]string{g.header}, g.rows...) {
		for i := range r {
			w[i] = max(w[i], widest(r[i]))
		}
	}
	lines := make([][]string, len(g.header))
	for _, r := range append([][]string{g.header}, g.rows...) {
		height := 0
		for i := range r {
			lines[i] = strings.Split(r[i], "\n")
			height = max(height, len(lines[i]))
		}
		for k := range height {
			for i := range lines {
				cell := ""
				if k < len(lines[i]) {
					cell = lines[i][k]
				}
				if g.align[i] == tw.AlignRight {
					out.WriteString(padLeft(cell, w[i]))
				} else {
					out.WriteString(padRight(cell, w[i]))
				}
				out.WriteString("  ")
			}
			out.WriteByte('\n')
		}
	}
}
