package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kernelReports are the recordings of real kernels whose whole report is kept in
// testdata/reports. What the states must be comes from the kernel's own account
// (internal/kernelscore); these files show a change of wording, order or layout, so
// that it is read before it is accepted.
var kernelReports = []string{
	"close-by-client", "close-by-server", "close-by-client-ipv6", "half-close", "refused", "refused-ipv6",
	"syn-unanswered", "reset-by-client", "reset-by-server", "close-with-unread-data-server",
	"keepalive-answered", "keepalive-dead-peer", "time-wait-reuse-client", "time-wait-reuse-server",
	"lost-syn", "lost-syn-ack", "lost-third-ack", "lost-fin", "lost-last-ack", "simultaneous-open",
	"simultaneous-close", "zero-window", "tail-loss", "fast-retransmit", "half-open-syn", "fast-open",
}

// TestKernelReports holds the whole text report on these recordings, taken on
// the client's side, against the one kept; -update writes them anew, and then
// they must be read again.
func TestKernelReports(t *testing.T) {
	dir := filepath.Join("testdata", "pcaps", "kernel")
	for _, name := range kernelReports {
		got := terminalSession(t, "tcpflow-states "+filepath.ToSlash(filepath.Join(dir, name+".client.pcap")))
		got = strings.TrimSuffix(strings.TrimPrefix(got, "```console\n"), "```\n")
		file := filepath.Join("testdata", "reports", name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
			for i := range min(len(g), len(w)) {
				if g[i] != w[i] {
					t.Errorf("%s, line %d:\n got %s\nwant %s", name, i+1, g[i], w[i])
					break
				}
			}
		}
	}
}
