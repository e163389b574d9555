package browse

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// pager shows text that may be longer and wider than the screen, with a cursor on a line.
type pager struct {
	title  string
	lines  []string
	list   list
	left   int // cells that are scrolled out at the left
	search string

	enter func(s *Screen, line int) tea.Cmd // what Enter does; nil for nothing
	stop  func()                            // ends the reading of its text, or nil
}

// leave ends the reading for a page that is left.
func (p *pager) leave() {
	if p.stop != nil {
		p.stop()
	}
}

// setText takes the lines, and leaves the cursor where it is as far as there are lines.
func (p *pager) setText(text string) {
	p.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
	p.list.n = len(p.lines)
	p.list.clamp()
}

func (p *pager) heading(s *Screen) string {
	place := ""
	if p.list.n > 0 {
		place = phrase.Count(p.list.at+1) + "/" + phrase.Count(p.list.n) + " "
	}
	return fill(" "+s.paint.strong(p.title), s.paint.quiet(place), s.width, s.paint)
}

func (p *pager) hints(*Screen) string { return "/ search  n next  g/G ends  ←→ sideways" }

func (p *pager) body(s *Screen, width, height int) []string {
	from, to := p.list.window(height)
	out := make([]string, 0, height)
	for i := from; i < to; i++ {
		line := p.lines[i]
		if p.left > 0 {
			line = ansi.TruncateLeft(line, p.left, "")
		}
		line = cut(line, width, s.paint)
		if i == p.list.at {
			line = s.paint.cursor(fit(ansi.Strip(line), width, s.paint))
		}
		out = append(out, line)
	}
	return out
}

func (p *pager) key(s *Screen, key string) tea.Cmd {
	if p.list.key(key) {
		return nil
	}
	switch key {
	case "enter":
		if p.enter != nil {
			return p.enter(s, p.list.at)
		}
		p.list.key("j")
	case "space", " ":
		p.list.key("pgdown")
	case "right":
		p.left += 8
	case "left":
		p.left = max(0, p.left-8)
	case "/":
		return s.ask("/", "", func(s *Screen, text string) tea.Cmd { p.search = text; return p.next(s, 1) })
	case "n":
		return p.next(s, 1)
	case "N":
		return p.next(s, -1)
	}
	return nil
}

// next moves to the next line that has what was searched for.
func (p *pager) next(s *Screen, step int) tea.Cmd {
	if p.search == "" {
		return nil
	}
	want := strings.ToLower(p.search)
	for i := 1; i <= p.list.n; i++ {
		at := ((p.list.at+i*step)%p.list.n + p.list.n) % p.list.n
		if strings.Contains(strings.ToLower(ansi.Strip(p.lines[at])), want) {
			p.list.follow(at)
			return nil
		}
	}
	return s.say("not found: " + p.search)
}
