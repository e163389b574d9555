package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Of a run of plain segments the first and the last few stay, the others become
// one line; so do a label's occurrences beyond the first few.
const (
	foldHead   = 2
	foldTail   = 1
	foldLeast  = 3 // fewer are not worth a line that hides them
	labelsFull = 4 // occurrences of a label, or lines of one finding, that stay
)

// fold replaces the inside of long runs of segments that change nothing.
func (p *page) fold(rows []rung) []rung {
	if p.o.Full {
		return rows
	}
	seen := map[string]int{} // occurrences of a label or finding so far
	var out []rung
	for start := 0; start < len(rows); {
		end := start
		for end < len(rows) && isPlainRung(&rows[end], seen) {
			end++
		}
		head := foldHead
		if end > start && len(rows[start].seg.Labels)+len(rows[start].findings) > 0 {
			head = 0 // the first few of its kind stand above
		}
		if from, to := start+head, end-foldTail; to-from >= foldLeast {
			out = append(out, rows[start:from]...)
			out = append(out, p.foldRungs(rows[from:to]))
			out = append(out, rows[to:end]...)
		} else {
			out = append(out, rows[start:end]...)
		}
		if end < len(rows) {
			out = append(out, rows[end])
			end++
		}
		start = end
	}
	return out
}

// isPlainRung reports whether a line may disappear in a fold.
func isPlainRung(r *rung, seen map[string]int) bool {
	if r.seg == nil || r.changed != [2]bool{} || r.seg.Seg.Flags.Any(fsm.SYN|fsm.FIN|fsm.RST) {
		return false
	}
	rare := false
	for _, l := range labelNames(r.seg) {
		seen[l]++
		rare = rare || seen[l] <= labelsFull
	}
	for _, a := range r.findings {
		seen[string(a.Name)]++
		rare = rare || seen[string(a.Name)] <= labelsFull
	}
	return !rare
}

// foldRungs makes one line of several: "412 segments, 512 kB →, 23 s".
func (p *page) foldRungs(rows []rung) rung {
	var sent [2]uint64
	var took float64
	var names []string
	labels := map[string]uint64{}
	for i := range rows {
		r := &rows[i]
		sent[r.from] += uint64(r.seg.Seg.Len)
		took += max(0, r.delta)
		for _, l := range labelNames(r.seg) {
			if labels[l] == 0 {
				names = append(names, l)
			}
			labels[l]++
		}
	}
	facts := []string{phrase.Counted(uint64(len(rows)), "segment", "segments")}
	if sent[fsm.Client] > 0 {
		facts = append(facts, phrase.Size(sent[fsm.Client])+" "+p.g.arrow)
	}
	if sent[fsm.Server] > 0 {
		facts = append(facts, p.g.back+" "+phrase.Size(sent[fsm.Server]))
	}
	facts = append(facts, phrase.Duration(took))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(labels[b], labels[a]) })
	for _, l := range names {
		facts = append(facts, phrase.Count(labels[l])+" "+l)
	}
	last := &rows[len(rows)-1]
	return rung{time: last.time, delta: -1, text: p.text(p.g.ellipsis + " " + strings.Join(facts, ", ")), after: last.after, show: last.show}
}

// limitRungs leaves out the middle of a timeline that is longer than the limit:
// how a connection opens and closes says more than what lies between.
func (p *page) limitRungs(rows []rung) []rung {
	if p.o.Full || p.o.Limit <= 0 {
		return rows
	}
	return p.leaveOut(rows, p.o.Limit, ": --limit 0 shows all")
}

// leaveOut leaves out the middle of more lines than most, and says so.
func (p *page) leaveOut(rows []rung, most int, how string) []rung {
	if len(rows) <= most {
		return rows
	}
	head := max(1, most*2/3)
	tail := max(1, most-head)
	if head+tail >= len(rows) { // of two lines with a limit of one
		return rows
	}
	left := rows[head : len(rows)-tail]
	gap := rung{time: left[len(left)-1].time, delta: -1, after: left[len(left)-1].after, show: [2]bool{true, true},
		text: p.text(p.g.ellipsis + " " + phrase.Counted(uint64(len(left)), "line", "lines") + " left out" + how)}
	return slices.Concat(rows[:head], []rung{gap}, rows[len(rows)-tail:])
}
