package bench

import (
	"fmt"
	"time"
)

// reference is the tool whose time is 1: it reads and writes every packet, and
// does nothing else.
const reference = "tcpdump -w /dev/null"

// tool is a program that is measured, with what it is told before the trace.
type tool struct {
	name  string // in the tables
	args  []string
	after []string
	check func(*right) checker // of ours: what holds the output against the trace
}

// Names of ours, which bars refer to.
const (
	ours      = "ours, JSON summary"
	oursLines = "ours, NDJSON of all connections"
	oursAlone = "ours, JSON summary, --workers 1"
)

func ourTool(binary, name string, flags ...string) tool {
	check := func(r *right) checker { return r.checkJSON }
	if name == oursLines {
		check = func(r *right) checker { return r.checkNDJSON }
	}
	return tool{name: name, args: append([]string{binary}, flags...), check: check}
}

// peers are what we are measured against, where they are installed.
var peers = []tool{
	{name: "capinfos", args: []string{"capinfos"}},
	{name: "argus", args: []string{"argus", "-X", "-w", "-", "-r"}},
	{name: "tcptrace", args: []string{"tcptrace", "-n"}},
	{name: "tshark, conversations", args: []string{"tshark", "-n", "-q", "-z", "conv,tcp", "-r"}},
}

var copying = tool{name: reference, args: []string{"tcpdump", "-r"}, after: []string{"-w", "/dev/null"}}

// command is the command line on a trace.
func (t *tool) command(file string) []string {
	return append(append(append([]string(nil), t.args...), file), t.after...)
}

// match is a trace, and who runs on it.
type match struct {
	title, kind string
	n           int
	right       right
	modes       []tool // of ours
	peers       bool
}

// The lengths of the traces, in full and in short.
var sizes = map[bool]struct{ web, bulk, flood, open, few, many int }{
	false: {2_000_000, 1_000_000, 5_000_000, 1_000_000, 1_000_000, 20_000_000},
	true:  {40_000, 20_000, 50_000, 10_000, 20_000, 100_000},
}

// plan is the whole measurement.
func plan(binary string, short bool) []match {
	n := sizes[short]
	summary := ourTool(binary, ours, "--json", "--summary-only")
	lines := ourTool(binary, oursLines, "--ndjson")
	alone := ourTool(binary, oursAlone, "--json", "--summary-only", "--workers", "1")
	closed := right{verdicts: []string{"closed-normally"}}
	return []match{
		{"web: short HTTP connections", "web", n.web, closed, []tool{summary, lines, alone}, true},
		{"bulk: one transfer", "bulk", n.bulk, closed, []tool{summary}, true},
		{"flood: SYNs from random sources", "flood", n.flood, right{verdicts: []string{"unanswered", "capture-cut"}, finding: "syn-flood"}, []tool{summary}, true},
		{"open: connections open at once", "open", n.open, right{verdicts: []string{"still-open"}}, []tool{summary}, true},
		{"small: a short trace of small segments", "small", n.few, closed, []tool{summary}, false},
		{"small: a long trace of small segments", "small", n.many, closed, []tool{summary}, false},
		{"uneven: as web, one connection in four not by the book", "uneven", n.web, closed, []tool{summary, lines}, false},
	}
}

// bar is a figure that is to be met, on two processors.
type bar struct {
	what     string
	measured float64
	limit    float64
	least    bool // the limit is the least, not the most
	format   func(float64) string
}

func (b *bar) met() bool {
	if b.least {
		return b.measured >= b.limit
	}
	return b.measured <= b.limit
}

func times(x float64) string  { return fmt.Sprintf("%.2f ×", x) }
func octets(x float64) string { return memory(int64(x)) }

// bars holds the results against what speed is asked for. A bar whose parts were
// not measured is left out.
func bars(results []*Result) (list []bar) {
	row := func(match int, name string) *Row {
		if match >= len(results) || results[match] == nil {
			return nil
		}
		return results[match].row(name)
	}
	ratio := func(match int, name, what string, limit float64) {
		if r, to := row(match, name), row(match, reference); r.measured() && to.measured() {
			list = append(list, bar{what, r.median().Seconds() / to.median().Seconds(), limit, false, times})
		}
	}
	space := func(match int, name, what string, limit int64) {
		if r := row(match, name); r.measured() && r.memory() > 0 {
			list = append(list, bar{what, float64(r.memory()), float64(limit), false, octets})
		}
	}
	const web, flood, open, few, many = 0, 2, 3, 4, 5
	ratio(web, ours, "web, JSON summary: time to tcpdump's", 1.2)
	space(web, ours, "web, JSON summary: memory", 150e6)
	ratio(web, oursLines, "web, NDJSON of all connections: time to tcpdump's", 1.6)
	ratio(flood, ours, "flood: time to tcpdump's", 6)
	space(flood, ours, "flood: memory", 768e6)
	space(open, ours, "open: memory", 1e9)
	if a, b := row(few, ours), row(many, ours); a.measured() && b.measured() {
		list = append(list, bar{"time per packet, long trace to short", b.perPacket() / a.perPacket(), 1.2, false, times})
	}
	if a, b := row(web, oursAlone), row(web, ours); a.measured() && b.measured() {
		list = append(list, bar{"web, speed with one worker to half of that with two", b.median().Seconds() / a.median().Seconds() * 2, 0.7, true, times})
	}
	return list
}

// slow is from when on one run of a peer is enough.
const slow = 10 * time.Second
