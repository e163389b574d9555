package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tcpflow-states/tcpflow-states/"

// arrows are the imports allowed between the packages of the house, as
// ARCHITECTURE.md draws them. A package without an entry may import nothing of ours;
// below internal/ only what the program is built from has one. Tests are free.
var arrows = map[string]string{
	"cmd/tcpflow-states": "report capture analyzer analyzer/change analyzer/record fsm internal/browse internal/hugepages internal/phrase internal/process internal/saved internal/sockets",
	"report":             "analyzer/change analyzer/explain analyzer/record fsm internal/phrase internal/series",
	"analyzer":           "capture analyzer/record fsm internal/process analyzer/internal/check analyzer/internal/check/aggregate analyzer/internal/conclude analyzer/internal/decode analyzer/internal/pipeline analyzer/internal/vantage",
	"analyzer/change":    "analyzer/internal/chance analyzer/record fsm",
	"analyzer/explain":   "analyzer/record fsm internal/phrase",
	"analyzer/record":    "fsm internal/process",

	"analyzer/internal/pipeline":         "analyzer/internal/check analyzer/internal/check/aggregate analyzer/internal/conclude analyzer/internal/conclude/verdict analyzer/internal/conntrack analyzer/internal/flow analyzer/internal/dedup analyzer/internal/decode analyzer/internal/overview analyzer/internal/owners analyzer/internal/relate analyzer/internal/skew analyzer/record fsm",
	"analyzer/internal/overview":         "analyzer/record fsm internal/earliest",
	"analyzer/internal/owners":           "analyzer/internal/decode analyzer/record fsm internal/process internal/recent",
	"analyzer/internal/conclude":         "analyzer/internal/flow analyzer/internal/decode analyzer/record fsm internal/phrase",
	"analyzer/internal/conclude/verdict": "analyzer/record fsm internal/phrase",
	"analyzer/internal/check":            "analyzer/internal/appdata analyzer/internal/flow analyzer/record fsm internal/phrase",
	"analyzer/internal/check/aggregate":  "analyzer/record fsm internal/earliest internal/phrase",
	"analyzer/internal/conntrack":        "analyzer/internal/appdata analyzer/internal/flow analyzer/internal/decode fsm",
	"analyzer/internal/flow":             "analyzer/internal/appdata analyzer/internal/decode analyzer/internal/peers/suricata analyzer/internal/peers/zeek analyzer/record fsm internal/series",
	"analyzer/internal/vantage":          "analyzer/internal/dedup analyzer/internal/decode analyzer/record fsm",
	"analyzer/internal/appdata":          "",
	"analyzer/internal/chance":           "", // arithmetic
	"analyzer/internal/dedup":            "analyzer/internal/decode fsm",
	"analyzer/internal/relate":           "analyzer/internal/conclude/verdict analyzer/record fsm internal/phrase internal/recent",
	"analyzer/internal/skew":             "analyzer/internal/decode fsm",
	"analyzer/internal/decode":           "analyzer/internal/appdata fsm internal/process",
	"analyzer/internal/peers/suricata":   "fsm",
	"analyzer/internal/peers/zeek":       "fsm",

	"capture": "internal/process", // no TCP knowledge
	"fsm":     "",                 // the protocol depends on nothing

	"internal/browse":    "report analyzer/record fsm internal/phrase",
	"internal/phrase":    "fsm",
	"internal/series":    "analyzer/record fsm",
	"internal/hugepages": "",
	"internal/process":   "",
	"internal/earliest":  "",
	"internal/recent":    "",
	"internal/sockets":   "analyzer/record fsm internal/process internal/recent",
	"internal/saved":     "analyzer/change analyzer/record fsm report",
}

// foreign are the imports from outside allowed to packages that are to have few.
// What is not listed may import what it likes.
var foreign = map[string]string{
	"fsm":                                "cmp errors fmt math math/bits slices sort strconv strings",
	"analyzer/record":                    "cmp fmt math/bits net/netip slices strconv strings time",
	"analyzer/internal/conclude/verdict": "cmp fmt math slices strconv strings",
	"analyzer/internal/chance":           "cmp math slices",
	"analyzer/change":                    "cmp maps math slices",
	"analyzer/explain":                   "cmp fmt iter math net/netip slices strconv strings time",
	"analyzer/internal/peers/suricata":   "cmp slices strings",
	"analyzer/internal/peers/zeek":       "cmp math math/bits slices strings",
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// against returns the imports that the tables do not allow, a sentence for each,
// and the circles.
func against(packages []listed) (faults []string) {
	ours := map[string][]string{}
	for _, p := range packages {
		name, own := strings.CutPrefix(p.ImportPath, module)
		if !own {
			continue
		}
		allowed, governed := arrows[name]
		outside, limited := foreign[name]
		for _, imported := range p.Imports {
			if to, own := strings.CutPrefix(imported, module); own {
				ours[name] = append(ours[name], to)
				if governed && !slices.Contains(strings.Fields(allowed), to) {
					faults = append(faults, fmt.Sprintf("%s imports %s: the house has no such arrow", name, to))
				}
			} else if limited && !slices.Contains(strings.Fields(outside), imported) {
				faults = append(faults, fmt.Sprintf("%s imports %q: it is to have few imports", name, imported))
			}
		}
		if !governed && !strings.HasPrefix(name, "internal/") {
			faults = append(faults, fmt.Sprintf("%s has no entry among the arrows: say what it may import", name))
		}
	}
	return append(faults, circles(ours)...)
}

// circles returns the packages that import themselves by way of others. The
// compiler refuses these; a list made up for a test need not have been compiled.
func circles(imports map[string][]string) (faults []string) {
	for from := range imports {
		seen, next := map[string]bool{}, slices.Clone(imports[from])
		for len(next) > 0 {
			to := next[0]
			if next = next[1:]; !seen[to] {
				seen[to] = true
				next = append(next, imports[to]...)
			}
		}
		if seen[from] {
			faults = append(faults, from+" imports itself by way of others")
		}
	}
	return faults
}

func goList(t *testing.T) (packages []listed) {
	t.Helper()
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports", "./...")
	command.Dir = "../.."
	out, err := command.Output()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		t.Fatalf("go list: %v: %s", err, failed.Stderr)
	} else if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		// With a profile for the compiler, packages are listed as "path [program]".
		p.ImportPath = withoutProgram(p.ImportPath)
		for i := range p.Imports {
			p.Imports[i] = withoutProgram(p.Imports[i])
		}
		packages = append(packages, p)
	}
}

func withoutProgram(path string) string {
	path, _, _ = strings.Cut(path, " [")
	return path
}

func TestArrows(t *testing.T) {
	packages := goList(t)
	faults := against(packages)
	slices.Sort(faults)
	for _, f := range slices.Compact(faults) {
		t.Errorf("%s\n\t(the table is arrows in internal/house/arrows_test.go)", f)
	}
	for name := range arrows {
		if i := slices.IndexFunc(packages, func(p listed) bool { return p.ImportPath == module+name }); i < 0 && name != "analyzer/internal/conntrack" {
			t.Errorf("there is no package %s, which the table has", name)
		}
	}
}

// TestArrowTurnedRound turns arrows round in the list, one at a time.
func TestArrowTurnedRound(t *testing.T) {
	packages := goList(t)
	for _, test := range []struct{ from, to, want string }{
		{"report", "analyzer", "report imports analyzer: "},
		{"analyzer/record", "analyzer/explain", "analyzer/record imports analyzer/explain: "},
		{"analyzer/internal/decode", "analyzer/internal/flow", "analyzer/internal/decode imports analyzer/internal/flow: "},
		{"fsm", "analyzer/internal/decode", "fsm imports analyzer/internal/decode: "},
		{"capture", "fsm", "capture imports fsm: "},
		{"analyzer", "report", "analyzer imports report: "},
		{"fsm", "internal/house", "fsm imports internal/house: "},
		{"analyzer/internal/decode", "internal/house", "analyzer/internal/decode imports internal/house: "},
		{"internal/checksum", "internal/conversation", "imports itself"},
	} {
		t.Run(test.from+" to "+test.to, func(t *testing.T) {
			turned := slices.Clone(packages)
			at := slices.IndexFunc(turned, func(p listed) bool { return p.ImportPath == module+test.from })
			turned[at].Imports = append(slices.Clone(turned[at].Imports), module+test.to)
			if f := strings.Join(against(turned), "\n"); !strings.Contains(f, test.want) {
				t.Errorf("not found:\n%s", f)
			}
		})
	}
	t.Run("fsm with the outside", func(t *testing.T) {
		f := against([]listed{{ImportPath: module + "fsm", Imports: []string{"net"}}})
		if len(f) != 1 || !strings.Contains(f[0], `fsm imports "net"`) {
			t.Error(f)
		}
	})
	t.Run("a new package", func(t *testing.T) {
		f := against([]listed{{ImportPath: module + "analyzer/internal/new"}})
		if len(f) != 1 || !strings.Contains(f[0], "has no entry") {
			t.Error(f)
		}
	})
}
