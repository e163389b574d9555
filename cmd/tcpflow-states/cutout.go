package main

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// cutout writes the packets of chosen connections to a file, each finding as a comment on
// its packets. Which packets these are is known when their connection has ended: files are
// then read once more, and what can be read only once waits in a waitingRoom.
type cutout struct {
	file *keptFile
	name string
	out  *cutWriter
	room *waitingRoom // nil where the files are read again

	mu     sync.Mutex // connections may come from another goroutine
	lives  map[ends][]life
	nLives int
	icmp   map[fsm.Frame]struct{} // ICMP errors that quote one
	notes  notes
	parts  map[fsm.Frame]part // of IP fragments that segments were put together from
	shared *sharedEnds
	exact  map[fsm.Frame]bool // packets that are told apart, with whether they are wanted
	shown  shown
	lost   uint64 // IP fragments that were too many to remember
	over   uint64 // connections that were too many

}

// life is when a connection was: it begins with one packet and ends with another.
type life struct {
	first, last fsm.Frame
	from, to    fsm.Time
	next        fsm.Frame // the SYN of the next connection between these ends; 0 for none
}

// part is an IP fragment: of the segment that was put together in another packet.
type part struct {
	ends  ends
	whole fsm.Frame
	at    fsm.Time
}

// maxParts bounds the fragments that are remembered, maxLives the chosen connections.
const (
	maxParts = 1 << 18
	maxLives = 1 << 21
)

// newCutout returns one that takes connections; create makes its file.
func newCutout(o *cutOptions, chosen *selection) *cutout {
	return &cutout{
		name: o.write, out: &cutWriter{context: o.context}, shown: shown{checks: chosen.check},
		lives: map[ends][]life{}, icmp: map[fsm.Frame]struct{}{}, notes: notes{}, parts: map[fsm.Frame]part{},
		shared: newShared(), exact: map[fsm.Frame]bool{},
	}
}

// create creates the file.
func (x *cutout) create(a *app) error {
	file, err := createFile(x.name)
	if err != nil {
		return writeFailure(x.name, err)
	}
	x.file = &keptFile{file: file, tell: a.noticef}
	return nil
}

// sorted puts the ends in their order.
func (e ends) sorted() ends {
	if e[1].Compare(e[0]) < 0 {
		e[0], e[1] = e[1], e[0]
	}
	return e
}

func endsOfConnection(c *record.Connection) ends {
	return ends{netip.AddrPortFrom(c.Client.IP, c.Client.Port), netip.AddrPortFrom(c.Server.IP, c.Server.Port)}.sorted()
}

// add takes a chosen connection.
func (x *cutout) add(c *record.Connection) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.shown.add(c)
	left := func(fsm.Frame) bool { return false }
	if x.room != nil {
		left = x.room.left
		if left(c.Lowest) {
			x.room.short++
		}
		if left(c.Highest) {
			return
		}
	}
	if x.nLives >= maxLives {
		x.over++
		return
	}
	key := endsOfConnection(c)
	x.lives[key] = append(x.lives[key], life{c.Lowest, c.Highest, c.First, c.Last, c.Superseded})
	x.nLives++
	for i := range c.ICMP {
		if f := c.ICMP[i].Frame; !left(f) {
			x.icmp[f] = struct{}{}
		}
	}
	x.notes.add(c, left)
	if x.room != nil && x.room.err == nil {
		x.room.err = x.forget(maxHeld)
	}
}

// straggles is for how long after its last packet copies of it belong to a connection.
const straggles = fsm.Second

// has reports whether the packet belongs to a chosen connection between its ends.
func (x *cutout) has(key ends, f fsm.Frame, at fsm.Time) bool {
	return slices.ContainsFunc(x.lives[key.sorted()], func(l life) bool { return l.has(f, at) })
}

// has compares frames of one file, which have an order, and else times.
func (l *life) has(f fsm.Frame, at fsm.Time) bool {
	file := f.File()
	switch {
	case l.first.File() == file && l.last.File() == file && l.first <= f && f <= l.last:
		return true
	case l.next != 0 && l.next.File() == file && f >= l.next:
		return false
	}
	return l.from <= at && at <= l.to+straggles
}

// belongs reports whether a packet, which is a segment between these ends unless they are
// those of nobody, is to be written.
func (x *cutout) belongs(e ends, f fsm.Frame, at fsm.Time) bool {
	if wanted, known := x.exact[f]; known {
		return wanted
	}
	if _, quotes := x.icmp[f]; quotes || e != (ends{}) && x.has(e, f, at) {
		return true
	}
	p, is := x.parts[f]
	return is && x.has(p.ends, p.whole, p.at)
}

// decoded returns the ends of the segment that a packet completes, begins or quotes, those of
// nobody for none; and the fragments that it is put together from.
func decoded(d *analyzer.Decoder, p *capture.Packet) (e ends, together []fsm.Frame) {
	if s, ok := d.Segment(p); ok {
		return ends{s.Src, s.Dst}, s.Fragments
	}
	if src, dst, ok := d.Part(p); ok {
		return ends{src, dst}, nil
	}
	return e, nil
}

// remember takes the fragments that a segment was put together from.
func (x *cutout) remember(together []fsm.Frame, e ends, f fsm.Frame, at fsm.Time) {
	for _, g := range together {
		if x.room != nil && x.room.left(g) {
			continue
		}
		if len(x.parts) >= maxParts {
			x.lost++
			continue
		}
		x.parts[g] = part{e, f, at}
	}
}

// put passes a packet on, to be written if it belongs to what is chosen.
func (x *cutout) put(p *capture.Packet, e ends) error {
	f := fsm.NewFrame(p.Source, p.Number)
	chosen := x.belongs(e, f, fsm.Time(p.Time))
	if chosen {
		p.Comment = x.notes.comment(f, p.Comment)
	}
	if err := x.out.put(p, chosen); err != nil {
		return writeFailure(x.name, err)
	}
	if chosen {
		x.shown.wrote(f, x.out.written)
	}
	return nil
}

// cutFiles are files that can be read again.
type cutFiles struct {
	open   func() (capture.Source, error)
	filter *capture.Filter
	most   uint64 // packets, 0 for all
	sig    *signals
}

// each calls f for every packet that the analysis was given.
func (c *cutFiles) each(f func(source capture.Source, p *capture.Packet) error) error {
	source, err := c.open()
	if err != nil {
		return err
	}
	defer source.Close()
	if err := f(source, nil); err != nil {
		return err
	}
	var p capture.Packet
	for n, taken := uint64(1), uint64(0); source.Next(&p) == nil; n++ { // what is wrong with it was told before
		if n&0xfff == 0 && c.sig.ctx.Err() != nil {
			return c.sig.interruption("while packets were written: they are not all there")
		}
		if c.filter != nil {
			if ok, err := c.filter.Match(&p); err != nil || !ok {
				continue
			}
		}
		if err := f(source, &p); err != nil {
			return err
		}
		if taken++; taken == c.most {
			return nil
		}
	}
	return nil
}

// write reads the files anew and writes what was chosen. Where there are fragments, they
// are read once before for which of them belong together.
func (x *cutout) write(files *cutFiles, o *options, fragments bool) error {
	if err := x.tellApart(files, o); err != nil {
		return err
	}
	if fragments {
		decoder := analyzer.NewDecoder()
		err := files.each(func(_ capture.Source, p *capture.Packet) error {
			if p == nil {
				return nil
			}
			f, at := fsm.NewFrame(p.Source, p.Number), fsm.Time(p.Time)
			if e, together := decoded(decoder, p); together != nil && x.has(e, f, at) {
				x.remember(together, e, f, at)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	decoder := analyzer.NewDecoder()
	return files.each(func(source capture.Source, p *capture.Packet) error {
		if p == nil {
			return x.begin(source)
		}
		e, _ := decoded(decoder, p)
		return x.put(p, e)
	})
}

// begin starts the file, with packets from a source.
func (x *cutout) begin(source capture.Source) error {
	w, err := capture.NewWriter(x.file, source)
	if err != nil {
		return writeFailure(x.name, err)
	}
	x.out.w = w
	return nil
}

// fragmented reports whether there were IP fragments.
func fragmented(r *record.Report) bool {
	return slices.ContainsFunc(r.Capture.Skipped, func(c record.Count) bool { return c.Name == "fragment" })
}

// end ends the file.
func (x *cutout) end() error {
	var err error
	if x.out.w != nil {
		err = x.out.w.Close()
	}
	if err = cmp.Or(err, x.file.Close()); err != nil {
		return writeFailure(x.name, err)
	}
	return nil
}

// finish ends the file and says what it holds.
func (x *cutout) finish(a *app, quiet bool) error {
	if err := x.end(); err != nil || x.out.w == nil {
		return err
	}
	if quiet {
		return nil
	}
	text := phrase.Counted(x.out.written, "packet", "packets") + " written to %q"
	if x.out.around > 0 {
		text += ", " + phrase.Count(x.out.around) + " of them around the others"
	}
	a.noticef(text, x.name)
	if x.lost > 0 {
		a.noticef("%s could not be told apart, and were left out", phrase.Counted(x.lost, "IP fragment", "IP fragments"))
	}
	if x.over > 0 {
		a.noticef("%s left out: more than %s are not written at once", phrase.Counted(x.over, "chosen connection was", "chosen connections were"), phrase.Count(maxLives))
	}
	if x.out.squeezed {
		a.noticef("--context: of large packets fewer than %d before a connection were kept", x.out.context)
	}
	return nil
}
