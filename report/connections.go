package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// The table gives each connection two lines, the client's above the server's,
// because each endpoint has a state of its own. What happened stands beside
// them: opened, closed, the gravest finding.

func (p *page) connectionTable(r *record.Report) {
	shown, left := pickConnections(r.Connections, p.o.Limit)
	p.heading("Connections")
	if len(shown) == 0 {
		p.line("  none")
		return
	}
	roomy := p.width >= DefaultWidth
	header := []string{"#", "client\n" + p.arrow() + " server", "final state", "sent", "opened, closed, gravest finding"}
	if roomy {
		header = slices.Insert(header, 4, "start\nlasted")
	}
	t := newGrid(p, header)
	t.right(0, 3)
	if roomy {
		t.right(4)
	}
	for _, c := range shown {
		lasted := p.text(shortDuration(span(c.First, c.Last)))
		row := []string{
			number(c.ID),
			addr(c.Client) + "\n" + p.arrow() + " " + addr(c.Server) + optional(" ", p.service(c)),
			state(c.State[fsm.Client]) + "\n" + state(c.State[fsm.Server]),
			octets(c.Traffic[fsm.Client].Octets) + "\n" + octets(c.Traffic[fsm.Server].Octets),
			p.whatHappened(c, lasted, roomy),
		}
		if roomy {
			row = slices.Insert(row, 4, p.text(shortDuration(span(r.Capture.First, c.First)))+"\n"+lasted)
		}
		t.row(row...)
	}
	t.paint(len(header)-1, p.paintFinding)
	t.write()
	if left > 0 {
		p.line()
		p.hanging(2, "", plain, counted(uint64(left), "more connection", "more connections")+
			" not shown; these are the ones with the gravest findings. --limit 0 shows all, --conn N one of them.", plain)
	}
}

// pickConnections returns at most limit connections in order of ID, those with
// the gravest findings and then the earliest, and how many are left out.
func pickConnections(all []*record.Connection, limit int) ([]*record.Connection, int) {
	if limit <= 0 || len(all) <= limit {
		return all, 0
	}
	picked := slices.Clone(all)
	slices.SortStableFunc(picked, func(a, b *record.Connection) int { return cmp.Compare(gravity(b), gravity(a)) })
	picked = picked[:limit]
	slices.SortStableFunc(picked, func(a, b *record.Connection) int { return cmp.Compare(a.ID, b.ID) })
	return picked, len(all) - limit
}

// gravity is 0 without findings, else 1 + the gravest one's severity.
func gravity(c *record.Connection) int {
	if a := gravest(c); a != nil {
		return 1 + int(a.Severity)
	}
	return 0
}

func gravest(c *record.Connection) *record.Anomaly {
	var worst *record.Anomaly
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; worst == nil || a.Severity > worst.Severity {
			worst = a
		}
	}
	return worst
}

// service names the server's port, cut to what a name may take.
func (p *page) service(c *record.Connection) string {
	return cut(p.text(c.Service), 15, p.g.ellipsis)
}

// whatHappened writes the last column; it also says how long the connection
// lasted where no column does.
func (p *page) whatHappened(c *record.Connection, lasted string, roomy bool) string {
	lines := []string{p.text(openedBriefly(c)), p.text(closedBriefly(c))}
	if !roomy {
		lines[1] += ", " + lasted
	}
	if a := gravest(c); a != nil {
		text := a.Severity.String() + ": " + a.Name
		if more := len(c.Anomalies) - 1; more > 0 {
			text += " (+" + number(uint64(more)) + ")"
		}
		lines = append(lines, p.text(text))
	}
	return strings.Join(lines, "\n")
}

func openedBriefly(c *record.Connection) string {
	h := &c.Handshake
	text := h.Kind
	if h.ServerRTT >= 0 && h.ClientRTT >= 0 && h.Complete {
		text += ", " + shortDuration(h.ServerRTT+h.ClientRTT)
	}
	return text
}

func closedBriefly(c *record.Connection) string {
	text := c.Close.Kind
	switch {
	case c.Close.FirstCloser != "":
		text += ", " + c.Close.FirstCloser + " first"
	case c.Close.ResetBy != "":
		text += ", by " + c.Close.ResetBy
	}
	if c.Evicted {
		text += ", given up (too many open)"
	}
	return text
}

// paintFinding colours the line that names a finding by its severity.
func (p *page) paintFinding(line string) string {
	for s := record.SeverityCapture; s <= record.SeverityError; s++ {
		if strings.HasPrefix(line, s.String()+": ") {
			return p.paint(severityStyle(s), line)
		}
	}
	return line
}

func optional(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// grid is a table whose cells may have several lines. The last column takes
// what the others leave; cells are broken here, so that the table writer has
// only to align them.
type grid struct {
	p      *page
	header []string
	rows   [][]string
	align  []tw.Align
	style  map[int]func(string) string
}

const gridGap = 2 // blanks behind each column

func newGrid(p *page, header []string) *grid {
	g := &grid{p: p, header: header, style: map[int]func(string) string{}}
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

// paint colours a column line by line once the widths are settled.
func (g *grid) paint(column int, f func(string) string) { g.style[column] = f }

// widths gives each column what its widest line needs. When that exceeds the
// page the last column shrinks down to minLast, then the widest of the others.
func (g *grid) widths() []int {
	minLast := 30
	if g.p.width < DefaultWidth {
		minLast = 26
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

func (g *grid) write() {
	w := g.widths()
	for _, r := range append([][]string{g.header}, g.rows...) {
		for i := range r {
			var lines []string
			for line := range strings.SplitSeq(r[i], "\n") {
				lines = append(lines, wrap(line, w[i])...)
			}
			if f := g.style[i]; f != nil {
				for k := range lines {
					lines[k] = f(lines[k])
				}
			}
			r[i] = strings.Join(lines, "\n")
		}
	}
	var out strings.Builder
	gap := tw.Padding{Right: strings.Repeat(" ", gridGap), Overwrite: true}
	format := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Padding:    tw.CellPadding{Global: gap},
		Alignment:  tw.CellAlignment{PerColumn: g.align},
	}
	table := tablewriter.NewTable(&out,
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
	headerLines := 0
	for _, h := range g.header {
		headerLines = max(headerLines, strings.Count(h, "\n")+1)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimRight(line, " \n")
		if headerLines > 0 {
			line = g.p.paint(dim, line)
			headerLines--
		}
		g.p.line(line)
	}
}
