package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var isnPredictable = record.CheckDoc{
	Name: record.CheckISNPredictable, Title: "predictable ISNs", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.4.1 (SHLD-1), RFC 6528 §3",
	Condition: "The ISNs of a host's successive connections are equal or grow by a constant step, six times in a row or more.",
	Benign:    []string{"a load generator or a proxy that builds its own segments", "a very old stack", "replayed traffic"},
	Filter:    "tcp.flags.syn == 1",
}

// numbers follows the initial sequence numbers of each host's connections, one
// run at a time.
type numbers struct{ hosts earliest.Map[host, run] }

type run struct {
	has, hasStep bool
	last         fsm.Seq
	step         uint32
	lastID       uint64 // the connection that the step led to
	lastFrame    fsm.Frame
	now, best    sample
	bestStep     uint32
}

func (d *numbers) add(c *record.Connection, clientToo bool) {
	if c.Incarnation > 1 {
		return // isn-reuse tells
	}
	if clientToo {
		d.addSide(c, fsm.Client, &c.Client)
	}
	d.addSide(c, fsm.Server, &c.Server)
}

func (d *numbers) addSide(c *record.Connection, side fsm.Side, addr *record.Addr) {
	if !c.Handshake.HasISN[side] || !c.Handshake.Options[side].Seen {
		return
	}
	if r := at(&d.hosts, hostOf(*addr)); r != nil {
		r.add(c, c.Handshake.ISN[side])
	}
}

func (r *run) add(c *record.Connection, isn fsm.Seq) {
	step := uint32(isn - r.last)
	switch {
	case !r.has:
	case r.hasStep && step == r.step:
		if r.now.n == 0 {
			r.now.note(r.lastID, r.lastFrame)
		}
		r.now.add(c)
		if r.now.n > r.best.n {
			r.best, r.bestStep = r.now, r.step
		}
	default:
		r.now, r.step, r.hasStep = sample{}, step, true
		r.lastID, r.lastFrame = c.ID, c.FirstFrame
	}
	r.has, r.last = true, isn
}

func (d *numbers) findings() []finding {
	var out []finding
	for addr, r := range d.hosts.All() {
		if r.best.n < 6 {
			continue
		}
		how := fmt.Sprintf("grow by %d each time", r.bestStep)
		if r.bestStep == 0 {
			how = "are all the same"
		}
		out = append(out, finding{
			check: &isnPredictable, count: r.best.n, ids: r.best.ids, frames: r.best.frames,
			seen: fmt.Sprintf("%s of %d", phrase.Counted(r.best.n, "step", "steps"), r.bestStep), expected: "unpredictable ISNs",
			message: fmt.Sprintf("The ISNs of %s %s, on %s connections in a row.", addr, how, phrase.Count(r.best.n+1)),
		})
	}
	return out
}
