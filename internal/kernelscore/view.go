package kernelscore

import (
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// view is one capture of a play: its frames, and what the analyzer and tshark
// say of them.
type view struct {
	at     lab.Vantage
	file   string
	talks  []*talk // as in the truth
	report *record.Report
	labels map[uint64][]record.Label // by frame number
	tshark map[uint64]verdict        // nil without tshark
	stray  []*record.Connection
	last   time.Time // of its last frame
}

// talk is one connection of the truth as one capture shows it.
type talk struct {
	conn   *lab.Connection
	frames []*frame
	tuple  *[]*frame            // those of all incarnations of its 4-tuple
	record *record.Connection   // nil if the analyzer does not have it
	extra  []*record.Connection // more records that begin among the same frames
}

// end returns one endpoint of the truth: its address and what its kernel said.
func (t *talk) end(client bool) (netip.AddrPort, *lab.Endpoint) {
	if client {
		return t.conn.Client, &t.conn.ClientSide
	}
	return t.conn.Server, &t.conn.ServerSide
}

// side returns which side of the record an address is.
func (t *talk) side(a netip.AddrPort) fsm.Side {
	if netip.AddrPortFrom(t.record.Server.IP, t.record.Server.Port) == a {
		return fsm.Server
	}
	return fsm.Client
}

// play is a truth with all its captures.
type play struct {
	truth *lab.Truth
	views map[lab.Vantage]*view
}

// open reads a truth file, its captures and the analysis of each.
func open(file string) (*play, error) {
	truth, err := lab.ReadTruth(file)
	if err != nil {
		return nil, err
	}
	p := &play{truth: truth, views: make(map[lab.Vantage]*view)}
	numbers := make(map[*lab.Connection]fsm.Seq) // the client's ISN
	for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtRouter} {
		path := captureFile(filepath.Dir(file), truth.Captures[at])
		if path == "" {
			continue
		}
		v := &view{at: at, file: path}
		frames, err := readFrames(path)
		if err != nil {
			return nil, err
		}
		if v.report, err = Analyse(path, nil); err != nil {
			return nil, err
		}
		if len(frames) > 0 {
			v.last = frames[len(frames)-1].time
		}
		v.deal(truth, frames, numbers)
		v.assign()
		if v.tshark, err = askTshark(path); err != nil {
			return nil, err
		}
		p.views[at] = v
	}
	p.mark()
	return p, nil
}

// captureFile returns the path of a capture, plain or compressed, or "" if it
// was not kept.
func captureFile(dir, name string) string {
	if name == "" {
		return ""
	}
	for _, ext := range []string{"", ".gz"} {
		path := filepath.Join(dir, name+ext)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// deal gives each frame to its connection. Of several incarnations of one
// 4-tuple the next one begins with a client's SYN that has its initial number,
// which the client's own capture, read first, tells for all.
func (v *view) deal(truth *lab.Truth, frames []*frame, numbers map[*lab.Connection]fsm.Seq) {
	type tuple struct{ client, server netip.AddrPort }
	waiting := make(map[tuple][]*talk)
	all := make(map[tuple]*[]*frame)
	for _, c := range truth.Connections {
		k := tuple{c.Client, c.Server}
		if all[k] == nil {
			all[k] = new([]*frame)
		}
		t := &talk{conn: c, tuple: all[k]}
		v.talks = append(v.talks, t)
		waiting[k] = append(waiting[k], t)
	}
	now := make(map[tuple]int)
	for _, f := range frames {
		k := tuple{f.from, f.to}
		if waiting[k] == nil {
			k = tuple{f.to, f.from}
		}
		list := waiting[k]
		if len(list) == 0 {
			continue
		}
		i := now[k]
		if f.from == k.client && f.segment.Flags&(fsm.SYN|fsm.ACK) == fsm.SYN {
			if v.at == lab.AtClient {
				if isn, known := numbers[list[i].conn]; known && isn != f.segment.Seq && i+1 < len(list) {
					i++
				}
				numbers[list[i].conn] = f.segment.Seq
			} else {
				for j := i + 1; j < len(list); j++ {
					if numbers[list[j].conn] == f.segment.Seq {
						i = j
					}
				}
			}
			now[k] = i
		}
		list[i].frames = append(list[i].frames, f)
		*all[k] = append(*all[k], f)
	}
}

// assign gives each record to the connection that its first frame belongs to,
// and collects the labels.
func (v *view) assign() {
	owner := make(map[uint64]*talk)
	for _, t := range v.talks {
		for _, f := range t.frames {
			owner[f.number] = t
		}
	}
	v.labels = make(map[uint64][]record.Label)
	for _, r := range v.report.Connections {
		for i := range r.Segments {
			s := &r.Segments[i]
			v.labels[s.Frame.Number()] = s.Labels
		}
		switch t := owner[r.FirstFrame.Number()]; {
		case t == nil:
			v.stray = append(v.stray, r)
		case t.record == nil:
			t.record = r
		default:
			t.extra = append(t.extra, r)
		}
	}
}

// mark finds the truth of every frame: what was sent before, as the sender's
// own capture shows it, and from which of those frames each frame elsewhere came.
func (p *play) mark() {
	for _, own := range []lab.Vantage{lab.AtClient, lab.AtServer} {
		home := p.views[own]
		if home == nil {
			continue
		}
		for i, t := range home.talks {
			sender, said := t.end(own == lab.AtClient)
			var space sent
			var mine []*frame
			answered := false
			for _, f := range t.frames {
				if f.from != sender {
					continue
				}
				mine = append(mine, f)
				f.resent = space.add(&f.segment)
				if f.segment.Flags.Has(fsm.SYN | fsm.ACK) {
					// The SYN-ACK of a simultaneous open has the SYN's number, and is the first of its kind.
					f.resent = f.resent && answered
					answered = true
				}
			}
			kinds(mine, said)
			for at, away := range p.views {
				if at != own {
					p.trace(mine, away.talks[i].frames, sender, at == lab.AtRouter)
					findHidden(away.talks[i].frames, sender)
				}
			}
		}
	}
}

// identity is what tells one packet of a connection from another.
type identity struct {
	id           uint16
	seq, ack     fsm.Seq
	len          uint32
	flags        fsm.Flags
	window       uint16
	tsVal, tsEcr uint32
}

func (f *frame) identity() identity {
	s := &f.segment
	return identity{f.id, s.Seq, s.Ack, s.Len, s.Flags, s.Window, s.TSVal, s.TSEcr}
}

// fate is an arrival behind the router that is due.
type fate struct {
	of   *frame
	due  time.Time
	copy bool // the router's second sending
	used bool
}

// fates says when each frame of one end reached the router and what was due
// behind it, from what the router did.
func (p *play) fates(mine []*frame) (reached, passed []*fate) {
	delay := time.Duration(p.truth.DelayS * float64(time.Second))
	touched := make(map[*frame]*lab.Interference)
	for i := range p.truth.Router {
		r := &p.truth.Router[i]
		var last *frame // of the same packets, the latest that had been sent by then
		for _, f := range mine {
			g := &f.segment
			if g.Seq == fsm.Seq(r.Seq) && g.Ack == fsm.Seq(r.Ack) && int(g.Len) == r.Len && f.from.Port() == r.Sport && f.to.Port() == r.Dport &&
				g.Flags.String() == r.Flags && touched[f] == nil && f.time.Before(r.Time.Add(clocksDiffer)) {
				last = f
			}
		}
		if last != nil && r.Time.Sub(last.time) < 100*time.Millisecond {
			touched[last] = r
		}
	}
	for _, f := range mine {
		reached = append(reached, &fate{of: f, due: f.time})
		due := f.time.Add(delay)
		r := touched[f]
		if r == nil {
			passed = append(passed, &fate{of: f, due: due})
			continue
		}
		by := time.Duration(r.ByS * float64(time.Second))
		switch r.Action {
		case lab.Delay:
			passed = append(passed, &fate{of: f, due: due.Add(by)})
		case lab.Duplicate:
			passed = append(passed, &fate{of: f, due: due}, &fate{of: f, due: due.Add(by), copy: true})
		}
	}
	return reached, passed
}

// clocksDiffer is more than the router's clock and a capture's can disagree.
const clocksDiffer = 100 * time.Microsecond

// trace links each frame of sender seen elsewhere to the frame at its own side:
// of those that look the same, the one that was due at about that time.
func (p *play) trace(mine, away []*frame, sender netip.AddrPort, atRouter bool) {
	reached, passed := p.fates(mine)
	index := func(list []*fate) map[identity][]*fate {
		m := make(map[identity][]*fate)
		for _, x := range list {
			m[x.of.identity()] = append(m[x.of.identity()], x)
		}
		return m
	}
	coming, going := index(reached), index(passed)
	for _, f := range away {
		if f.from != sender {
			continue
		}
		all := going[f.identity()]
		if atRouter && !f.leaving {
			all = coming[f.identity()]
		}
		best := nearest(all, f.time)
		if best == nil {
			// What the router noted does not tell repeated ACKs apart.
			best = nearest(coming[f.identity()], f.time)
		}
		if best != nil {
			best.used = true
			f.origin, f.copied = best.of, best.copy
		}
	}
}

// nearest returns the fate that was due nearest to a time and is not taken.
func nearest(all []*fate, at time.Time) (best *fate) {
	for _, x := range all {
		if !x.used && (best == nil || at.Sub(x.due).Abs() < at.Sub(best.due).Abs()) {
			best = x
		}
	}
	return best
}

// findHidden marks the retransmissions that nothing in the capture can show to
// be such: of the numbers they carry, no other segment came by, and none behind
// them had come before.
func findHidden(away []*frame, sender netip.AddrPort) {
	var seen sent
	var highest int64
	for _, f := range away {
		if f.from != sender || f.leaving || f.copied {
			continue
		}
		again := seen.add(&f.segment)
		f.hidden = f.origin != nil && f.origin.resent && !again && int64(int32(f.segment.Seq-seen.first)) >= highest
		highest = max(highest, int64(int32(f.segment.Seq-seen.first))+space(&f.segment))
	}
}
