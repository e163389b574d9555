package capture

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestInTurn(t *testing.T) {
	c := capturesOf(t, []uint32{5}, []uint32{1, 9}, []uint32{3}, []uint32{3}, []uint32{})
	dir := t.TempDir()
	for i, name := range []string{"x.pcap", "x.pcap2", "x.pcap10", "x.pcap1", "x.pcap7", "other.pcap", "y1"} {
		appendTo(t, filepath.Join(dir, name), c[i%len(c)])
	}
	in := func(names string) (all []string) {
		for _, name := range strings.Fields(names) {
			all = append(all, filepath.Join(dir, name))
		}
		return all
	}
	for given, want := range map[string]string{
		"x.pcap x.pcap1 x.pcap10 x.pcap2 x.pcap7": "x.pcap7 x.pcap2 x.pcap1 x.pcap10 x.pcap",
		"x.pcap7 x.pcap2 x.pcap10 x.pcap1 x.pcap": "x.pcap7 x.pcap2 x.pcap1 x.pcap10 x.pcap",
		"x.pcap other.pcap x.pcap2 y1 absent1":    "x.pcap2 other.pcap x.pcap y1 absent1",
		"y1 other.pcap":                           "y1 other.pcap",
		"y1 absent2 absent1 ../x.pcap x.pcap":     "y1 absent1 absent2 ../x.pcap x.pcap",
		"x.pcap x.pcap":                           "x.pcap x.pcap",
	} {
		if got := inTurn(in(given)); strings.Join(got, " ") != strings.Join(in(want), " ") {
			t.Errorf("%s: %v, want %s", given, got, want)
		}
	}
	if got := inTurn([]string{"-", "-"}); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func inTurn(names []string) []string {
	f := Folder{Captures: names}
	f.InTurn()
	return f.Captures
}
