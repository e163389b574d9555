package main

import (
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/roundtrip"
)

// TestCutoutSaysTheSame writes packets of the project's captures into files: they hold
// exactly these packets, and the same is said of them. make roundtrip does so with all
// captures; here it is some of them.
func TestCutoutSaysTheSame(t *testing.T) {
	var files []string
	err := filepath.WalkDir(filepath.Join(root, "testdata/pcaps"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(filepath.Base(path), ".pcap") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 400 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	c := &roundtrip.Checker{Run: func(args ...string) ([]byte, error) { return program(args...).Output() }, Folder: t.TempDir(), Alone: 1}
	step := 30
	if testing.Short() {
		step = 60
	}
	// What is rare, and was wrong once.
	some := []string{"renumbering-firewall", "one-arm-firewall", "time-wait-collision", "simple-packet", "fragmented", "path-mtu-told"}
	for i, file := range files {
		rare := false
		for _, name := range some {
			rare = rare || strings.Contains(file, name) && (!testing.Short() || name == "fragmented")
		}
		if i%step != 0 && !rare {
			continue
		}
		for _, text := range c.Check(file) {
			t.Error(text)
		}
	}
	t.Logf("%d captures, %d selections, %d packets, %v", c.Captures, c.Selections, c.Packets, c.Excuses)
	if c.Captures < 8 || c.Selections < c.Captures {
		t.Errorf("%d captures, %d selections", c.Captures, c.Selections)
	}
}

// TestWiresharkFilters holds display filters of connections and findings, and files written,
// against tshark, where that is installed.
func TestWiresharkFilters(t *testing.T) {
	if testing.Short() {
		t.Skip("short: tshark takes half a second a filter")
	}
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("skipped:", err)
	}
	c := &roundtrip.Checker{
		Run:     func(args ...string) ([]byte, error) { return program(args...).Output() },
		Readers: []func(string) error{roundtrip.Reader(tshark)},
		Filters: roundtrip.Shows(tshark), Folder: t.TempDir(), Alone: 2,
	}
	for _, name := range []string{
		"conversations/49-time-wait-reuse-illegal.pcap", "conversations/100-stuck.pcap",
		"kernel/close-by-client-ipv6.client.pcap", "cases/server-direction-stamped-6ms-late.pcap",
	} {
		for _, text := range c.Check(filepath.Join(root, "testdata/pcaps", name)) {
			t.Error(text)
		}
	}
	if c.Filtered < 5 {
		t.Errorf("%d filters", c.Filtered)
	}
}
