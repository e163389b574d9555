package kernelscore

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// verdict is what tshark says of a frame.
type verdict struct{ retransmission, outOfOrder bool }

// askTshark returns tshark's verdicts by frame number, or nil if there is no tshark.
func askTshark(file string) (map[uint64]verdict, error) {
	program, err := exec.LookPath("tshark")
	if err != nil || !useTshark {
		return nil, nil
	}
	const again = "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission"
	out := make(map[uint64]verdict)
	for _, q := range []struct {
		filter string
		note   func(*verdict)
	}{
		{again, func(v *verdict) { v.retransmission = true }},
		{"tcp.analysis.out_of_order", func(v *verdict) { v.outOfOrder = true }},
	} {
		var complaint bytes.Buffer
		cmd := exec.Command(program, "-n", "-r", file, "-Y", q.filter, "-T", "fields", "-e", "frame.number")
		cmd.Stderr = &complaint
		text, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("tshark %q: %w: %s", file, err, complaint.String())
		}
		for line := range strings.FieldsSeq(string(text)) {
			n, err := strconv.ParseUint(line, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("tshark %q: frame number %q", file, line)
			}
			v := out[n]
			q.note(&v)
			out[n] = v
		}
	}
	return out, nil
}

// useTshark is off where only our own figures matter.
var useTshark = true
