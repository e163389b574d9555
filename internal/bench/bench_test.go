package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// TestRun measures small traces with the program of today.
func TestRun(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "ours")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/tcpflow-states").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var out, log bytes.Buffer
	opt := Options{Binary: binary, Dir: t.TempDir(), Rounds: 1, Short: true, Alone: true, Only: []string{generated, "flood-ack", "one-same"},
		Formats: []string{jsonSummary, ndjson}, Log: &log}
	if err := Run(context.Background(), &out, opt); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	tables := 0
	for _, m := range opt.plan() {
		if m.group != generated {
			continue
		}
		tables++
		if !strings.Contains(out.String(), "### "+m.title+"\n") {
			t.Errorf("no table %q", m.title)
		}
	}
	if n := strings.Count(out.String(), "| "+ours(jsonSummary)+" "); n != tables {
		t.Errorf("%d rows of ours\n%s", n, out.String())
	}
	for _, want := range []string{`\| flood-ack +\| lone ACKs +\| 20000 .* ×, \d+ MB +\|`, `\| one-same +\| .* ×, \d+ MB +\| .* ×, \d+ MB +\| .* ×, \d+ MB +\| `} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("no line like %q in\n%s", want, out.String())
		}
	}
	// A wrong answer ends it: here another trace stands where one was made.
	web := filepath.Join(opt.Dir, fmt.Sprintf("web-%d.pcap", opt.sizes().web))
	data, err := os.ReadFile(web)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(web, data, 0o600); err != nil {
		t.Fatal(err)
	}
	opt.Only = []string{"web"}
	if err := Run(context.Background(), &out, opt); err == nil || !strings.Contains(err.Error(), "wrong answer") {
		t.Errorf("after a bit was flipped: %v", err)
	}
}

func TestCheck(t *testing.T) {
	want := tracegen.Counts{Packets: 9, Connections: 2, Bytes: 5}
	good := `{"type":"summary","capture":{"packets":9,"segments":9,"skipped":{},"quality":{"bad_checksum":0,"faults":[]},"anomalies":[]},` +
		`"summary":{"connections":2,"bytes":5,"verdicts":{"still-open":2},"anomalies":[]}}` + "\n"
	r := right{verdicts: []string{"still-open"}}
	for _, c := range []struct{ old, new, complaint string }{
		{"", "", ""},
		{`"packets":9`, `"packets":8`, "8 packets"},
		{`"segments":9`, `"segments":8`, "8 are segments"},
		{`"skipped":{}`, `"skipped":{"x":1}`, "1 skipped"},
		{`"bad_checksum":0`, `"bad_checksum":1`, "faults"},
		{`"connections":2`, `"connections":3`, "3 connections"},
		{`"still-open":2`, `"still-open":1,"refused":1`, "verdicts"},
		{`"bytes":5`, `"bytes":4`, "4 bytes"},
		{`"anomalies":[]},"s`, `"anomalies":[{"name":"syn-flood","count":2}]},"s`, "over the capture"},
		{`"anomalies":[]}}`, `"anomalies":[{"name":"rto","connections":1}]}}`, "rto on 1"},
	} {
		err := r.checkJSON(strings.NewReader(strings.Replace(good, c.old, c.new, 1)), want)
		if (c.complaint == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	line := `{"type":"connection","id":1}` + "\n"
	if err := r.checkNDJSON(strings.NewReader(line+line+good), want); err != nil {
		t.Error(err)
	}
	if err := r.checkNDJSON(strings.NewReader(line+good), want); err == nil {
		t.Error("a line too few is no error")
	}
	if err := r.checkNDJSON(strings.NewReader(line+line), want); err == nil {
		t.Error("no summary is no error")
	}
}

func TestTablesAndBars(t *testing.T) {
	runs := func(ms ...int) (list []Usage) {
		for _, m := range ms {
			list = append(list, Usage{Wall: time.Duration(m) * time.Millisecond, CPU: time.Second, Memory: 160e6})
		}
		return list
	}
	web := &Result{group: generated, kind: "web", Title: "web", File: &File{Size: 5e6, Counts: tracegen.Counts{Packets: 10, Connections: 2}}, Rows: []*Row{
		{Name: reference, Runs: runs(1000, 900, 5000)},
		{Name: ours(jsonSummary), Runs: runs(1200, 1100)},
		{Name: ours(oneWorker), Runs: runs(3000)},
		{Name: "argus", Note: "not installed"},
	}}
	var out strings.Builder
	web.write(&out)
	for _, want := range []string{
		"| ours, JSON summary | 2 | 1.15 s | 1.10 s to 1.20 s | 1.15 | 1.00 s | 160 MB |",
		"| argus | – | not installed |",
	} {
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	writeBars(&out, results{web}.bars())
	for _, want := range []string{"at most 1.20 ×  | 1.15 × | met", "at most 150 MB | 160 MB | **not met**", "at least 0.70 × | 0.77 × | met"} {
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 7 {
		t.Errorf("%d lines: what was not measured has no bar\n%s", n, out.String())
	}
}

// TestGroups prints what a table of many traces has: what was measured, what was
// ended, what was not tried, and how time per packet grows.
func TestGroups(t *testing.T) {
	run := func(ms int) []Usage { return []Usage{{Wall: time.Duration(ms) * time.Millisecond, Memory: 50e6}} }
	one := func(kind string, n, base, time int, note string) *Result {
		r := &Result{group: single, kind: kind, n: n, Title: "all " + kind, File: &File{Size: 1e6, Counts: tracegen.Counts{Packets: uint64(n)}}}
		r.Rows = []*Row{{Name: reference, Runs: run(base), packets: uint64(n)}, {Name: ours(jsonSummary), Note: note, packets: uint64(n)}}
		if note == "" {
			r.Rows[1].Runs = run(time)
		}
		return r
	}
	all := results{
		one("linear", 100, 10, 20, ""), one("linear", 1600, 100, 320, ""),
		one("square", 100, 10, 1000, ""), one("square", 400, 10, 0, "more than 1m0s"),
	}
	m := match{group: single, kind: "square", n: 1600}
	if why := all.hopeless(&m); why == "" {
		t.Error("what was ended is tried again with more packets")
	}
	m.kind = "linear"
	if why := all.hopeless(&m); why != "" {
		t.Errorf("what was not ended is not tried with more packets: %s", why)
	}
	var out strings.Builder
	all.write(&out, single, nil)
	writeBars(&out, all.bars())
	for _, want := range []string{
		"| linear | all linear | 2.00 ×, 50 MB | | 3.20 ×, 50 MB | 1.00 × |",
		"| square | all square | 100 ×, 50 MB | more than 1m0s | | – |",
		"of square | at most 10.00 × | did not end | **not met** |",
	} {
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}

func TestMakeFile(t *testing.T) {
	dir := t.TempDir()
	f, err := makeFile(dir, "web", 100)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.Path)
	if err != nil || int64(len(whole)) != f.Size || f.Packets < 100 {
		t.Fatalf("%v, %+v, %d octets", err, f, len(whole))
	}
	if err := os.Truncate(f.Path, 1000); err != nil {
		t.Fatal(err)
	}
	if f, err = makeFile(dir, "web", 100); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(f.Path); !bytes.Equal(again, whole) {
		t.Error("a trace cut short is taken as it is")
	}
}

func TestMeasure(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("uses Linux's /proc")
	}
	ctx := context.Background()
	u, err := measure(ctx, []string{"sleep", "0.2"}, nil, Limits{})
	if err != nil || u.Wall < 200*time.Millisecond || u.Memory == 0 {
		t.Errorf("%+v, %v", u, err)
	}
	var over exceeded
	if _, err := measure(ctx, []string{"sleep", "60"}, nil, Limits{Time: 50 * time.Millisecond}); !errors.As(err, &over) {
		t.Errorf("beyond the time: %v", err)
	}
	if _, err := measure(ctx, []string{"sleep", "60"}, nil, Limits{Memory: 1}); !errors.As(err, &over) || over != "more than 0 MB" {
		t.Errorf("beyond the memory: %v", err)
	}
	if _, err := measure(ctx, []string{"sleep", "x"}, nil, Limits{}); err == nil || errors.As(err, &over) {
		t.Errorf("a program that fails: %v", err)
	}
}
