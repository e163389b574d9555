package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var isnPredictable = record.CheckDoc{
	Name: record.CheckISNPredictable, Title: "initial numbers that can be guessed", Severity: record.SeverityWarning, Family: "together", Rule: "RFC 9293 §3.4.1 (SHLD-1), RFC 6528 §3",
	Condition: "The initial sequence numbers of a host's connections, in order, repeat one number or grow by one step, six times in a row or more.",
	Benign:    []string{"a load generator or a proxy that builds its own segments", "a very old stack", "a capture replayed"},
	Filter:    "tcp.flags.syn == 1",
}

// numbers follows the initial sequence numbers of each host's connections, one
// run at a time.
type numbers struct{ hosts map[host]*run }

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
	for side, addr := range [2]record.Addr{c.Client, c.Server} {
		if fsm.Side(side) == fsm.Client && !clientToo || !c.Handshake.HasISN[side] || !c.Handshake.Options[side].Seen {
			continue
		}
		if r := at(&d.hosts, hostOf(addr)); r != nil {
			r.add(c, c.Handshake.ISN[side])
		}
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
	for addr, r := range d.hosts {
		if r.best.n < 6 {
			continue
		}
		how := fmt.Sprintf("grow by %d each time", r.bestStep)
		if r.bestStep == 0 {
			how = "are all the same"
		}
		out = append(out, finding{
			check: &isnPredictable, count: r.best.n, ids: r.best.ids, frames: r.best.frames,
			seen: fmt.Sprintf("%d steps of %d", r.best.n, r.bestStep), expected: "numbers that cannot be guessed",
			message: fmt.Sprintf("The initial sequence numbers of %s %s, on %d connections in a row.", addr, how, r.best.n+1),
		})
	}
	return out
}
