package bench

import (
	"fmt"
	"io"
	"math"

	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// bar is a figure that is to be met, on two processors. What was ended by a
// limit measures infinity.
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

func times(x float64) string {
	if math.IsInf(x, 0) {
		return "did not end"
	}
	return fmt.Sprintf("%.2f ×", x)
}

func space(x float64) string {
	if math.IsInf(x, 0) {
		return "did not end"
	}
	return memory(int64(x))
}

// board collects bars. One whose parts were not measured is left out.
type board struct{ list []bar }

// time adds a bar on a tool's time to tcpdump's.
func (b *board) time(r *Result, mode, what string, limit float64) {
	if x, ok := r.cost(ours(mode)); ok {
		b.list = append(b.list, bar{what, x, limit, false, times})
	}
}

// memory adds a bar on a tool's peak memory.
func (b *board) memory(r *Result, mode, what string, limit int64) {
	if x, ok := r.space(ours(mode)); ok {
		b.list = append(b.list, bar{what, x, float64(limit), false, space})
	}
}

// cost is the time to tcpdump's, infinite for what was ended.
func (r *Result) cost(name string) (float64, bool) {
	if r.row(name).exceeded() {
		return math.Inf(1), true
	}
	return r.times(name)
}

// space is the peak memory, infinite for what was ended.
func (r *Result) space(name string) (float64, bool) {
	row := r.row(name)
	switch {
	case row.exceeded():
		return math.Inf(1), true
	case !row.measured() || row.memory() == 0:
		return 0, false
	}
	return float64(row.memory()), true
}

// worst returns the result that a figure is highest of, or nil.
func (all results) worst(of func(*Result) (float64, bool)) (worst *Result) {
	highest := -1.0
	for _, r := range all {
		if x, ok := of(r); ok && x > highest {
			worst, highest = r, x
		}
	}
	return worst
}

// bars holds the results against what is asked for.
func (all results) bars() []bar {
	var b board
	web := all.find(generated, "web", true)
	b.time(web, jsonSummary, "web, JSON summary: time to tcpdump's", 1.2)
	b.memory(web, jsonSummary, "web, JSON summary: memory", 150e6)
	b.time(web, ndjson, "web, NDJSON: time to tcpdump's", 1.6)
	flood := all.find(generated, "flood", true)
	b.time(flood, jsonSummary, "flood: time to tcpdump's", 6)
	b.memory(flood, jsonSummary, "flood: memory", 768e6)
	open := all.find(generated, "open", true)
	b.time(open, jsonSummary, "open: time to tcpdump's", 5)
	b.memory(open, jsonSummary, "open: memory", 600e6)
	few, many := all.find(generated, "small", false).row(ours(jsonSummary)), all.find(generated, "small", true).row(ours(jsonSummary))
	if few != many && few.measured() && many.measured() {
		b.list = append(b.list, bar{"small: time per packet, long trace to short", many.perPacket() / few.perPacket(), 1.1, false, times})
	}
	if one, two := web.row(ours(oneWorker)), web.row(ours(jsonSummary)); one.measured() && two.measured() {
		b.list = append(b.list, bar{"web, speed with one worker to half of that with two", two.median().Seconds() / one.median().Seconds() * 2, 0.7, true, times})
	}
	b.real(all.in(real))
	b.floods(all.in(floods))
	b.single(all.in(single))
	return b.list
}

// real adds the bars on captures of programs.
func (b *board) real(all results) {
	for _, r := range all {
		if r.File == nil {
			continue
		}
		limit := 3.0
		switch loss := programs.Find(r.kind).Loss > 0; {
		case loss:
			limit = 1.5
		case r.File.perPacket() >= 300:
			limit = 1.2
		}
		b.time(r, jsonSummary, r.kind+", JSON summary: time to tcpdump's", limit)
	}
	spacious := all.worst(func(r *Result) (float64, bool) { return r.space(ours(jsonSummary)) })
	if spacious != nil {
		b.memory(spacious, jsonSummary, "captures of programs, JSON summary: most memory, of "+spacious.kind, 150e6)
	}
	web := all.find(real, programs.Web, true)
	b.time(web, ndjson, programs.Web+", NDJSON: time to tcpdump's", 2)
	b.time(web, text, programs.Web+", text: time to tcpdump's", 1.5)
	b.memory(web, text, programs.Web+", text: memory", 150e6)
	if one, two := web.row(ours(ndjson1)), web.row(ours(ndjson)); one.measured() && two.measured() {
		b.list = append(b.list, bar{programs.Web + ", NDJSON: time with one worker to that with two", one.median().Seconds() / two.median().Seconds(), 1.7, true, times})
	}
}

// floods adds the bars on floods, each for the worst of them.
func (b *board) floods(all results) {
	for _, short := range []string{jsonSummary, text} {
		if r := all.worst(func(r *Result) (float64, bool) { return r.cost(ours(short)) }); r != nil {
			b.time(r, short, fmt.Sprintf("floods, %s: most time to tcpdump's, of %s", short, r.kind), 8)
		}
	}
	for _, short := range []string{jsonSummary, text, ndjson} {
		if r := all.worst(func(r *Result) (float64, bool) { return r.space(ours(short)) }); r != nil {
			b.memory(r, short, fmt.Sprintf("floods, %s: most memory, of %s", short, r.kind), 768e6)
		}
	}
	if r := all.worst(func(r *Result) (float64, bool) { return r.space(ours(inMemory)) }); r != nil {
		b.memory(r, inMemory, "floods, --memory 256MB: most memory, of "+r.kind, 256<<20)
	}
}

// single adds the bar on single connections. Of one that was given up at fewer
// packets, that is what counts.
func (b *board) single(all results) {
	if r := all.worst(func(r *Result) (float64, bool) { return r.cost(ours(jsonSummary)) }); r != nil {
		b.time(r, jsonSummary, "one connection, JSON summary: most time to tcpdump's, of "+r.kind, 10)
	}
}

// writeBars prints which bars are met.
func writeBars(w io.Writer, list []bar) {
	rows := [][]string{{"bar", "asked for", "measured", ""}}
	for i := range list {
		b := &list[i]
		asked, verdict := "at most ", "met"
		if b.least {
			asked = "at least "
		}
		if !b.met() {
			verdict = "**not met**"
		}
		rows = append(rows, []string{b.what, asked + b.format(b.limit), b.format(b.measured), verdict})
	}
	fmt.Fprintf(w, "### Bars\n\n")
	markdown.Table(w, rows)
}
