package kernelscore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// SceneScore is how often the analyzer names the cause of what happens in the
// laboratory's scenes, and how often it accuses somebody wrongly.
type SceneScore struct {
	Rows  []*SceneRow
	Notes []string // where a cause is not named or somebody is accused, one line each
}

// SceneRow is one scene at all places that its captures were taken at.
type SceneRow struct {
	Scene string
	At    map[lab.Vantage]*SceneTally
}

// SceneTally counts the plays of a scene seen from one place.
type SceneTally struct {
	Plays   int
	Named   int // with the cause named
	Accused int // with a finding or a verdict that is wrong there
}

// played is what one capture says of one play: all connections of its port.
type played struct {
	scene       string
	port        uint16
	at          lab.Vantage
	truth       []*lab.Connection
	connections []map[string]any // as in the JSON
	findings    []map[string]any // on several connections together
}

// Add scores one recording of scenes, named by its truth file.
func (s *SceneScore) Add(file string) error {
	truth, err := lab.ReadTruth(file)
	if err != nil {
		return err
	}
	for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtRouter, lab.AtBox} {
		path := captureFile(filepath.Dir(file), truth.Captures[at])
		if path == "" {
			continue
		}
		r, err := Analyse(path, nil)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := report.JSON(&text, r, report.DefaultOptions()); err != nil {
			return err
		}
		var all struct {
			Capture     map[string]any   `json:"capture"`
			Connections []map[string]any `json:"connections"`
		}
		if err := json.Unmarshal(text.Bytes(), &all); err != nil {
			return fmt.Errorf("report on %q: %w", path, err)
		}
		for _, p := range deal(truth, at, all.Connections, list(all.Capture["anomalies"])) {
			s.judge(p, filepath.Base(path))
		}
	}
	return nil
}

// deal sorts connections and findings by the play that they belong to, which the
// service's port tells.
func deal(truth *lab.Truth, at lab.Vantage, connections, findings []map[string]any) []*played {
	var all []*played
	by := make(map[uint16]*played)
	for _, c := range truth.Connections {
		p := by[c.Server.Port()]
		if p == nil {
			p = &played{scene: c.Scenario, port: c.Server.Port(), at: at}
			by[p.port] = p
			all = append(all, p)
		}
		p.truth = append(p.truth, c)
	}
	of := make(map[float64]*played) // by the connection's ID
	for _, c := range connections {
		for _, side := range []string{"server", "client"} {
			port, _ := under(c, side, "port").(float64)
			if p := by[uint16(port)]; p != nil {
				p.connections = append(p.connections, c)
				id, _ := c["id"].(float64)
				of[id] = p
				break
			}
		}
	}
	for _, f := range findings {
		// Plays together may look like a scan, and are one for all that the capture
		// shows: what counts is what is said of one play.
		ids, _ := f["connections"].([]any)
		told := make(map[*played]bool)
		for _, id := range ids {
			n, _ := id.(float64)
			told[of[n]] = true
		}
		for p := range told {
			if p != nil && len(told) == 1 {
				p.findings = append(p.findings, f)
			}
		}
	}
	return all
}

// judge scores one play as one capture shows it. A place that nothing of it came
// to is left out.
func (s *SceneScore) judge(p *played, file string) {
	want, ok := expected[p.scene]
	if !ok || len(p.connections) == 0 || want.at != nil && !slices.Contains(want.at, p.at) {
		return
	}
	if want.when != nil && !slices.ContainsFunc(p.truth, want.when) {
		return
	}
	row := s.row(p.scene)
	t := row.At[p.at]
	if t == nil {
		t = new(SceneTally)
		row.At[p.at] = t
	}
	t.Plays++
	if want.named(p) {
		t.Named++
	} else {
		s.Notes = append(s.Notes, fmt.Sprintf("%s, port %d: %s not named: %s", file, p.port, p.scene, p.summary()))
	}
	if wrong := want.accused(p); len(wrong) > 0 {
		t.Accused++
		s.Notes = append(s.Notes, fmt.Sprintf("%s, port %d: %s accused by %s", file, p.port, p.scene, strings.Join(wrong, ", ")))
	}
}

func (s *SceneScore) row(scene string) *SceneRow {
	for _, r := range s.Rows {
		if r.Scene == scene {
			return r
		}
	}
	r := &SceneRow{Scene: scene, At: make(map[lab.Vantage]*SceneTally)}
	s.Rows = append(s.Rows, r)
	return r
}

// summary is what is said of a play, in a line.
func (p *played) summary() string {
	var parts []string
	for _, c := range p.connections {
		parts = append(parts, fmt.Sprint(under(c, "verdict", "code")))
	}
	return strings.Join(append(parts, p.names("note")...), " ")
}

// names returns the findings of a severity and graver.
func (p *played) names(least string) (names []string) {
	order := []string{"note", "warning", "error"}
	for _, f := range p.allFindings() {
		severity, _ := f["severity"].(string)
		if i := slices.Index(order, severity); i >= 0 && i >= slices.Index(order, least) {
			names = append(names, fmt.Sprint(f["name"]))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (p *played) allFindings() []map[string]any {
	all := slices.Clone(p.findings)
	for _, c := range p.connections {
		all = append(all, list(c["anomalies"])...)
	}
	return all
}

// codes returns the verdicts.
func (p *played) codes() (codes []string) {
	for _, c := range p.connections {
		code, _ := under(c, "verdict", "code").(string)
		codes = append(codes, code)
	}
	return codes
}

// words returns all sentences: of verdicts and findings.
func (p *played) words() string {
	var b strings.Builder
	for _, c := range p.connections {
		fmt.Fprintln(&b, under(c, "verdict", "sentence"))
	}
	for _, f := range p.allFindings() {
		fmt.Fprintln(&b, f["message"])
	}
	return b.String()
}

// under returns a field of a field.
func under(m map[string]any, path ...string) any {
	var v any = m
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// list returns an array of objects; other things are an empty one.
func list(v any) (out []map[string]any) {
	all, _ := v.([]any)
	for _, x := range all {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Write prints the table, and with notes what stands behind it.
func (s *SceneScore) Write(w io.Writer, notes bool) {
	rows := [][]string{{"scene", "what must be said", "plays × places", "named", "accused wrongly", "named at client, server, router, box"}}
	for _, r := range s.Rows {
		var sum SceneTally
		var places []string
		for _, at := range []lab.Vantage{lab.AtClient, lab.AtServer, lab.AtRouter, lab.AtBox} {
			t := r.At[at]
			if t == nil {
				places = append(places, "–")
				continue
			}
			sum.Plays += t.Plays
			sum.Named += t.Named
			sum.Accused += t.Accused
			places = append(places, fmt.Sprintf("%d/%d", t.Named, t.Plays))
		}
		rows = append(rows, []string{r.Scene, expected[r.Scene].text, count(sum.Plays), share(sum.Named, sum.Plays), count(sum.Accused), strings.Join(places, " ")})
	}
	markdown.Table(w, rows)
	if notes && len(s.Notes) > 0 {
		fmt.Fprintf(w, "\n- %s\n", strings.Join(s.Notes, "\n- "))
	}
}
