package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestWaitingRoomOverflows has more packets between the beginning of a connection and its end
// than the store holds: what had to leave is said, and the rest is written.
func TestWaitingRoomOverflows(t *testing.T) {
	for _, c := range []struct {
		filler int // packets of 64 KB between
		says   string
	}{
		{100, ""},
		{900, "1 connection chosen is not whole: packets had to leave the store (--spool 48MiB)"},
	} {
		source, err := capture.Open(filepath.Join(root, "testdata/pcaps/conversations/34-client-closes.pcap"))
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		var in bytes.Buffer
		w, err := capture.NewWriter(&in, source)
		if err != nil {
			t.Fatal(err)
		}
		var p capture.Packet
		of := 0
		for n := 1; source.Next(&p) == nil; n++ {
			of = n
			if err := w.Write(&p); err != nil {
				t.Fatal(err)
			}
			for range c.filler {
				if n != 3 {
					break
				}
				data := make([]byte, 65_000)
				data[12], data[13] = 8, 6 // ARP, as it were
				if err := w.Write(&capture.Packet{Data: data, Length: len(data), Time: p.Time, LinkType: 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out.pcapng")
		cmd := program("--summary-only", "-w", out, "--spool", "48MiB", "-")
		cmd.Stdin = &in
		var said strings.Builder
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, said.String())
		}
		if !strings.Contains(said.String(), c.says) || c.says == "" && strings.Contains(said.String(), "not whole") {
			t.Errorf("%d between: %s", c.filler, said.String())
		}
		again, err := capture.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for again.Next(&p) == nil {
			got++
		}
		again.Close()
		want := of
		if c.says != "" {
			want -= 3
		}
		if got != want {
			t.Errorf("%d between: %d packets, want %d", c.filler, got, want)
		}
	}
}
