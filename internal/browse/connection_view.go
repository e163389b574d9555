package browse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// connectionView shows one connection in several ways.
type connectionView struct {
	id     uint64
	row    Row
	live   bool
	conn   *record.Connection // nil while it is read
	tab    tab
	text   [numTabs]*pager // of the tabs that are text
	frames []fsm.Frame     // of the timeline's lines
	graphs [2]*graph       // time and sequence numbers, round trips
	full   bool            // runs of ordinary segments are not folded
	stop   func()          // ends the reading, or nil
}

// tab is one way to look at a connection.
type tab uint8

const (
	tabTimeline tab = iota
	tabSequence
	tabRTT
	tabStory
	numTabs
)

var tabNames = [numTabs]string{"1 Timeline", "2 Sequence", "3 Round trips", "4 Story"}

// openConnection shows the connection of a row.
func (s *Screen) openConnection(w *Row) tea.Cmd {
	v := &connectionView{id: w.ID, row: *w, live: s.o.Live}
	if s.o.Reader == nil {
		if !w.Open {
			return s.say("it has ended, and its packets were not kept: with -w FILE they can be browsed")
		}
		s.rows.wish(w.ID)
		s.push(v)
		return nil
	}
	s.push(v)
	ctx, cancel := context.WithCancel(s.ctx)
	v.stop = cancel
	reader := s.o.Reader
	return elsewhere(func() func(*Screen) tea.Cmd {
		r, err := reader.Connection(ctx, v.id, 0)
		return func(s *Screen) tea.Cmd {
			switch {
			case ctx.Err() != nil: // it was left before
				return nil
			case err != nil:
				s.say(err.Error())
			case len(r.Connections) == 0:
				s.say("it is not there any more: the file has changed")
			default:
				v.refresh(s, r.Connections[0])
				return nil
			}
			if s.top() == view(v) {
				s.back()
			}
			return nil
		}
	})
}

// leave ends the reading for a view that is left.
func (v *connectionView) leave() {
	if v.stop != nil {
		v.stop()
	}
}

// refresh takes the connection's record.
func (v *connectionView) refresh(s *Screen, c *record.Connection) {
	v.conn = c
	v.layOut(s)
}

func (v *connectionView) resized(s *Screen) { v.layOut(s) }

// layOut makes the tabs' text for the screen's width.
func (v *connectionView) layOut(s *Screen) {
	if v.conn == nil {
		return
	}
	o := s.o.Render
	o.Width, o.Limit, o.Full = max(report.MinWidth, s.width), 0, v.full
	var b strings.Builder
	frames, _ := report.Timeline(&b, v.conn, o) // a Builder does not fail
	v.set(tabTimeline, b.String())
	v.frames = frames
	v.text[tabTimeline].enter = v.explain
	b.Reset()
	report.Explain(&b, v.conn, o)
	v.set(tabStory, b.String())
	if v.graphs[0] == nil && len(v.conn.Segments) > 0 {
		v.graphs = [2]*graph{sequenceGraph(v.conn), rttGraph(v.conn)}
	}
}

func (v *connectionView) set(t tab, text string) {
	if v.text[t] == nil {
		v.text[t] = &pager{}
	}
	v.text[t].setText(text)
}

func (v *connectionView) heading(s *Screen) string {
	if v.live {
		return " " + s.paint.strong("Connection "+strconv.FormatUint(v.id, 10)) + "  as it is now"
	}
	var b strings.Builder
	for t, name := range tabNames {
		if tab(t) == v.tab {
			b.WriteString(" " + s.paint.strong("["+name+"]"))
		} else {
			b.WriteString(" " + s.paint.quiet(" "+name+" "))
		}
	}
	return fill(b.String(), "connection "+strconv.FormatUint(v.id, 10)+" ", s.width, s.paint)
}

func (v *connectionView) hints(s *Screen) string {
	switch {
	case v.live:
		return "j/k move  space pause  y filter"
	case v.tab == tabTimeline:
		return "Enter explain the frame  n/N next finding  x unfold  Tab graphs  / search  w write  y filter"
	case v.tab == tabStory:
		return "Tab timeline  / search  w write  y filter"
	}
	return "+/- zoom  ←→ move  0 all  d direction  Tab next"
}

func (v *connectionView) body(s *Screen, width, height int) []string {
	if v.conn == nil {
		return []string{"", "  reading connection " + strconv.FormatUint(v.id, 10) + s.share()}
	}
	switch {
	case v.text[v.tab] != nil:
		return v.text[v.tab].body(s, width, height)
	case v.graphs[v.tab-tabSequence] == nil:
		return []string{"", "  there are no segments to draw"}
	}
	return v.graphs[v.tab-tabSequence].body(s, width, height)
}

func (v *connectionView) key(s *Screen, key string) tea.Cmd {
	switch key {
	case "1", "2", "3", "4":
		v.tab = tab(key[0] - '1')
		return nil
	case "tab":
		v.tab = (v.tab + 1) % numTabs
		return nil
	case "shift+tab":
		v.tab = (v.tab + numTabs - 1) % numTabs
		return nil
	case "y":
		return s.copyFilterOf(&v.row)
	case "w":
		return s.writeConnections([]uint64{v.id})
	case "space":
		if v.live {
			s.paused = !s.paused
			return nil
		}
	}
	if v.conn == nil {
		return nil
	}
	p := v.text[v.tab]
	if p == nil {
		if g := v.graphs[v.tab-tabSequence]; g != nil {
			g.key(key)
		}
		return nil
	}
	if v.tab == tabTimeline && p.search == "" && (key == "n" || key == "N") {
		return v.nextFinding(s, key)
	}
	if v.tab == tabTimeline && key == "x" {
		v.unfold(s)
		return nil
	}
	return p.key(s, key)
}

// unfold shows all segments, or folds them again, with the cursor on the frame it was on.
func (v *connectionView) unfold(s *Screen) {
	p := v.text[tabTimeline]
	frame := v.frameAt(p.list.at)
	v.full = !v.full
	v.layOut(s)
	if at := slices.Index(v.frames, frame); frame != 0 && at >= 0 {
		p.list.follow(at)
	}
}

// frameAt returns the frame that a line of the timeline is about, 0 for none.
func (v *connectionView) frameAt(line int) fsm.Frame {
	if line < 0 || line >= len(v.frames) {
		return 0
	}
	return v.frames[line]
}

// nextFinding moves to the next frame that a finding names.
func (v *connectionView) nextFinding(s *Screen, key string) tea.Cmd {
	named := map[fsm.Frame]bool{}
	for i := range v.conn.Anomalies {
		for _, f := range v.conn.Anomalies[i].Frames {
			named[f] = f != 0
		}
	}
	step, p := 1, v.text[tabTimeline]
	if key == "N" {
		step = -1
	}
	here := v.frameAt(p.list.at)
	for i := p.list.at + step; i >= 0 && i < len(v.frames); i += step {
		if f := v.frames[i]; named[f] && f != here && (step > 0 || v.frameAt(i-1) != f) {
			p.list.follow(i)
			return nil
		}
	}
	return s.say("no further finding")
}

// explain shows how the frame of a line was judged.
func (v *connectionView) explain(s *Screen, line int) tea.Cmd {
	frame := v.frameAt(line)
	if frame == 0 {
		return s.say("this line is about no frame")
	}
	if s.o.Reader == nil {
		return s.say("packets are not kept")
	}
	name := strconv.FormatUint(frame.Number(), 10)
	if s.o.Render.Multi {
		name = strconv.Itoa(frame.File()+1) + ":" + name
	}
	p := &pager{title: "Frame " + name}
	p.setText("")
	s.push(p)
	ctx, cancel := context.WithCancel(s.ctx)
	p.stop = cancel
	s.sayReading("reading")
	reader, o := s.o.Reader, s.o.Render
	o.Width = max(report.MinWidth, s.width)
	return elsewhere(func() func(*Screen) tea.Cmd {
		r, err := reader.Connection(ctx, v.id, frame)
		var b strings.Builder
		if err == nil {
			report.ExplainFrame(&b, r, frame, o)
		}
		return func(s *Screen) tea.Cmd {
			switch {
			case ctx.Err() != nil: // it was left before
				return nil
			case err != nil:
				return s.say(err.Error())
			}
			s.say("")
			p.setText(b.String())
			return nil
		}
	})
}
