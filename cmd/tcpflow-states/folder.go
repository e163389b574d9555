package main

import (
	"os"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// mostFaults bounds the lines on stderr about files, each of which may have a fault; the rest
// is counted.
const mostFaults = 10

// unfold puts in a folder's place the captures in it and below it, and says on
// stderr what it left out. Parts of one capture come in the order in which they were written.
func (a *app) unfold(files []string) ([]string, error) {
	var all capture.Folder
	for _, f := range files {
		if st, err := os.Stat(f); err != nil || !st.IsDir() {
			all.Captures = append(all.Captures, f)
			continue
		}
		found := capture.LookInto(f)
		for _, err := range found.Errs[:min(len(found.Errs), mostFaults)] {
			a.noticef("left out: %v", err)
		}
		if more := len(found.Errs) - mostFaults; more > 0 {
			a.noticef("left out as well: %s that cannot be read", phrase.Counted(more, "more file", "more files"))
		}
		if len(found.Captures) == 0 {
			return nil, &capture.InputError{Name: f, Kind: capture.ErrDirectory, Detail: "there is no capture in it"}
		}
		if found.Others > 0 {
			a.noticef("%q: %s read, %s left out", f,
				phrase.Counted(len(found.Captures), "capture", "captures"), phrase.Counted(found.Others, "other file", "other files"))
		}
		all.Captures = append(all.Captures, found.Captures...)
	}
	all.InTurn()
	return all.Captures, nil
}
