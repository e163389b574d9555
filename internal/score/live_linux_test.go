package score

import (
	"context"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// TestLive plays a campaign with a fresh seed and scores it.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes a minute of real time")
	}
	if err := lab.Available(); err != nil {
		t.Skip("skipped:", err)
	}
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	t.Logf("seed %d; again: go run ./internal/lab/cmd/lab score -seeds %d", seed, seed)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	dir := t.TempDir()
	for _, act := range lab.Campaign(seed, false) {
		truth, err := act.Record(ctx, dir, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range truth.Notes {
			t.Log("note:", n)
		}
	}
	s := scoreDir(t, dir)
	if n := s.Total().Connections; n < 100 {
		t.Errorf("%d connections, want 100 at least", n)
	}
	f := everywhere
	f.farStates, f.farNamed, f.farRightly, f.doubledSame, f.farOutOfOrder = 94, 88, 60, 75, 10 // luck's share
	f.hold(t, s)
}
