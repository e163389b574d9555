package tracegen_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// kinds are the traces' verdicts and the findings they are made for. The octets
// hang on the random numbers and on Edition: whoever changes them on purpose
// raises Edition and puts the new sum here.
var kinds = map[string]struct {
	n       int
	packets uint64 // at least
	verdict record.VerdictCode
	finding string // the only one, over the whole capture
	sum     string // the beginning of the octets' SHA-256
}{
	"web":    {20_000, 20_000, "closed-normally", "", "e0f94903"},
	"small":  {20_000, 20_000, "closed-normally", "", "f82529b5"},
	"uneven": {20_000, 20_000, "closed-normally", "", "9d8f87c3"},
	"bulk":   {20_000, 20_000, "closed-normally", "", "360fc10a"},
	"flood":  {20_000, 20_000, "capture-cut", "syn-flood", "0ad5bb1e"},
	"open":   {2_000, 12_000, "still-open", "", "4778a3af"},
}

func TestTraces(t *testing.T) {
	if len(kinds) != len(tracegen.Kinds) {
		t.Fatalf("%d kinds are tested, there are %d", len(kinds), len(tracegen.Kinds))
	}
	for _, k := range tracegen.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			want := kinds[k.Name]
			var out bytes.Buffer
			counts, err := k.Write(&out, want.n, 1)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(out.Bytes())
			if got := hex.EncodeToString(sum[:4]); got != want.sum {
				t.Errorf("the octets' sum begins with %s, not %s", got, want.sum)
			}
			if counts.Packets < want.packets || counts.Packets > want.packets+15_000 {
				t.Errorf("%d packets", counts.Packets)
			}
			verdicts := map[record.VerdictCode]uint64{}
			r := analyze(t, out.Bytes(), func(c *record.Connection) error {
				verdicts[c.Verdict.Code]++
				for _, a := range c.Anomalies {
					t.Errorf("connection %d: %s", c.ID, a.Message)
				}
				return nil
			})
			if c := r.Capture; c.Packets != counts.Packets || c.Segments != counts.Packets || c.Quality.BadChecksum != 0 || len(c.Quality.Faults) != 0 {
				t.Errorf("%d packets, %d segments, %d bad checksums, faults %v; written were %d packets",
					c.Packets, c.Segments, c.Quality.BadChecksum, c.Quality.Faults, counts.Packets)
			}
			if len(verdicts) != 1 || verdicts[want.verdict] != counts.Connections {
				t.Errorf("verdicts %v, want %d times %s", verdicts, counts.Connections, want.verdict)
			}
			if r.Summary.Bytes != counts.Bytes {
				t.Errorf("%d octets of data, %d were written", r.Summary.Bytes, counts.Bytes)
			}
			found := ""
			for _, a := range r.Capture.Anomalies {
				found += string(a.Name)
			}
			if found != want.finding {
				t.Errorf("findings over the capture: %q, want %q", found, want.finding)
			}
		})
	}
}

func analyze(t *testing.T, data []byte, each func(*record.Connection) error) *record.Report {
	t.Helper()
	src, err := capture.OpenReader("trace", bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	a := analyzer.New(analyzer.Options{Each: each})
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			r, _ := a.Finish()
			return r
		} else if err != nil {
			t.Fatal(err)
		}
		a.Packet(&capture.Packet{Data: p.Data, Length: p.Length, Time: p.Time, LinkType: p.LinkType, Number: p.Number})
	}
}

// TestShort asks for less than one connection, or exactly one: whole connections
// come all the same.
func TestShort(t *testing.T) {
	for _, k := range tracegen.Kinds {
		counts, err := k.Write(io.Discard, 1, 3)
		if err != nil || counts.Connections == 0 || counts.Packets == 0 {
			t.Errorf("%s: %+v, %v", k.Name, counts, err)
		}
	}
}

// TestWriteError ends at the first octet that cannot be written.
func TestWriteError(t *testing.T) {
	for _, k := range tracegen.Kinds {
		if _, err := k.Write(&full{room: 5000}, 1_000_000_000, 1); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

var errFull = errors.New("full")

// full is a disk that has little room left.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}
