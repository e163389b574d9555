package lab

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// quick are scenarios of about a second each that use every part of the
// laboratory.
var quick = []string{"close-by-client", "close-by-client-ipv6", "close-by-client-offload", "refused", "lost-third-ack", "duplicated"}

// TestLab plays some scenarios; each checks by itself that it went as it
// should. Everything is taken down afterwards.
func TestLab(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes seconds of real time")
	}
	if err := Available(); err != nil {
		t.Skip("skipped:", err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for _, s := range Scenarios() {
		for _, name := range quick {
			if s.Name != name {
				continue
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				truth, err := s.Record(t.Context(), dir, seed)
				for tries := 1; tries < 3 && errors.Is(err, ErrAstray); tries++ {
					t.Log("again:", err)
					truth, err = s.Record(t.Context(), dir, seed)
				}
				if err != nil {
					t.Fatal(err)
				}
				for vantage, file := range truth.Captures {
					if info, err := os.Stat(dir + "/" + file); err != nil || info.Size() <= 24 {
						t.Errorf("%s: the capture is empty: %v", vantage, err)
					}
				}
				for _, i := range truth.Router {
					if i.Rule == "" {
						t.Errorf("an interference without a rule: %+v", i)
					}
				}
			})
		}
	}
}

// TestLabLeavesNothing checks that a play that fails takes its namespaces and
// trace with it.
func TestLabLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes seconds of real time")
	}
	if err := Available(); err != nil {
		t.Skip("skipped:", err)
	}
	broken := errors.New("broken on purpose")
	var ours string
	s := &Scenario{Name: "broken", Play: func(s *Stage) {
		ours = strings.TrimSuffix(s.Client.ns.name, "client")
		s.Server.Listen(80, 1)
		panic(failure{broken})
	}}
	if _, err := s.Record(t.Context(), t.TempDir(), 1); !errors.Is(err, broken) {
		t.Fatalf("error %v, want %v", err, broken)
	}
	list, err := exec.Command("ip", "netns", "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	if ours == "" || strings.Contains(string(list), ours) {
		t.Errorf("namespaces of %q are still there:\n%s", ours, list)
	}
}

// Every scenario has a name of its own, says what must be seen, checks itself
// and has a recording in the tree.
func TestScenarios(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range slices.Concat(Scenarios(), HandMade()) {
		if names[s.Name] {
			t.Errorf("two scenarios are called %s", s.Name)
		}
		names[s.Name] = true
		if s.Title == "" || s.Sees == "" || s.Play == nil || s.Check == nil {
			t.Errorf("%s is incomplete", s.Name)
			continue
		}
		dir := recordings
		if strings.HasPrefix(s.Name, "byhand-") {
			dir = byHand
		}
		truth, err := ReadTruth(dir + "/" + s.Name + ".truth.json")
		if err != nil {
			t.Error(err)
			continue
		}
		if err := s.Check(truth); err != nil {
			t.Errorf("%s: the recording: %v", s.Name, err)
		}
	}
}
