package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// TestLaidOutCheckCompiles builds the check's package with the new files laid over
// the tree.
func TestLaidOutCheckCompiles(t *testing.T) {
	for _, family := range families() {
		l, err := plan(root, "trial-ack-check", family, "note")
		if err != nil {
			t.Fatal(err)
		}
		if family != "handshake" && family != families()[len(families())-1] {
			continue
		}
		dir := t.TempDir()
		over := struct{ Replace map[string]string }{map[string]string{}}
		for _, file := range l.order {
			if !strings.HasSuffix(file, ".go") {
				continue
			}
			real, err := filepath.Abs(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(dir, filepath.Base(file))
			over.Replace[real] = copied
			if err := os.WriteFile(copied, l.files[file], 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if len(over.Replace) != 3 {
			t.Fatalf("%d Go files, want the check, the catalogue and the names", len(over.Replace))
		}
		list, err := json.Marshal(over)
		if err != nil {
			t.Fatal(err)
		}
		overlay := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(overlay, list, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-overlay", overlay, "./"+checks)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("family %s: %v\n%s", family, err, out)
		}
	}
}

// TestPlanIsWhole holds that every place has the check, behind its family.
func TestPlanIsWhole(t *testing.T) {
	l, err := plan(root, "trial-ack-check", "teardown", "note")
	if err != nil {
		t.Fatal(err)
	}
	script := "testdata/pcaps/conversations/" + l.number + "-trial-ack-check"
	for file, want := range map[string]string{
		"analyzer/internal/check/trial_ack_check.go": `var trialACKCheck = &Check{`,
		catalogue:        "\tfinWait2Stuck,\n\ttrialACKCheck,\n",
		names:            "CheckTrialACKCheck ",
		api:              "\npkg analyzer/record, const CheckTrialACKCheck CheckName\n",
		script + ".txt":  "finding: trial-ack-check frames 4 side client",
		script + ".pcap": "",
		readme:           "\n| " + l.number + " | TODO | – | – | – | `trial-ack-check` |\n",
		verdicts:         "\n" + l.number + "-trial-ack-check ",
	} {
		text, ok := l.files[file]
		if !ok || !strings.Contains(string(text), want) {
			t.Errorf("%s: no %q", file, want)
		}
	}
	if len(l.files) != 8 {
		t.Errorf("%d files, want 8: %q", len(l.files), l.order)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, family, severity, want string }{
		{"Name", "handshake", "note", `"Name" is no name for a check`},
		{"one", "handshake", "note", `"one" is no name for a check`},
		{"zero-window", "window", "note", `there is a check "zero-window"`},
		{"trial-check", "nothing", "note", `family "nothing": not one of handshake, `},
		{"trial-check", "handshake", "fatal", `severity "fatal": not error, warning, note or capture`},
	} {
		if _, err := plan(root, c.name, c.family, c.severity); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %s %s: %v, want %s…", c.name, c.family, c.severity, err, c.want)
		}
	}
	var out, errs strings.Builder
	if code := run(t.TempDir(), []string{"trial-check"}, &out, &errs); code != 1 || out.String() != "" {
		t.Errorf("outside the project: code %d, %q, %q", code, out.String(), errs.String())
	}
}
