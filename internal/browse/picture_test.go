package browse

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/tcpflow-states/tcpflow-states/internal/picture"
	"github.com/tcpflow-states/tcpflow-states/report"
)

var update = flag.Bool("update", false, "write the pictures of docs/browse.md anew")

// TestPictures holds the pictures of docs/browse.md against the screen.
func TestPictures(t *testing.T) {
	for _, x := range []struct{ file, capture, command, keys string }{
		{"browse.svg", "lab/seed-1-act-1.client.pcap.gz", "tcpflow-states browse trace.pcap", "j j"},
		{"browse-graph.svg", "kernel/several-lost.client.pcap", "tcpflow-states browse trace.pcap", "enter 2 + +"},
	} {
		d := drive(t, analysed(t, x.capture), Options{Render: report.Options{Color: true, Multi: false}})
		d.Update(tea.WindowSizeMsg{Width: 110, Height: 26})
		d.keys(strings.Fields(x.keys)...)
		text := d.content()
		var b bytes.Buffer
		if err := picture.WriteSVG(&b, x.command, text); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("../../docs", x.file)
		if *update {
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, b.Bytes()) {
			t.Errorf("docs/%s is not what the screen shows: go test ./internal/browse -run TestPictures -update, and look at it", x.file)
		}
	}
}
