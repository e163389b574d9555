package kernelscore

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// mostCampaigns is how many campaigns TestLive plays at most.
const mostCampaigns = 3

// TestLive plays a campaign with a fresh seed and scores it: about half a minute,
// and the time that other laboratories on this machine keep it waiting.
//
// The floors are shares of what many connections show. One campaign has some
// two hundred retransmissions, and one unlucky connection may have two dozen of
// them, all of one kind. So a campaign that misses a floor is not left out but
// joined by another, and the floors are held against all that was played.
func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes a minute of real time")
	}
	if err := lab.Available(); err != nil {
		t.Skip("skipped:", err)
	}
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	f := everywhere
	f.farStates, f.farNamed, f.farRightly = 98, 95, 90
	f.ownNamed, f.ownKinds = 99, 90
	dir := t.TempDir()
	var s *Score
	for round := range uint64(mostCampaigns) {
		t.Logf("seed %d; again: go run ./internal/lab/cmd/lab score -seeds %[1]d", seed+round)
		if !playCampaign(ctx, t, dir, seed+round) {
			break
		}
		s = scoreDir(t, dir)
		if n := s.Total().Connections; n < 100 {
			t.Errorf("%d connections, want 100 at least", n)
		}
		f.farOutOfOrder = 5 * int(round+1)
		missed := f.missed(s)
		if len(missed) == 0 && inDoubt(s) == "" {
			return
		}
		t.Logf("after %d campaigns: %s", round+1, strings.Join(missed, "; "))
	}
	if s == nil {
		t.Skip("skipped: this machine is too busy to play a campaign in time")
	}
	if doubt := inDoubt(s); doubt != "" {
		t.Skip("skipped: this machine is too busy to know what its kernel did:", doubt)
	}
	f.hold(t, s)
}

// playCampaign records a campaign into dir, and reports whether there was time to.
func playCampaign(ctx context.Context, t *testing.T, dir string, seed uint64) bool {
	t.Helper()
	for _, act := range lab.Campaign(seed, false) {
		truth, err := act.Record(ctx, dir, seed)
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range truth.Notes {
			t.Log("note:", n)
		}
	}
	return true
}
