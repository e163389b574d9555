package aggregate

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

var hostClockSteps = record.CheckDoc{
	Name: record.CheckHostClockSteps, Title: "a host's timestamps jump between connections", Severity: record.SeverityNote, Family: "together", Rule: "RFC 7323 §5.4; observer: the SYNs of one host to another share a clock, or none does",
	Condition: "Of ten or more SYNs from one address to another the timestamps mostly grow with the time between them, but two or more lie far off that line: several hosts share the address, or one was started anew.",
	Benign:    []string{"an address translator in front of several hosts, as intended", "a host that was started anew"},
	Filter:    "tcp.flags.syn == 1 && tcp.options.timestamp.tsval",
}

// clocks follows the timestamps on the SYNs from one host to another. Stacks that
// begin each connection at a random value show no line and say nothing.
type clocks struct{ pairs map[pair]*clock }

type clock struct {
	has       bool
	value     uint32
	time      fsm.Time
	fits, off uint64
	odd       sample
}

func (d *clocks) add(c *record.Connection) {
	o := &c.Handshake.Options[fsm.Client]
	if !attempted(c) || !o.Seen || !o.Timestamps {
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
	for k, c := range d.pairs {
		if c.fits+c.off < 10 || c.off < 2 || 2*c.off > c.fits+c.off {
			continue
		}
		out = append(out, finding{
			check: &hostClockSteps, side: "client", count: c.off, ids: c.odd.ids, frames: c.odd.frames,
			seen: fmt.Sprintf("%d of %d steps off the line", c.off, c.fits+c.off), expected: "one clock",
			message: fmt.Sprintf("The timestamps of %s towards %s jump %d times between its connections: several hosts share that address, or it was started anew.", k.from, k.to, c.off),
		})
	}
	return out
}
