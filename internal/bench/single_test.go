package bench

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// No order, overlap or SACK pattern makes one connection slow. The bound is some
// forty times what a connection takes on an idle machine; where the cost of a
// segment grows with the connection, it takes minutes.
func TestLongConnection(t *testing.T) {
	if testing.Short() {
		t.Skip("writes long traces")
	}
	const n, bound = 200_000, 10 * time.Second
	for _, k := range tracegen.Monsters {
		var file bytes.Buffer
		counts, err := k.Write(&file, n, 1)
		if err != nil {
			t.Fatal(err)
		}
		if counts.Connections > 1 || k.Disputed {
			continue // many connections that share their ports
		}
		ctx, stop := context.WithTimeout(context.Background(), bound)
		src, err := capture.OpenReader("trace", &file)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := analyzer.Analyze(ctx, []capture.Source{src}, analyzer.Options{SummaryOnly: true}); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
		t.Logf("%s: %v", k.Name, time.Since(start).Round(time.Millisecond))
		stop()
	}
}
