package main

import (
	"context"
	"errors"
	"os"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// checkMerge refuses what --merge cannot do: it reads two files, and each twice.
func (o *analyzeOptions) checkMerge(files []string) error {
	if !o.merge {
		return nil
	}
	if len(files) != 2 {
		return usagef("--merge compares two captures, not %d", len(files)).
			hint("tcpflow-states --merge client.pcap server.pcap; without --merge any number of files is read as one capture")
	}
	if o.count > 0 {
		return usagef("--merge and --count exclude each other")
	}
	for _, f := range files {
		if st, err := os.Stat(f); f == "-" || err == nil && !st.Mode().IsRegular() && !st.IsDir() {
			return usagef("--merge reads each capture twice, so %q must be a file", f)
		}
	}
	return nil
}

// compareTaps reads both captures and compares them.
func compareTaps(ctx context.Context, files []string, filter *capture.Filter, opt analyzer.Options) (*analyzer.Comparison, error) {
	both, err := openPair(files)
	if err != nil {
		return nil, err
	}
	defer both[0].Close()
	defer both[1].Close()
	if filter != nil {
		both = [2]capture.Source{&filtered{both[0], filter}, &filtered{both[1], filter}}
	}
	c, err := analyzer.Compare(ctx, both[0], both[1], opt)
	if err != nil && errors.Is(err, ctx.Err()) {
		err = capture.ErrInterrupted
	}
	return c, err
}

// openPair opens the captures of two taps.
func openPair(files []string) (both [2]capture.Source, err error) {
	for i, name := range files {
		if both[i], err = capture.Open(name); err != nil {
			if i > 0 {
				err = errors.Join(err, both[0].Close())
			}
			return both, err
		}
	}
	return both, nil
}

// filtered delivers the packets that a filter chooses.
type filtered struct {
	capture.Source
	filter *capture.Filter
}

// Next delivers the next packet chosen.
func (f *filtered) Next(p *capture.Packet) error {
	for {
		if err := f.Source.Next(p); err != nil {
			return err
		}
		if ok, err := f.filter.Match(p); ok || err != nil {
			return err
		}
	}
}
