package check_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check/aggregate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// surveyed is how many things the survey found other tools to detect.
const surveyed = 159

func docs() map[string]record.CheckDoc {
	all := map[string]record.CheckDoc{}
	for _, c := range check.Catalogue {
		all[string(c.Name)] = c.Doc()
	}
	for _, d := range aggregate.Catalogue {
		all[string(d.Name)] = d
	}
	return all
}

// TestPeers holds peers.md against the catalogue: every name exists, every row
// has a check or says why not, and every check of a thing with the same name is
// named there.
func TestPeers(t *testing.T) {
	text, err := os.ReadFile("peers.md")
	if err != nil {
		t.Fatal(err)
	}
	known := docs()
	quoted := regexp.MustCompile("`([a-z0-9-]+)`")
	rows := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.HasPrefix(strings.TrimSpace(cells[1]), "---") || strings.TrimSpace(cells[1]) == "elsewhere" {
			continue
		}
		name, here := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		if rows[name] {
			t.Errorf("%s: two rows", name)
		}
		rows[name] = true
		named := quoted.FindAllStringSubmatch(here, -1)
		for _, m := range named {
			if _, ok := known[m[1]]; !ok {
				t.Errorf("%s: there is no check %s", name, m[1])
			}
		}
		if _, ok := known[name]; ok && !strings.Contains(here, "`"+name+"`") {
			t.Errorf("%s: the check of that name is not mentioned", name)
		}
		if len(named) == 0 && len(here) < 25 {
			t.Errorf("%s: neither a check nor a reason: %q", name, here)
		}
	}
	if len(rows) != surveyed {
		t.Errorf("%d rows, want %d", len(rows), surveyed)
	}
}

// TestCatalogue holds every check to be described fully and once.
func TestCatalogue(t *testing.T) {
	seen := map[record.CheckName]bool{}
	families := map[string]bool{}
	last := ""
	for _, c := range check.Catalogue {
		d := c.Doc()
		if seen[d.Name] {
			t.Errorf("%s is in the catalogue twice", d.Name)
		}
		seen[d.Name] = true
		if d.Family != last {
			if families[d.Family] {
				t.Errorf("%s: the family %s stands in two places", d.Name, d.Family)
			}
			families[d.Family], last = true, d.Family
		}
		if d.Name == "" || d.Title == "" || d.Rule == "" || d.Condition == "" || d.Filter == "" || (c.Judge == nil) == (c.JudgeBy == nil) || (c.JudgeBy == nil) != (len(c.Thresholds) == 0) {
			t.Errorf("%s is not described fully: %+v", d.Name, d)
		}
		if text := fmt.Sprint(d); strings.Contains(text, "TODO") {
			t.Errorf("%s is not described yet: %s", d.Name, text)
		}
		if !strings.HasSuffix(d.Condition, ".") {
			t.Errorf("%s: its condition is no sentence: %q", d.Name, d.Condition)
		}
		if check.NewSet(check.Catalogue).Find(d.Name) != c {
			t.Errorf("%s cannot be found", d.Name)
		}
	}
}
