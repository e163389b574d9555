//go:build linux

package lab

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Measuring returns scenarios of connections whose kernels and programs know their own
// rates, round trips and answer times: plain ones, over paths of several lengths. brief
// is one of them, with little data.
func Measuring(brief bool) []*Scenario {
	var all []*Scenario
	for i, delay := range []time.Duration{500 * time.Microsecond, 2500 * time.Microsecond, 10 * time.Millisecond, 25 * time.Millisecond} {
		for _, offload := range []bool{false, true} {
			if offload && i%2 == 0 || brief && (offload || i != 1) {
				continue
			}
			sc := &Scenario{
				Name:  fmt.Sprintf("measures-%s", 2*delay),
				Title: "Bulk, requests and answers, loss, a small window: what the sockets say of it.",
				Sees:  "Everything.",
				Snap:  128, Offload: offload, Delay: delay,
			}
			if offload {
				sc.Name += "-offload"
			}
			all = append(all, sc.playing(measuredPlays(brief), brief))
		}
	}
	return all
}

// measuredPlays are the connections of each.
func measuredPlays(brief bool) []*Scenario {
	much, times, lost := 1_500_000, 20, 1
	if brief {
		much, times, lost = 60_000, 4, 4 // of so little 1 % would be nothing
	}
	lossy := func(s *Stage) []*Rule {
		return []*Rule{{Name: fmt.Sprintf("%d %% at random", lost), Action: Drop, Match: func(p *Packet) bool {
			return !isSYN(p) && !isSYNACK(p) && s.Luck.IntN(100) < lost
		}}}
	}
	plays := []*Scenario{
		{Name: "download", Play: func(s *Stage) { measureAnswers(s, 1, 200, much, 5*time.Millisecond) }},
		{Name: "upload", Play: func(s *Stage) { measureUpload(s, much, 1<<16, 0) }},
		{Name: "requests", Play: func(s *Stage) { measureAnswers(s, times, 300, 2000, 3*time.Millisecond) }},
		{Name: "slow-answers", Play: func(s *Stage) { measureAnswers(s, times/2, 900, 40_000, 40*time.Millisecond) }},
		{Name: "short", Play: func(s *Stage) { measureAnswers(s, 1, 120, 9_000, time.Millisecond) }},
		{Name: "paused-upload", Play: func(s *Stage) { measureUpload(s, much/10, 10_000, 15*time.Millisecond) }},
		{Name: "lossy-download", Rules: lossy, Play: func(s *Stage) { measureAnswers(s, 1, 200, much/2, 0) }},
		{Name: "lossy-upload", Rules: lossy, Play: func(s *Stage) { measureUpload(s, much/2, 1<<16, 0) }},
		{Name: "lossy-requests", Rules: lossy, Play: func(s *Stage) { measureAnswers(s, times, 300, 8000, 2*time.Millisecond) }},
		{Name: "small-window", Play: func(s *Stage) {
			l := s.Server.Listen(s.Service, 10)
			l.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, 8000)
			c := s.Client.Socket(s.Port())
			c.Connect(s.To(s.Service))
			k := l.Accept()
			s.Together(func() { c.Write(much / 5); c.Shutdown() }, func() { k.ReadEnd() })
			measureEnd(s, k, c)
		}},
	}
	return plays
}

// measureAnswers has a client ask several times, with a pause in between.
func measureAnswers(s *Stage, times, request, answer int, think time.Duration) {
	c, k := s.serve()
	s.Together(func() {
		for range times {
			c.Ask(request, answer)
			s.pause(10 * time.Millisecond)
		}
		c.Shutdown()
	}, func() {
		for range times {
			k.Answer(request, answer, think)
		}
		k.ReadEnd()
	})
	measureEnd(s, k, c)
}

// measureUpload has a client write so much, in pieces with a pause behind each.
func measureUpload(s *Stage, size, piece int, pause time.Duration) {
	c, k := s.serve()
	s.Together(func() {
		for left := size; left > 0; left -= piece {
			c.Write(min(left, piece))
			s.Sleep(pause)
		}
		c.Shutdown()
	}, func() { k.ReadEnd() })
	measureEnd(s, k, c)
}

// measureEnd closes the side that has not closed, and lets the sockets be asked when all
// is acknowledged.
func measureEnd(s *Stage, open, shut *Socket) {
	open.Shutdown()
	shut.ReadEnd()
	s.Sleep(6*s.Delay + 1200*time.Millisecond) // for what has to be sent again
	shut.Close()
	open.Close()
}
