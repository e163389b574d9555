package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var hostClockSteps = record.CheckDoc{
	Name: record.CheckHostClockSteps, Title: "TSval jumps between a host's connections", Severity: record.SeverityNote, Family: "together", Rule: "RFC 7323 §5.4; observer: the SYNs of one host to another share one timestamp clock, or none does",
	Condition: "In ten or more SYNs from one address to another TSval mostly grows with the time between them, but two or more SYNs are far off that line: several hosts share the address, or the host was restarted.",
	Benign:    []string{"a NAT in front of several hosts, as intended", "a host that was restarted"},
	Filter:    "tcp.flags.syn == 1 && tcp.options.timestamp.tsval",
}

// clocks follows the timestamps on the SYNs from one host to another. Stacks that
// begin each connection at a random value show no line and say nothing.
type clocks struct{ pairs earliest.Map[pair, clock] }

type clock struct {
	has       bool
	value     uint32
	time      fsm.Time
	fits, off uint64
	odd       sample
}

func (d *clocks) add(c *record.Connection) {
	o := &c.Handshake.Options[fsm.Client]
	if !attempted(c) || !o.Seen || !o.Timestamps || o.Cut.Any(fsm.OptTimestamps) {
		return
	}
	k := at(&d.pairs, pair{hostOf(c.Client), hostOf(c.Server)})
	if k == nil {
		return
	}
	if k.has {
		if onOneLine(o.TSVal, k.value, c.First-k.time) {
			k.fits++
		} else {
			k.off++
			k.odd.add(c)
		}
	}
	k.has, k.value, k.time = true, o.TSVal, c.First
}

// onOneLine reports whether a clock of 10 to 1,000,000 ticks a second, the rates
// in use, can have gone from one value to the other in that time; connections
// come in the order in which they ended, so the time may be negative.
func onOneLine(to, from uint32, span fsm.Time) bool {
	const slack = 2000
	ticks, s := float64(int32(to-from)), span.Seconds(0)
	if s < 0 {
		ticks, s = -ticks, -s
	}
	return ticks >= s*10-slack && ticks <= s*1_000_000+slack
}

func (d *clocks) findings() []finding {
	var out []finding
	for k, c := range d.pairs.All() {
		if c.fits+c.off < 10 || c.off < 2 || 2*c.off > c.fits+c.off {
			continue
		}
		out = append(out, finding{
			check: &hostClockSteps, side: "client", count: c.off, ids: c.odd.ids, frames: c.odd.frames,
			seen: fmt.Sprintf("%s of %s off the line", phrase.Count(c.off), phrase.Counted(c.fits+c.off, "step", "steps")), expected: "one timestamp clock",
			message: fmt.Sprintf("The TSval of %s towards %s jumps %s between its connections: several hosts share that address, or it was restarted.", k.from, k.to, phrase.Times(c.off)),
		})
	}
	return out
}
