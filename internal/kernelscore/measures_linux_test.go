package kernelscore

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// TestMeasuresLive plays connections anew, about a minute. Where this machine let the
// programs wait, and the kernel's figures are of before the last retransmission, what was
// played is joined by another round, and all of it held to the floors.
func TestMeasuresLive(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the laboratory takes a minute of real time")
	}
	if err := lab.Available(); err != nil {
		t.Skip("skipped:", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	seed := uint64(time.Now().UnixNano() % 1_000_000)
	var s MeasureScore
	for round := range uint64(3) {
		t.Logf("seed %d; again: go run ./internal/lab/cmd/lab measures -seeds %[1]d", seed+round)
		for _, sc := range lab.Measuring(false) {
			dir := t.TempDir()
			if _, err := sc.Record(ctx, dir, seed+round); ctx.Err() != nil {
				t.Skip("skipped: this machine is too busy to play in time")
			} else if err != nil && !errors.Is(err, lab.ErrAstray) {
				t.Fatal(err)
			}
			if err := s.Add(filepath.Join(dir, sc.Name+".truth.json")); err != nil {
				t.Fatal(err)
			}
		}
		missed := s.missed()
		if len(missed) == 0 {
			return
		}
		t.Logf("after %d connections: %s", s.Connections, strings.Join(missed, "; "))
	}
	for _, line := range append(s.missed(), s.Lines...) {
		t.Error(line)
	}
}
