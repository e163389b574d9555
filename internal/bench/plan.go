package bench

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/bench/programs"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
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
	flag  string               // of ours: not measured unless the program knows it
}

// mode is one way to run our program.
type mode struct {
	short string // for -formats
	name  string // in the tables
	flags []string
	flag  string // what the program must know
}

// The modes' short names.
const (
	jsonSummary = "summary"
	oneWorker   = "summary1"
	ndjson      = "ndjson"
	ndjson1     = "ndjson1"
	text        = "text"
	inMemory    = "memory"
)

// modes are all ways in which ours is measured.
var modes = []mode{
	{short: jsonSummary, name: "JSON summary", flags: []string{"--json", "--summary-only"}},
	{short: text, name: "text"},
	{short: ndjson, name: "NDJSON", flags: []string{"--ndjson"}},
	{short: "json", name: "JSON", flags: []string{"--json"}},
	{short: "zeek", name: "Zeek", flags: []string{"--format", "zeek"}},
	{short: "sarif", name: "SARIF", flags: []string{"--format", "sarif"}},
	{short: "junit", name: "JUnit", flags: []string{"--format", "junit"}},
	{short: oneWorker, name: "JSON summary, --workers 1", flags: []string{"--json", "--summary-only", "--workers", "1"}},
	{short: ndjson1, name: "NDJSON, --workers 1", flags: []string{"--ndjson", "--workers", "1"}},
	{short: inMemory, name: "JSON summary, --memory 256MB", flags: []string{"--json", "--summary-only", "--memory", "256MB"}, flag: "--memory"},
}

// Modes are the short names of all modes.
func Modes() (list []string) {
	for i := range modes {
		list = append(list, modes[i].short)
	}
	return list
}

// ours is a mode's name in the tables that have other programs beside it.
func ours(short string) string {
	i := slices.IndexFunc(modes, func(m mode) bool { return m.short == short })
	return "ours, " + modes[i].name
}

// ourTools makes the tools of some modes.
func ourTools(binary string, shorts ...string) (list []tool) {
	for i := range modes {
		m := &modes[i]
		if !slices.Contains(shorts, m.short) {
			continue
		}
		t := tool{name: "ours, " + m.name, args: append([]string{binary}, m.flags...), flag: m.flag}
		switch {
		case slices.Contains(m.flags, "--summary-only"):
			t.check = func(r *right) checker { return r.checkJSON }
		case m.short == ndjson || m.short == ndjson1:
			t.check = func(r *right) checker { return r.checkNDJSON }
		}
		list = append(list, t)
	}
	return list
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

// supported reports whether our program knows what the tool asks of it.
func (t *tool) supported(ctx context.Context) bool {
	if t.flag == "" {
		return true
	}
	out, err := exec.CommandContext(ctx, t.args[0], "analyze", "--help").Output()
	return err == nil && strings.Contains(string(out), t.flag+" ")
}

// The groups, each with tables of its own.
const (
	generated = "generated"
	real      = "programs"
	floods    = "floods"
	single    = "single"
)

// Groups are the names of the groups, in the order of the page.
var Groups = []string{generated, real, floods, single}

// match is a trace, and who runs on it.
type match struct {
	group, title, kind string
	n                  int
	right              right
	modes              []string // of ours
	peers              bool
}

// sizes are the lengths of the traces.
type sizes struct{ web, bulk, flood, open, few, many, floods, single, programs int }

func (o *Options) sizes() sizes {
	s := sizes{2_000_000, 1_000_000, 5_000_000, 1_000_000, 1_000_000, 20_000_000, 5_000_000, 1_000_000, 1_000_000}
	if o.Short {
		s = sizes{40_000, 20_000, 50_000, 10_000, 20_000, 100_000, 20_000, 8_000, 50_000}
	}
	for _, given := range []struct {
		n  int
		to *int
	}{{o.Floods, &s.floods}, {o.Single, &s.single}, {o.Programs, &s.programs}} {
		if given.n > 0 {
			*given.to = given.n
		}
	}
	return s
}

// plan is the whole measurement.
func (o *Options) plan() []match {
	n := o.sizes()
	closed := right{verdicts: []string{"closed-normally"}}
	list := []match{
		{generated, "web: short HTTP connections", "web", n.web, closed, []string{jsonSummary, ndjson, oneWorker}, true},
		{generated, "bulk: one transfer", "bulk", n.bulk, closed, []string{jsonSummary}, true},
		{generated, "flood: SYNs from random sources", "flood", n.flood, right{verdicts: []string{"unanswered", "capture-cut"}, finding: "syn-flood"}, []string{jsonSummary}, true},
		{generated, "open: connections open at once", "open", n.open, right{verdicts: []string{"still-open"}}, []string{jsonSummary}, true},
		{generated, "small: a short trace of small segments", "small", n.few, closed, []string{jsonSummary}, false},
		{generated, "small: a long trace of small segments", "small", n.many, closed, []string{jsonSummary}, false},
		{generated, "uneven: as web, with an ACK repeated in one connection of four", "uneven", n.web, closed, []string{jsonSummary, ndjson}, false},
	}
	for _, k := range programs.Kinds {
		list = append(list, match{group: real, title: k.Title, kind: k.Name, n: n.programs, right: right{loose: true, disputed: true},
			modes: []string{jsonSummary, text, ndjson, "json", "zeek", "sarif", "junit", ndjson1}})
	}
	plain := *tracegen.Find("flood")
	plain.Title = "SYNs, nothing wrong with them"
	for _, k := range append([]tracegen.Kind{plain}, tracegen.Floods...) {
		list = append(list, match{group: floods, title: k.Title, kind: k.Name, n: n.floods, right: right{loose: true, disputed: k.Disputed},
			modes: []string{jsonSummary, text, ndjson, inMemory}})
	}
	for _, k := range tracegen.Monsters {
		for _, part := range growth {
			m := match{group: single, title: k.Title, kind: k.Name, n: n.single / part, right: right{loose: true, disputed: k.Disputed}, modes: []string{jsonSummary}}
			if part == 1 {
				m.modes = []string{jsonSummary, text, ndjson}
			}
			list = append(list, m)
		}
	}
	return slices.DeleteFunc(list, func(m match) bool { return !o.wanted(&m) })
}

// growth is of what parts of its full length a single connection is measured.
var growth = []int{16, 4, 1}

// wanted reports whether Only names the match, its group or its kind, or nothing.
func (o *Options) wanted(m *match) bool {
	return len(o.Only) == 0 || slices.Contains(o.Only, m.kind) || slices.Contains(o.Only, m.group)
}

// tools are all that run on a match.
func (m *match) tools(opt *Options) []tool {
	shorts := m.modes
	if len(opt.Formats) > 0 {
		shorts = slices.DeleteFunc(slices.Clone(shorts), func(s string) bool { return !slices.Contains(opt.Formats, s) })
	}
	list := append([]tool{copying}, ourTools(opt.Binary, shorts...)...)
	if m.peers && !opt.Alone {
		list = append(list, peers...)
	}
	return list
}

// slow is from when on one run is enough.
const slow = 10 * time.Second
