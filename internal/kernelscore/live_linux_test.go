package kernelscore

import (
	"context"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// TestLive plays a campaign with a fresh seed and scores it: about half a minute,
// and the time that other laboratories on this machine keep it waiting.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes a minute of real time")
	}
	if err := lab.Available(); err != nil {
		t.Skip("skipped:", err)
	}
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	t.Logf("seed %d; again: go run ./internal/lab/cmd/lab score -seeds %d", seed, seed)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	dir := t.TempDir()
	for _, act := range lab.Campaign(seed, false) {
		truth, err := act.Record(ctx, dir, seed)
		if ctx.Err() != nil {
			t.Skip("skipped: this machine is too busy to play the campaign in time")
		}
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
	// One seed has some two hundred retransmissions, and one unlucky connection
	// may have two dozen of them, all of one kind, so the floors here leave room for
	// one. Those of the recordings, which are several seeds, do not.
	f.farStates, f.farNamed, f.farRightly, f.farOutOfOrder = 98, 95, 90, 5
	f.ownNamed, f.ownKinds = 99, 90
	f.hold(t, s)
}
