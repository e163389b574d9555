package verdict

import (
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Whatever a record holds, the verdict is a known code with one full sentence.
func TestEveryKindHasASentence(t *testing.T) {
	kinds := []record.CloseKind{
		record.CloseNone, record.CloseRefused, record.CloseUnanswered, record.CloseAbortedHandshake, record.CloseReset, record.CloseNormal, record.CloseSimultaneous,
		record.CloseHalfClosed, record.CloseClosing, record.CloseOpening, record.CloseOpen, "unheard-of",
	}
	for _, kind := range kinds {
		for bits := range 64 {
			c := &record.Connection{FirstFrame: 3, LastFrame: 9, First: 1, Last: 2, Until: 3}
			c.Close = record.Close{Kind: kind, Duration: -1}
			if bits&1 != 0 || kind == record.CloseNormal || kind == record.CloseSimultaneous || kind == record.CloseClosing {
				c.Close.FIN, c.Close.FirstCloser = [2]fsm.Frame{4, 5}, "server"
			} else if kind == record.CloseHalfClosed {
				c.Close.FIN[fsm.Client] = 4
			}
			if bits&2 != 0 {
				c.Close.RST, c.Close.ResetBy = 6, "client"
			}
			if bits&4 != 0 {
				c.Reset = record.Reset{Frame: 6, Side: fsm.Server, HasAck: bits&8 != 0, Prior: 5, TTL: 60, HostTTL: 64}
			}
			c.Quality.OneSided = bits&16 != 0
			c.Evicted = bits&32 != 0
			v := Of(c)
			if v.Code.Doc() == nil {
				t.Fatalf("%s, case %d: code %q is not in the list", kind, bits, v.Code)
			}
			if !strings.HasSuffix(v.Sentence, ".") || strings.Contains(v.Sentence, "  ") || strings.Contains(v.Sentence, "frame 0") || strings.ToUpper(v.Sentence[:1]) != v.Sentence[:1] {
				t.Errorf("%s, case %d: %s %q", kind, bits, v.Code, v.Sentence)
			}
			if !slices.IsSorted(v.Frames) || slices.Contains(v.Frames, 0) {
				t.Errorf("%s, case %d: frames %v", kind, bits, v.Frames)
			}
		}
	}
}

func TestCodesAreUniqueAndExplained(t *testing.T) {
	seen := map[record.VerdictCode]bool{}
	for _, c := range record.VerdictDocs {
		if seen[c.Code] || c.Title == "" || c.Explanation == "" || !strings.HasSuffix(c.Explanation, ".") {
			t.Errorf("%+v", c)
		}
		seen[c.Code] = true
	}
}

// A gap in the capture leaves no verdict sure.
func TestGapsMakeUnsure(t *testing.T) {
	c := &record.Connection{FirstFrame: 1, LastFrame: 9}
	c.Close = record.Close{Kind: "normal", FIN: [2]fsm.Frame{5, 6}, FINAcked: [2]fsm.Frame{7, 8}, FirstCloser: "client", Duration: 0.01}
	if v := Of(c); !v.Sure {
		t.Fatalf("%+v", v)
	}
	c.Quality.GapBytes = 1
	if v := Of(c); v.Sure {
		t.Errorf("sure in spite of a gap: %+v", v)
	}
}

func TestHops(t *testing.T) {
	for _, x := range []struct {
		ttl  uint8
		hops int
	}{{64, 0}, {63, 1}, {52, 12}, {128, 0}, {116, 12}, {255, 0}, {243, 12}, {254, 1}, {1, 63}} {
		if got := record.Hops(x.ttl); got != x.hops {
			t.Errorf("TTL %d: %d hops, want %d", x.ttl, got, x.hops)
		}
	}
}
