package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// checkFollow refuses what --follow cannot do.
func (o *analyzeOptions) checkFollow(a *app, files []string) error {
	switch {
	case !o.follow:
	case o.merge:
		return usagef("--follow and --merge exclude each other")
	case o.cut.write != "":
		return usagef("--follow and --write exclude each other").hint("the files that are followed have the packets")
	case len(files) != 1:
		return usagef("--follow takes one file or folder, not %d", len(files)).
			hint("name the first of them: those of the same name but for digits are read after it; or name their folder")
	case files[0] == "-" || isPipe(files[0], a.stdin):
		return usagef("--follow: %q is read as packets come without it", files[0])
	}
	return nil
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
		s.out.out.Flush()
	}
	s.attend(fsm.Time(s.latest))
}
