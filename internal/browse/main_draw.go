package browse

import (
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// column is one column of a list.
type column struct {
	name  string
	width int
	right bool // its text stands at the right end
	text  func(s *Screen, w *Row) string
}

// columns returns those that a list has room for: what is dear on a wide screen goes first.
func (m *mainView) columns(s *Screen, width int, rows []*Row) []column {
	ends, id := len("connection"), 3
	for _, w := range rows {
		ends, id = max(ends, cells(s.ends(w))), max(id, len(strconv.FormatUint(w.ID, 10)))
	}
	live := s.o.Live && m.choice.open
	last, wanted := 22, ends // the last column, and what is left for it
	if ends = min(ends, max(30, width*45/100)); live {
		ends, last = min(ends, max(28, width*35/100)), 17
	}
	list := []column{
		{"#", id, true, func(_ *Screen, w *Row) string { return strconv.FormatUint(w.ID, 10) }},
		{"connection", ends, false, func(s *Screen, w *Row) string { return s.ends(w) }},
	}
	left := width - 3 - id - 1 - ends - 1 - last
	add := func(c column) {
		if left >= c.width+1 {
			left -= c.width + 1
			list = append(list, c)
		}
	}
	if live {
		add(column{"waits for, how long", 23, false, func(s *Screen, w *Row) string {
			return w.Waits.String() + " " + phrase.Duration(max(0, s.table.Now.Seconds(w.Since)))
		}})
		add(column{"rate", 11, true, rateText})
		add(column{"RTT", 8, true, rttText})
		add(column{"resent", 6, true, func(_ *Screen, w *Row) string { return blankZero(uint64(w.Resent)) }})
		add(column{"states of client, server", 25, false, stateText})
		add(column{"bytes", 8, true, bytesText})
		left -= widen(&list[1], wanted, left)
		return append(list, column{"what is wrong", last + max(0, left), false, s.openWhat})
	}
	add(column{"took", 8, true, func(_ *Screen, w *Row) string { return phrase.Duration(w.took()) }})
	add(column{"bytes", 8, true, bytesText})
	add(column{"lost", 8, true, func(_ *Screen, w *Row) string {
		if w.Cost <= 0 {
			return ""
		}
		return phrase.Duration(float64(w.Cost))
	}})
	add(column{"resent", 6, true, func(_ *Screen, w *Row) string { return blankZero(uint64(w.Resent)) }})
	add(column{"RTT", 8, true, rttText})
	add(column{"states of client, server", 25, false, stateText})
	add(column{"rate", 11, true, rateText})
	left -= widen(&list[1], wanted, left)
	return append(list, column{"how it ended, and what was wrong", last + max(0, left), false, func(s *Screen, w *Row) string { return w.what(s.rows.catalogue) }})
}

// widen gives a column what it wants of the room that is left, and returns how much that is.
func widen(c *column, wanted, left int) int {
	more := max(0, min(wanted-c.width, left))
	c.width += more
	return more
}

// openWhat says what is wrong with a connection that is open.
func (s *Screen) openWhat(_ *Screen, w *Row) string {
	if w.Worst > 0 {
		return string(s.rows.catalogue.name(int(w.Worst) - 1))
	}
	return ""
}

func bytesText(_ *Screen, w *Row) string { return phrase.Size(w.Bytes[0] + w.Bytes[1]) }

func rateText(_ *Screen, w *Row) string {
	if w.Rate <= 0 {
		return ""
	}
	return phrase.Size(uint64(w.Rate)) + "/s"
}

func rttText(_ *Screen, w *Row) string {
	if w.RTT < 0 {
		return ""
	}
	return phrase.Duration(float64(w.RTT))
}

func stateText(s *Screen, w *Row) string {
	return shortState(w.State[fsm.Client]) + ", " + shortState(w.State[fsm.Server])
}

func shortState(e record.EndState) string {
	if e.Proved {
		return e.State.String()
	}
	return e.State.String() + "?"
}

func blankZero(n uint64) string {
	if n == 0 {
		return ""
	}
	return phrase.Count(n)
}

// ends writes "client → server service".
func (s *Screen) ends(w *Row) string {
	text := w.Client.String() + " " + s.paint.arrow + " " + w.Server.String()
	if w.Service != "" {
		text += " " + w.Service
	}
	return text
}

func (m *mainView) body(s *Screen, width, height int) []string {
	if m.problems {
		return m.problemLines(s, width, height)
	}
	from, to := m.list.window(height - 1)
	rows := make([]*Row, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, m.order.row(i))
	}
	columns := m.columns(s, width, rows)
	lines := []string{s.paint.quiet(m.header(s, columns, width))}
	for i, w := range rows {
		lines = append(lines, m.line(s, columns, w, from+i == m.list.at, width))
	}
	if len(rows) == 0 {
		lines = append(lines, "", "  "+m.empty(s))
	}
	return lines
}

// header is the columns' names, and at its end where the cursor is.
func (m *mainView) header(s *Screen, columns []column, width int) string {
	var b strings.Builder
	b.WriteString("   ")
	for _, c := range columns {
		if c.right {
			b.WriteString(fitRight(c.name, c.width, s.paint) + " ")
		} else {
			b.WriteString(fit(c.name, c.width, s.paint) + " ")
		}
	}
	place := ""
	if m.list.n > 0 {
		place = " " + phrase.Count(m.list.at+1) + "/" + phrase.Count(m.list.n)
	}
	return fill(strings.TrimRight(b.String(), " "), place, width, s.paint)
}

// line is one row. Under the cursor it is reversed, and has a sign for screens without.
func (m *mainView) line(s *Screen, columns []column, w *Row, under bool, width int) string {
	sign, marked := " ", " "
	if m.marked[w.ID] {
		marked = s.paint.mark
	}
	if under {
		sign = s.paint.glyphs.cursor
	}
	var b strings.Builder
	b.WriteString(sign + marked + " ")
	for i, c := range columns {
		text := c.text(s, w)
		if c.right {
			text = fitRight(text, c.width, s.paint)
		} else {
			text = fit(text, c.width, s.paint)
		}
		if i == len(columns)-1 && !under {
			text = s.paint.severity(w, text)
		}
		b.WriteString(text)
		if i < len(columns)-1 {
			b.WriteString(" ")
		}
	}
	text := fit(b.String(), width, s.paint)
	if under {
		return s.paint.cursor(text)
	}
	return text
}

func (m *mainView) empty(s *Screen) string {
	switch {
	case s.o.Live && m.choice.open:
		return "no connection is open"
	case s.o.Live:
		return "no connection has ended yet"
	case m.choice.ids != nil || m.choice.problem != nil:
		return "no connection is like that; Esc shows all"
	case s.table.Done:
		return "no TCP connection was found"
	}
	return "reading"
}

// problemLines lists what is wrong, the dearest first.
func (m *mainView) problemLines(s *Screen, width, height int) []string {
	list := m.problemsOf(s)
	m.trouble.n = len(list)
	if len(list) == 0 {
		text := "no problem: no connection failed, no check warns or tells of time lost"
		if !s.table.Done {
			text = "the problems are known when all is read"
		}
		return []string{"", "  " + text}
	}
	from, to := m.trouble.window(height - 5)
	lines := []string{s.paint.quiet(fill("   "+fitRight("cost", 12, s.paint)+"  what, and where", phrase.Count(m.trouble.at+1)+"/"+phrase.Count(len(list)), width, s.paint))}
	for i := from; i < to; i++ {
		x := &list[i]
		cost := report.Escape(phrase.Cost(x.Concern == record.ConcernFailure, x.Cost, x.Connections), s.o.Render.ASCII)
		text := "   " + fitRight(cost, 12, s.paint) + "  " + problemTitle(s, x)
		if x.Connections > 1 {
			text += ", " + phrase.Count(x.Connections) + " connections"
		}
		if text = fit(text, width, s.paint); i == m.trouble.at {
			text = s.paint.cursor(s.paint.glyphs.cursor + text[1:])
		} else if x.Concern == record.ConcernFailure {
			text = s.paint.in("31", text)
		}
		lines = append(lines, text)
	}
	for len(lines) < height-4 {
		lines = append(lines, "")
	}
	x := &list[m.trouble.at]
	about := report.Escape("Connection "+strconv.FormatUint(x.Worst, 10)+": "+x.Message, s.o.Render.ASCII)
	lines = append(lines, s.paint.quiet(strings.Repeat(s.paint.rule, width)))
	for _, l := range wrap(about, width-2, 3) {
		lines = append(lines, " "+l)
	}
	return lines
}

// problemTitle says what a problem is, and where.
func problemTitle(s *Screen, x *record.Problem) string {
	title := string(x.Check)
	if x.Check != "" {
		if place, known := s.rows.catalogue.place[x.Check]; known {
			title = s.rows.catalogue.docs[place].Title
		}
	} else {
		for _, d := range record.VerdictDocs {
			if d.Code == x.Verdict {
				title = d.Title
			}
		}
	}
	where := phrase.Count(x.Services) + " services"
	if x.Server.IP.IsValid() {
		where = x.Server.IP.String()
		if x.Server.Port != 0 {
			where += ", port " + strconv.Itoa(int(x.Server.Port))
		}
	}
	return report.Escape(title+": "+where, s.o.Render.ASCII)
}

func problemWords(s *Screen, x *record.Problem) string {
	return problemTitle(s, x) + " " + string(x.Check) + " " + string(x.Verdict) + " " + x.Message
}

// wrap breaks text at blanks into at most so many lines.
func wrap(text string, width, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && cells(line)+1+cells(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if lines = append(lines, line); len(lines) > most {
		lines = lines[:most]
	}
	return lines
}
