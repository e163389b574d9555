package tracegen_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// TestFloods reads every flood and every single connection back: as many
// packets and connections as were written, each a whole segment where its name
// does not say otherwise.
func TestFloods(t *testing.T) {
	for _, k := range append(append([]tracegen.Kind(nil), tracegen.Floods...), tracegen.Monsters...) {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			n := 1000
			if strings.HasPrefix(k.Name, "flood-syn-") {
				n = 12_000 // more than the sources that lie between a SYN and its last repetition
			}
			var out bytes.Buffer
			want, err := k.Write(&out, n, 1)
			if err != nil {
				t.Fatal(err)
			}
			if want.Packets < uint64(n)-6 || want.Packets > uint64(n)+6 {
				t.Errorf("%d packets were written, not some %d", want.Packets, n)
			}
			again := sha256.New()
			if _, err := k.Write(again, n, 1); err != nil || sha256.Sum256(out.Bytes()) != [32]byte(again.Sum(nil)) {
				t.Errorf("another time it writes other bytes: %v", err)
			}
			var connections uint64
			r := analyze(t, out.Bytes(), func(*record.Connection) error { connections++; return nil })
			segments, bad, offload, cut, twice := want.Packets, uint64(0), uint64(0), uint64(0), uint64(0)
			switch k.Name {
			case "flood-fragments":
				segments = 0
			case "flood-wrong-checksum":
				bad = segments
			case "flood-offload", "flood-ipv6-offload":
				offload = segments
			case "flood-snap60", "flood-snap64":
				cut = segments
			case "flood-twice":
				twice = segments / 2
			}
			q := r.Capture.Quality
			if r.Capture.Packets != want.Packets || r.Capture.Segments != segments {
				t.Errorf("%d packets, %d segments; written were %d and %d", r.Capture.Packets, r.Capture.Segments, want.Packets, segments)
			}
			// A wrong sum can be what a card was to complete, one time in 65536.
			if q.BadChecksum+q.OffloadChecksum != bad+offload || q.BadChecksum+8 < bad || q.OffloadChecksum < offload {
				t.Errorf("%d checksums wrong and %d left to the card, want %d and %d", q.BadChecksum, q.OffloadChecksum, bad, offload)
			}
			if q.SnapTruncated != cut || q.DoubledFrames != twice {
				t.Errorf("%d cut and %d captured twice, want %d and %d", q.SnapTruncated, q.DoubledFrames, cut, twice)
			}
			// Whether an unanswered SYN with another number is another connection is
			// for the analyzer to say.
			if !k.Disputed && connections != want.Connections {
				t.Errorf("%d connections, %d were written", connections, want.Connections)
			}
		})
	}
}

// TestFloodsWriteError ends at the first byte that cannot be written.
func TestFloodsWriteError(t *testing.T) {
	for _, k := range append(append([]tracegen.Kind(nil), tracegen.Floods...), tracegen.Monsters...) {
		if _, err := k.Write(&full{room: 5000}, 100_000, 1); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", k.Name, err)
		}
		if found := tracegen.Find(k.Name); found == nil || found.Title != k.Title {
			t.Errorf("%s is not found", k.Name)
		}
		if !strings.HasPrefix(k.Name, "flood-") && !strings.HasPrefix(k.Name, "one-") {
			t.Errorf("%s: the name does not begin with what it is", k.Name)
		}
	}
	if _, err := tracegen.Find("flood-ack").Write(io.Discard, 1, 3); err != nil {
		t.Error(err)
	}
}
