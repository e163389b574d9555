package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	result "github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/kernelscore"
	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// healthy lets real programs talk to each other and counts what is found on their
// connections: no error and no warning belongs there.
func healthy(args []string) int {
	flags := flag.NewFlagSet("healthy", flag.ContinueOnError)
	out := flags.String("out", "", "directory for the captures; they are not kept without")
	readme := flags.String("readme", "", "a Markdown file to put the counts into")
	seed := flags.Uint64("seed", 1, "seed of the losses")
	services := flags.Bool("services", false, "the further programs, of many kinds")
	scale := flags.Int("scale", 3, "how often each program is used, in units of the least")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	ctx, dir, end, code := begin(*out, "tcplab-healthy-")
	if code != 0 {
		return code
	}
	defer end()
	var all []*healthyCount
	for _, play := range lab.HealthyPlays {
		play.Services = *services
		rec, err := play.Record(ctx, dir, *seed, *scale)
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 1
		}
		for _, f := range rec.Failed {
			fmt.Fprintln(os.Stderr, "  note:", f)
		}
		c, err := countHealthy(play, rec)
		if err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 1
		}
		all = append(all, c)
		fmt.Fprintf(os.Stderr, "%s: %s; not installed: %s\n", play.Name(), strings.Join(rec.Ran, ", "), cmp.Or(strings.Join(rec.Absent, ", "), "none"))
	}
	writeHealthy(os.Stdout, all)
	bad := 0
	for _, c := range all {
		for _, line := range c.lines {
			fmt.Println(line)
			bad++
		}
	}
	if *readme != "" {
		marker := "healthy"
		if *services {
			marker = "services"
		}
		if err := markdown.Put(*readme, marker, func(w io.Writer) { writeHealthy(w, all) }); err != nil {
			fmt.Fprintln(os.Stderr, "lab: error:", err)
			return 3
		}
	}
	return min(bad, 1)
}

// healthyCount is what was found on one play's connections.
type healthyCount struct {
	play             lab.HealthyPlay
	connections      int
	abandoned        int // attempts whose SYN was lost, given up by the program within a second
	segments, resent uint64
	severities       map[result.Severity]int
	notes            map[result.CheckName]int
	lines            []string // each error and warning
}

func countHealthy(play lab.HealthyPlay, rec *lab.HealthyRecording) (*healthyCount, error) {
	c := &healthyCount{play: play, severities: map[result.Severity]int{}, notes: map[result.CheckName]int{}}
	for _, at := range slices.Sorted(maps.Keys(rec.Captures)) {
		r, err := kernelscore.Analyse(rec.Captures[at], nil)
		if err != nil {
			return nil, err
		}
		for _, conn := range r.Connections {
			if conn.Verdict.Code == result.VerdictUnanswered && conn.Handshake.SYNs == 1 {
				c.abandoned++ // no healthy connection: its program did not wait for it
				continue
			}
			if at == lab.AtClient {
				c.connections++
				c.segments += conn.Traffic[0].Packets + conn.Traffic[1].Packets
				c.resent += conn.Traffic[0].Retransmissions + conn.Traffic[1].Retransmissions
			}
			c.add(at, rec.Captures[at], conn)
		}
	}
	return c, nil
}

func (c *healthyCount) add(at lab.Vantage, file string, conn *result.Connection) {
	for i := range conn.Anomalies {
		a := &conn.Anomalies[i]
		c.severities[a.Severity]++
		if a.Severity >= result.SeverityWarning {
			c.lines = append(c.lines, fmt.Sprintf("%s #%d port %d: %s %s: %s", file, conn.ID, conn.Server.Port, a.Severity, a.Name, a.Message))
		}
		if at == lab.AtClient {
			c.notes[a.Name]++
		}
	}
}

func writeHealthy(w io.Writer, all []*healthyCount) {
	rows := [][]string{{"path", "connections", "segments", "retransmitted", "given up unanswered", "errors", "warnings", "notes most often"}}
	total := 0
	for _, c := range all {
		total += c.connections
		var names []string
		for _, name := range slices.SortedFunc(maps.Keys(c.notes), func(a, b result.CheckName) int { return cmp.Or(c.notes[b]-c.notes[a], cmp.Compare(a, b)) }) {
			if len(names) < 4 {
				names = append(names, fmt.Sprintf("`%s` %d", name, c.notes[name]))
			}
		}
		rows = append(rows, []string{
			fmt.Sprintf("%s, %d %% lost", c.play.Family, c.play.Loss), fmt.Sprint(c.connections), fmt.Sprint(c.segments), fmt.Sprint(c.resent), fmt.Sprint(c.abandoned),
			fmt.Sprint(c.severities[result.SeverityError]), fmt.Sprint(c.severities[result.SeverityWarning]), strings.Join(names, ", "),
		})
	}
	rows[0][1] = fmt.Sprintf("%d connections", total)
	markdown.Table(w, rows)
}
