package score

import (
	"path/filepath"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

const recordings = "../../testdata/pcaps/kernel"

func TestStates(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recordings, "*.truth.json"))
	for _, file := range files {
		truth, err := lab.ReadTruth(file)
		if err != nil {
			t.Fatal(err)
		}
		for vantage, name := range truth.Captures {
			r, err := Analyse(filepath.Join(recordings, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range truth.Connections {
				x := Find(r, c)
				if x == nil {
					t.Errorf("%s %s: connection %s > %s #%d not found", truth.Scenario, vantage, c.Client, c.Server, c.Incarnation)
					continue
				}
				if got, want := Path(x, c.Client), Expected(&c.ClientSide); got != want {
					t.Errorf("%s at %s: client\n got %s\nwant %s (left %s)", truth.Scenario, vantage, got, want, c.ClientSide.Left)
				}
				if got, want := Path(x, c.Server), Expected(&c.ServerSide); got != want {
					t.Errorf("%s at %s: server\n got %s\nwant %s (left %s)", truth.Scenario, vantage, got, want, c.ServerSide.Left)
				}
			}
		}
	}
}
