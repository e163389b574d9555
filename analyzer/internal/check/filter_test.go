package check_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestFilters asks tshark, where there is one, whether it understands every
// display filter of the catalogue and whether some of them show the frame that a
// finding names.
func TestFilters(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark here")
	}
	const captures = "../../../testdata/pcaps/conversations/"
	show := func(filter, capture string) (string, error) {
		// With -2 the frames know tcp.completeness of the whole connection, as in the window.
		out, err := exec.Command(tshark, "-n", "-2", "-r", captures+capture, "-Y", filter, "-T", "fields", "-e", "frame.number").CombinedOutput()
		return string(out), err
	}
	all := docs()
	var together []string
	for _, d := range all {
		together = append(together, "("+d.Filter+")")
	}
	if out, err := show(strings.Join(together, " || "), "34-client-closes.pcap"); err != nil {
		t.Errorf("some filter is not understood: %s", out)
	}
	for _, x := range []struct{ check, capture, frame string }{
		{"option-obsolete", "91-odd-options.pcap", "1"},
		{"option-experimental", "91-odd-options.pcap", "1"},
		{"handshake-client-abort", "53-old-duplicate-syn-passive.pcap", "3"},
	} {
		out, err := show(all[x.check].Filter, x.capture)
		if err != nil || !strings.Contains("\n"+out, "\n"+x.frame+"\n") {
			t.Errorf("%s: %q does not show frame %s of %s: %q, %v", x.check, all[x.check].Filter, x.frame, x.capture, out, err)
		}
	}
}
