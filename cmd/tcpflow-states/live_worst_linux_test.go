package main

import (
	"os"
	"sync"
	"testing"
	"time"
)

// TestLiveWorst sends the packets that cost the most, 10,000 a second, beside ordinary
// traffic: none of either is lost.
func TestLiveWorst(t *testing.T) {
	n := wires(t)
	kinds := []string{"flood-ack", "flood-syn-other-isn"}
	if testing.Short() {
		kinds = kinds[1:]
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			p := liveOn(t, n, 1, "-i", "captures", "--json", "--summary-only")
			var sent uint64
			var mu sync.Mutex
			var wait sync.WaitGroup
			for kind, rate := range map[string]float64{kind: 10_000, "web": 20_000} {
				tr := traffic(t, kind, 50_000)
				wait.Go(func() {
					err := n.Do(func() error {
						k, err := tr.Send("sends", rate, 2*time.Second)
						mu.Lock()
						sent += uint64(k)
						mu.Unlock()
						return err
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			p.signal(os.Interrupt)
			if code := p.end(); code != exitOK {
				t.Errorf("exit code %d\n%s", code, p.stderr.String())
			}
			d := p.document()
			d.balanced(t, sent)
			if s := d.Capture.Sources[0]; s.Dropped > 0 || s.Unread > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}
