package browse

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// mainView is the list of connections, or of what is wrong with them.
type mainView struct {
	choice choice
	order  *order
	list   list
	id     uint64 // the connection under the cursor
	moved  bool   // by the user: it then stays on its connection

	problems bool // the list of problems is shown
	trouble  list

	marked map[uint64]bool
	search string
	where  string
}

func newMain(live bool) *mainView {
	m := &mainView{marked: map[uint64]bool{}}
	if live {
		m.choice = choice{open: true, key: byWait}
	}
	return m
}

// show takes a new order, with the cursor on the connection that it was on.
func (m *mainView) show(o *order) {
	m.order = o
	m.list.n = len(o.list)
	if m.moved && m.id != 0 {
		if at := o.place(m.id); at >= 0 {
			m.list.follow(at)
		}
	}
	m.list.clamp()
	m.noteCursor()
}

func (m *mainView) noteCursor() {
	if w := m.order.row(m.list.at); w != nil {
		m.id = w.ID
	}
}

func (m *mainView) problemsOf(s *Screen) []record.Problem {
	if s.table.report == nil {
		return nil
	}
	return s.table.report.Summary.Problems
}

func (m *mainView) heading(s *Screen) string {
	names := [2]string{"1 Connections", "2 Problems"}
	if s.o.Live {
		names = [2]string{"1 Open", "2 Ended"}
	}
	second := m.problems
	if s.o.Live {
		second = !m.choice.open
	}
	var b strings.Builder
	for i, name := range names {
		if (i == 1) == second {
			name = s.paint.strong("[" + name + "]")
		} else {
			name = s.paint.quiet(" " + name + " ")
		}
		b.WriteString(" " + name)
	}
	if m.problems {
		return b.String()
	}
	b.WriteString("  by " + m.choice.key.String())
	if m.choice.reverse {
		b.WriteString(", reversed")
	}
	if m.where != "" {
		b.WriteString("  where " + m.where)
	}
	if x := m.choice.problem; x != nil {
		b.WriteString("  with " + problemTitle(s, x))
	}
	if n := len(m.marked); n > 0 {
		b.WriteString("  " + phrase.Count(n) + " marked")
	}
	if more := s.table.total - uint64(s.table.n); more > 0 && s.table.n > 0 {
		b.WriteString("  (" + phrase.Count(more) + " more are not listed)")
	}
	return b.String()
}

func (m *mainView) hints(s *Screen) string {
	switch {
	case m.problems:
		return "Enter its connections  / search  1 connections"
	case s.o.Live:
		return "Enter look  space pause  s sort  Tab open/ended  y filter"
	}
	return "Enter open  / search  & where  s sort  space mark  w write  y filter"
}

// clear takes back what was chosen, the last first.
func (m *mainView) clear(s *Screen) tea.Cmd {
	switch {
	case m.choice.problem != nil:
		m.choice.problem, m.problems = nil, true
	case m.choice.ids != nil:
		m.choice.ids, m.where = nil, ""
	default:
		return s.say("q quits")
	}
	return s.reorder()
}

func (m *mainView) key(s *Screen, key string) tea.Cmd {
	at := &m.list
	if m.problems {
		at = &m.trouble
	}
	if at.key(key) {
		if !m.problems {
			m.moved = m.list.at > 0
			m.noteCursor()
		}
		return nil
	}
	switch key {
	case "1", "2", "tab", "shift+tab":
		return m.tab(s, key)
	case "enter", "right", "l":
		return m.enter(s)
	case "/":
		return s.ask("/", "", func(s *Screen, text string) tea.Cmd { m.search = text; return m.next(s, 1, 0) })
	case "n":
		return m.next(s, 1, 1)
	case "N":
		return m.next(s, -1, 1)
	}
	if m.problems {
		return nil
	}
	return m.listKey(s, key)
}

// listKey does what a key says about the list of connections.
func (m *mainView) listKey(s *Screen, key string) tea.Cmd {
	switch key {
	case "s", "S":
		step := sortKey(1)
		if key == "S" {
			step = numSortKeys - 1
		}
		m.choice.key = (m.choice.key + step) % numSortKeys
		if m.choice.key == byWait && !(s.o.Live && m.choice.open) {
			m.choice.key = (m.choice.key + step) % numSortKeys
		}
		m.list.home()
		m.moved = false
		return s.reorder()
	case "r":
		m.choice.reverse = !m.choice.reverse
		m.list.home()
		return s.reorder()
	case "space", " ":
		if s.o.Live {
			s.paused = !s.paused
			return nil
		}
		m.mark()
	case "p":
		if s.o.Live {
			s.paused = !s.paused
		}
	case "u", "U":
		clear(m.marked)
	case "&":
		return m.askWhere(s)
	case "w":
		return m.write(s)
	case "y":
		return m.copyFilter(s)
	}
	return nil
}

func (m *mainView) tab(s *Screen, key string) tea.Cmd {
	if !s.o.Live {
		m.problems = key == "2" || key != "1" && !m.problems
		m.trouble.n = len(m.problemsOf(s))
		return nil
	}
	m.choice.open = key == "1" || key != "2" && !m.choice.open
	m.choice.key = byID
	if m.choice.open {
		m.choice.key = byWait
	}
	m.choice.reverse = !m.choice.open // the latest first
	m.list.home()
	m.moved = false
	return s.reorder()
}

func (m *mainView) enter(s *Screen) tea.Cmd {
	if m.problems {
		if list := m.problemsOf(s); m.trouble.at < len(list) {
			m.choice.problem, m.problems, m.choice.ids, m.where = &list[m.trouble.at], false, nil, ""
			m.list.home()
			m.moved = false
			return s.reorder()
		}
		return nil
	}
	w := m.order.row(m.list.at)
	if w == nil {
		return nil
	}
	return s.openConnection(w)
}

func (m *mainView) mark() {
	w := m.order.row(m.list.at)
	if w == nil {
		return
	}
	if m.marked[w.ID] {
		delete(m.marked, w.ID)
	} else {
		m.marked[w.ID] = true
	}
	m.list.key("j")
	m.moved = true
	m.noteCursor()
}

// next moves to the next row that has what was searched for.
func (m *mainView) next(s *Screen, step, from int) tea.Cmd {
	if m.search == "" {
		return nil
	}
	if m.problems {
		list := m.problemsOf(s)
		for i := range list {
			at := ((m.trouble.at+(from+i)*step)%len(list) + len(list)) % len(list)
			if strings.Contains(strings.ToLower(problemWords(s, &list[at])), strings.ToLower(m.search)) {
				m.trouble.follow(at)
				return nil
			}
		}
		return s.say("not found: " + m.search)
	}
	o, text, at, k := m.order, m.search, m.list.at+from*step, s.rows.catalogue
	if o == nil {
		return nil
	}
	return elsewhere(func() func(*Screen) tea.Cmd {
		found := o.find(text, at, step, k)
		return func(s *Screen) tea.Cmd {
			if found < 0 {
				return s.say("not found: " + text)
			}
			if m.order == o {
				m.list.follow(found)
			} else if place := m.order.place(o.row(found).ID); place >= 0 {
				m.list.follow(place)
			}
			m.moved = true
			m.noteCursor()
			return nil
		}
	})
}

// askWhere asks for an expression and shows only the connections of which it is true.
func (m *mainView) askWhere(s *Screen) tea.Cmd {
	if s.o.Reader == nil {
		return s.say("--where is for the command line here")
	}
	return s.ask("where: ", m.where, func(s *Screen, text string) tea.Cmd {
		if text == "" {
			m.choice.ids, m.where = nil, ""
			return s.reorder()
		}
		s.sayReading("reading for " + text)
		ctx, reader := s.ctx, s.o.Reader
		return elsewhere(func() func(*Screen) tea.Cmd {
			ids := map[uint64]bool{}
			err := reader.Matching(ctx, text, func(id uint64) {
				if len(ids) < MaxRows {
					ids[id] = true
				}
			})
			return func(s *Screen) tea.Cmd {
				if err != nil {
					return s.say(err.Error())
				}
				m.choice.ids, m.choice.problem, m.where = ids, nil, text
				m.list.home()
				m.moved = false
				s.say(phrase.Counted(len(ids), "connection", "connections"))
				return s.reorder()
			}
		})
	})
}

// chosen are the connections that are marked, or the one under the cursor.
func (m *mainView) chosen() []uint64 {
	var ids []uint64
	for id := range m.marked {
		ids = append(ids, id)
	}
	if w := m.order.row(m.list.at); len(ids) == 0 && w != nil {
		ids = append(ids, w.ID)
	}
	return ids
}

// write asks for a file's name and writes the packets of what is chosen.
func (m *mainView) write(s *Screen) tea.Cmd { return s.writeConnections(m.chosen()) }

func (s *Screen) writeConnections(ids []uint64) tea.Cmd {
	if s.o.Reader == nil {
		return s.say("its packets were not kept: start live with -w FILE")
	}
	if len(ids) == 0 {
		return nil
	}
	return s.ask("write "+phrase.Counted(len(ids), "connection", "connections")+" to: ", "", func(s *Screen, name string) tea.Cmd {
		if name == "" {
			return nil
		}
		s.sayReading("writing " + name)
		ctx, reader := s.ctx, s.o.Reader
		return elsewhere(func() func(*Screen) tea.Cmd {
			packets, err := reader.Write(ctx, ids, name)
			return func(s *Screen) tea.Cmd {
				if err != nil {
					return s.say(err.Error())
				}
				return s.say(phrase.Counted(packets, "packet", "packets") + " written to " + name)
			}
		})
	})
}

// copyFilter shows the Wireshark filter of the connection under the cursor, and puts it into
// the clipboard where the terminal lets it.
func (m *mainView) copyFilter(s *Screen) tea.Cmd {
	w := m.order.row(m.list.at)
	if w == nil {
		return nil
	}
	return s.copyFilterOf(w)
}

func (s *Screen) copyFilterOf(w *Row) tea.Cmd {
	filter := w.filter()
	s.say(filter + "   (copied, if the terminal allows it)")
	return tea.SetClipboard(filter)
}

// filter is a display filter of Wireshark for the row's connection: by addresses and ports,
// as frame numbers tell connections apart that share them.
func (w *Row) filter() string {
	c := record.Connection{Client: record.Addr{IP: w.Client.Addr(), Port: w.Client.Port()}, Server: record.Addr{IP: w.Server.Addr(), Port: w.Server.Port()},
		FirstFrame: w.Frames[0], LastFrame: w.Frames[1], Stream: w.Stream}
	return string(c.AppendWiresharkFilter(nil))
}
