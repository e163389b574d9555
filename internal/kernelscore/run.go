// Package score holds the analyzer's claims against what kernels reported: it
// reads a laboratory's recordings with their truth and counts what was right.
package kernelscore

import (
	"errors"
	"io"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// Analyse reads a capture file and analyses it, keeping every segment. Packets
// that keep refuses are left out; nil keeps all.
func Analyse(file string, keep func(*capture.Packet) bool) (*record.Report, error) {
	src, err := capture.Open(file)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	a := analyzer.New(analyzer.Options{Segments: func(uint64) bool { return true }})
	var p capture.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) {
			r, err := a.Finish()
			return r, err
		} else if err != nil {
			return nil, err
		}
		if keep == nil || keep(&p) {
			a.Packet(&p)
		}
	}
}
