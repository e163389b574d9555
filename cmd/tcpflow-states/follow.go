package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// checkFollow refuses what --follow cannot do.
func (o *analyzeOptions) checkFollow(a *app, files []string) error {
	switch {
	case !o.follow:
	case o.merge:
		return usagef("--follow and --merge exclude each other")
	case len(files) != 1:
		return usagef("--follow takes one file or folder, not %d", len(files)).
			hint("name the first of them: those of the same name but for digits are read after it; or name their folder")
	case files[0] == "-" || isPipe(files[0], a.stdin):
		return usagef("--follow: %q is read as packets come without it", files[0])
	}
	return nil
}

// openFollowed opens a file or a folder that is followed. write is the file that packets are written
// to, if any: to read that too would never end.
func (a *app) openFollowed(name, write string, sig *signals, await func()) (capture.Source, error) {
	source, err := capture.Follow(sig.ctx, name, await, func(text string) { a.noticef("%s", text) })
	if f, ok := source.(interface{ Takes(name string) bool }); err == nil && write != "" && ok && f.Takes(write) {
		source.Close()
		return nil, usagef("--write %q would be followed itself", write).hint("write it to another folder")
	}
	return source, err
}

// mayRead returns what may have to be opened later on.
func (o *analyzeOptions) mayRead(files []string) []string {
	if !o.follow {
		return files
	}
	if st, err := os.Stat(files[0]); err == nil && st.IsDir() {
		return files
	}
	return []string{filepath.Dir(files[0])}
}

// await is called again and again while a file that is followed has nothing new. What time
// it would be on the capture nobody knows: whoever writes may hold packets back.
func (s *session) await() {
	// The first second is waited for as a whole: what kind of capture this is shows in
	// several packets.
	if s.taken != s.awaited && time.Since(s.begunAt) >= beginAfter {
		s.awaited = s.taken
		s.analyzer.Advance(0)
		if s.flush != nil && s.err == nil {
			s.err = s.flush()
		}
		s.out.out.Flush()
	}
	s.attend(fsm.Time(s.latest))
}
