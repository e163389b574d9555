package browse

import (
	"context"
	"io"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Screen is what is shown: views one above the other, of which the topmost is seen. It
// changes only in Update, on the goroutine of the program that runs it.
type Screen struct {
	o      Options
	rows   *Rows
	paint  paint
	width  int
	height int

	views   []view
	table   *table  // the latest that lists were made of
	prompt  *prompt // a question at the foot, or nil
	message string  // one line at the foot, until the next key
	reading bool    // the message says what is being read
	paused  bool    // live: lists stay as they are

	ordering bool          // an order is being made
	again    bool          // and another has to be
	took     time.Duration // the latest

	ctx    context.Context
	cancel context.CancelFunc
}

// view is one picture of the screen's body.
type view interface {
	key(s *Screen, key string) tea.Cmd // a key that the screen itself has no use for
	body(s *Screen, width, height int) []string
	heading(s *Screen) string
	hints(s *Screen) string
}

// Run shows the screen on a terminal until the user has seen enough.
func Run(ctx context.Context, o Options, rows *Rows, in io.Reader, out io.Writer) error {
	s := newScreen(ctx, o, rows)
	defer s.cancel()
	_, err := tea.NewProgram(s, tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler(), tea.WithContext(ctx), tea.WithFPS(30)).Run()
	return err
}

func newScreen(ctx context.Context, o Options, rows *Rows) *Screen {
	s := &Screen{o: o, rows: rows, paint: paint{color: o.Render.Color, glyphs: glyphsOf(o.Render.ASCII)}, width: 80, height: 24, table: &table{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	main := newMain(o.Live)
	s.views = []view{main}
	return s
}

func (s *Screen) main() *mainView { return s.views[0].(*mainView) }

func (s *Screen) top() view { return s.views[len(s.views)-1] }

func (s *Screen) push(v view) { s.views = append(s.views, v) }

// back leaves the topmost view, or the program.
func (s *Screen) back() tea.Cmd {
	if len(s.views) == 1 {
		return tea.Quit
	}
	if v, reads := s.top().(interface{ leave() }); reads {
		v.leave()
	}
	s.views = s.views[:len(s.views)-1]
	return nil
}

// lookEvery is how often the screen looks for new rows.
const lookEvery = 250 * time.Millisecond

type lookMsg struct{}

func look(after time.Duration) tea.Cmd {
	return tea.Tick(after, func(time.Time) tea.Msg { return lookMsg{} })
}

// Init is the model's.
func (s *Screen) Init() tea.Cmd { return tea.Batch(s.reorder(), look(lookEvery/5)) }

// Update is the model's.
func (s *Screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
		return s, s.resized()
	case lookMsg:
		return s, s.look()
	case orderedMsg:
		return s, s.ordered(m)
	case answerMsg:
		return s, m.take(s)
	case tea.PasteMsg:
		if s.prompt != nil {
			m.Content = report.Escape(strings.TrimSpace(m.Content), false)
			s.prompt.input, _ = s.prompt.input.Update(m)
		}
	case tea.KeyPressMsg:
		s.message = ""
		if s.prompt != nil {
			return s, s.prompt.key(s, m)
		}
		return s, s.pressed(m.String())
	}
	return s, nil
}

// answerMsg is what something done elsewhere has to say to the screen.
type answerMsg struct{ take func(*Screen) tea.Cmd }

// elsewhere has work done on another goroutine, and what it returns on the screen's.
func elsewhere(work func() func(*Screen) tea.Cmd) tea.Cmd {
	return func() tea.Msg { return answerMsg{work()} }
}

// pressed does what a key says.
func (s *Screen) pressed(key string) tea.Cmd {
	switch key {
	case "ctrl+c", "Q":
		return tea.Quit
	case "q", "esc", "backspace":
		if m := s.main(); key != "q" && len(s.views) == 1 {
			return m.clear(s)
		}
		return s.back()
	case "?", "f1":
		s.push(helpPager(s))
		return nil
	case "ctrl+z":
		return tea.Suspend
	case "ctrl+l":
		return tea.ClearScreen
	}
	return s.top().key(s, key)
}

// resized has views laid out anew that depend on the width.
func (s *Screen) resized() tea.Cmd {
	for _, v := range s.views {
		if r, ok := v.(interface{ resized(*Screen) }); ok {
			r.resized(s)
		}
	}
	return nil
}

// look shows what is new.
func (s *Screen) look() tea.Cmd {
	after := max(lookEvery, 4*s.took)
	cmd := look(after)
	if s.paused || !s.rows.changed(s.table.version) {
		return cmd
	}
	return tea.Batch(cmd, s.reorder())
}

type orderedMsg struct {
	order *order
	took  time.Duration
}

// reorder has the main list's order made anew.
func (s *Screen) reorder() tea.Cmd {
	if s.ordering {
		s.again = true
		return nil
	}
	s.ordering, s.again = true, false
	c, rows, live := s.main().choice, s.rows, s.o.Live
	return func() tea.Msg {
		began := time.Now()
		t := rows.now()
		return orderedMsg{c.of(t, rows.catalogue, live), time.Since(began)}
	}
}

func (s *Screen) ordered(m orderedMsg) tea.Cmd {
	s.ordering, s.took = false, m.took
	s.table = m.order.t
	s.main().show(m.order)
	if s.table.wanted != nil {
		if v, ok := s.top().(*connectionView); ok && v.id == s.table.wanted.ID {
			v.refresh(s, s.table.wanted)
		}
	}
	if s.again {
		return s.reorder()
	}
	return nil
}

// View is the model's.
func (s *Screen) View() tea.View {
	v := tea.NewView(s.content())
	v.AltScreen = true
	v.WindowTitle = report.Escape("tcpflow-states "+s.o.Title, true)
	if s.prompt != nil {
		if c := s.prompt.input.Cursor(); c != nil {
			c.Y = s.height - 1
			v.Cursor = c
		}
	}
	return v
}

// content is all lines of the screen.
func (s *Screen) content() string {
	if s.height < 4 || s.width < 20 {
		return cut("too small", s.width, s.paint)
	}
	lines := make([]string, 0, s.height)
	lines = append(lines, s.titleBar(), fit(s.top().heading(s), s.width, s.paint))
	body := s.top().body(s, s.width, s.height-3)
	for i := range s.height - 3 {
		line := ""
		if i < len(body) {
			line = cut(body[i], s.width, s.paint)
		}
		lines = append(lines, line)
	}
	lines = append(lines, s.foot())
	return strings.Join(lines, "\n")
}

// titleBar says what is shown and how far the reading is.
func (s *Screen) titleBar() string {
	t := s.table
	left := " " + report.Escape(s.o.Title, s.o.Render.ASCII)
	var facts []string
	if s.o.Live {
		facts = append(facts, phrase.Count(t.openNow())+" open", phrase.Count(t.total)+" ended")
	} else {
		facts = append(facts, phrase.Counted(t.total, "connection", "connections"))
	}
	if t.failed > 0 {
		facts = append(facts, phrase.Count(t.failed)+" failed")
	}
	if t.found > 0 {
		facts = append(facts, phrase.Count(t.found)+" with warnings")
	}
	if s.o.Live && t.Dropped > 0 {
		facts = append(facts, phrase.Count(t.Dropped)+" packets dropped")
	}
	right := ""
	switch {
	case s.paused:
		right = "PAUSED, capturing goes on "
	case t.Progress.Err != "":
		right = "cut short "
	case t.Done && s.o.Live:
		right = "capture ended "
	case t.Done:
	case s.o.Live:
		right = "capturing "
	case t.Share >= 0:
		right = "reading " + phrase.Percent(t.Share) + " "
	default:
		right = "reading "
	}
	middle := "   " + strings.Join(facts, ", ")
	room := s.width - cells(middle) - cells(right) - 1
	if room < 12 {
		room = max(0, s.width-cells(right)-1)
		middle = ""
	}
	return s.paint.bar(fill(cut(left, room, s.paint)+middle, right, s.width, s.paint))
}

// foot is the last line: a question, what happened, or which keys there are.
func (s *Screen) foot() string {
	switch {
	case s.prompt != nil:
		return fit(s.prompt.input.View(), s.width, s.paint)
	case s.message != "":
		text := " " + s.message
		if s.reading {
			text += s.share()
		}
		return s.paint.strong(fit(text, s.width, s.paint))
	}
	return s.paint.quiet(fit(" "+s.hints(s.top().hints(s)), s.width, s.paint))
}

// hints leaves out those keys that there is no room for, from the end, but help and the way out.
func (s *Screen) hints(keys string) string {
	way := "  ? help  q back"
	if len(s.views) == 1 {
		way = "  ? help  q quit"
	}
	for cells(keys)+cells(way)+2 > s.width {
		i := strings.LastIndex(keys, "  ")
		if i < 0 {
			return strings.TrimSpace(way)
		}
		keys = keys[:i]
	}
	return keys + way
}

// say shows a line at the foot. Text that is no constant of the program is escaped here.
func (s *Screen) say(text string) tea.Cmd {
	s.reading = false
	s.message = report.Escape(text, s.o.Render.ASCII)
	return nil
}

// sayReading does so for what is being read, with how far that is.
func (s *Screen) sayReading(text string) {
	s.say(text)
	s.reading = true
}

// share is how far the files are read anew.
func (s *Screen) share() string {
	if s.o.Reader == nil {
		return ""
	}
	if share := s.o.Reader.Share(); share >= 0 {
		return ", " + phrase.Percent(share)
	}
	return ""
}

// prompt is a question at the foot.
type prompt struct {
	input textinput.Model
	done  func(s *Screen, text string) tea.Cmd
}

// ask asks for a line of text.
func (s *Screen) ask(lead, text string, done func(*Screen, string) tea.Cmd) tea.Cmd {
	in := textinput.New()
	in.Prompt = lead
	in.SetVirtualCursor(false)
	in.KeyMap.Paste.SetEnabled(false) // it would start programs; the terminal's own paste comes as text
	in.SetStyles(textinput.Styles{})
	in.CharLimit = 2000
	in.SetWidth(max(10, s.width-cells(lead)-2))
	in.SetValue(text)
	in.CursorEnd()
	cmd := in.Focus()
	s.prompt = &prompt{in, done}
	return cmd
}

func (p *prompt) key(s *Screen, m tea.KeyPressMsg) tea.Cmd {
	switch m.String() {
	case "esc", "ctrl+c", "ctrl+g":
		s.prompt = nil
		return nil
	case "enter":
		s.prompt = nil
		return p.done(s, strings.TrimSpace(p.input.Value()))
	}
	if report.Escape(m.Text, s.o.Render.ASCII) != m.Text { // what cannot be seen is no text
		return nil
	}
	var cmd tea.Cmd
	p.input, cmd = p.input.Update(m)
	return cmd
}
