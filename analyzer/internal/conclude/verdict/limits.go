package verdict

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// From where on a limit is worth telling.
const (
	leastTime  = 0.2  // seconds that were lost by it
	leastShare = 0.1  // of the time in which data flowed
	leastLoss  = 0.01 // of the bytes sent
	leastPause = 1    // seconds of an application's longest silence
	restPause  = 60   // from where on a silence that nobody waits for is rest, not slowness
)

// limits finds what held the data back, the strongest first.
func limits(c *record.Connection) []record.Limit {
	var list []record.Limit
	for x := fsm.Client; x <= fsm.Server; x++ {
		if c.Tail[x].LastData == 0 {
			continue
		}
		if l, ok := byReceiver(c, x); ok {
			list = append(list, l)
		}
		if l, ok := byLoss(c, x); ok {
			list = append(list, l)
		}
		if l, ok := byApplication(c, x); ok {
			list = append(list, l)
		}
	}
	slices.SortStableFunc(list, func(a, b record.Limit) int { return cmp.Compare(b.Share, a.Share) })
	return bounded(list)
}

// bounded keeps the shares of the limits from adding up to more than all: what two of them
// claim they held back together, and the stronger one has it.
func bounded(list []record.Limit) []record.Limit {
	left := 1.0
	for i := range list {
		l := &list[i]
		if l.Share > left {
			l.Share = left
			l.Sentence = strings.TrimSuffix(l.Sentence, ".") + ", in part while something else held it back too."
		}
		left -= l.Share
	}
	return list
}

// flowing returns for how long a side's data flowed, the seconds that its
// limits are measured against.
func flowing(c *record.Connection, x fsm.Side) float64 {
	t := &c.Tail[x]
	return max(t.LastData.Seconds(t.FirstData), c.Last.Seconds(t.FirstData), 0)
}

func byReceiver(c *record.Connection, x fsm.Side) (record.Limit, bool) {
	y := x.Peer()
	lost := max(c.Tail[x].Blocked, c.Traffic[y].ZeroWindowTime)
	total := flowing(c, x)
	if lost < leastTime || total <= 0 || lost/total < leastShare {
		return record.Limit{}, false
	}
	l := record.Limit{Code: record.VerdictLimitedByReceiver, Side: y.String(), Share: min(1, lost/total)}
	l.Sentence = phrase.Capital(phrase.By(x)) + " waited " + phrase.Duration(lost) + " for " + phrase.By(y) + "'s receive window to open, " + phrase.Percent(l.Share) + " of the time in which it sent data"
	if z := &c.Traffic[y]; z.ZeroWindows > 0 {
		l.Sentence += "; zero window " + phrase.Times(z.ZeroWindows) + ", for " + phrase.Duration(z.ZeroWindowTime)
	}
	l.Sentence += "."
	return l, true
}

func byLoss(c *record.Connection, x fsm.Side) (record.Limit, bool) {
	t := &c.Traffic[x]
	if x == fsm.Client && notTakenUp(c) {
		return record.Limit{}, false // it was sent again because the server had no room for the connection
	}
	wait, total := c.Tail[x].TimeoutWait, flowing(c, x)
	needed := t.Retransmissions - min(t.Retransmissions, t.SpuriousProved)
	if t.Bytes == 0 || needed == 0 || t.ResentBytes == 0 {
		return record.Limit{}, false
	}
	share := float64(t.ResentBytes) / float64(t.Bytes)
	slow := wait >= leastTime && total > 0 && wait/total >= leastShare
	if !(needed >= 3 && share >= leastLoss) && !slow {
		return record.Limit{}, false
	}
	l := record.Limit{Code: record.VerdictLimitedByLoss, Side: x.String(), Share: min(1, share)}
	l.Sentence = phrase.Capital(phrase.By(x)) + " retransmitted " + phrase.Counted(t.Retransmissions, "segment", "segments") + " (" + phrase.Percent(share) + " of its bytes)"
	if wait >= leastTime {
		l.Sentence += " and waited " + phrase.Duration(wait) + " for its retransmission timeouts"
		if total > 0 {
			l.Share = min(1, max(share, wait/total))
		}
	}
	l.Sentence += "."
	return l, true
}

// byApplication tells the longer of two waits: for a side's answer to the
// other's data, or for its next data behind its own.
func byApplication(c *record.Connection, x fsm.Side) (record.Limit, bool) {
	t, y := &c.Tail[x], x.Peer()
	total := c.Last.Seconds(c.First)
	if total <= 0 {
		return record.Limit{}, false
	}
	lost := t.Answer.Total + t.Pause.Total
	longest, what := &t.Answer, "answer"
	if t.Pause.Longest > t.Answer.Longest {
		longest, what = &t.Pause, "pause"
	}
	if longest.Longest < leastPause || lost/total < leastShare || longest.Longest >= restPause && !(what == "answer" && x == fsm.Server) {
		return record.Limit{}, false
	}
	l := record.Limit{Code: record.VerdictLimitedByApplication, Side: x.String(), Share: min(1, lost/total), Frames: []fsm.Frame{longest.From, longest.To}}
	where := " (frames " + phrase.Bare(longest.From) + " and " + phrase.Bare(longest.To) + ")"
	switch {
	case what == "pause":
		l.Sentence = phrase.Capital(phrase.By(x)) + " paused for " + phrase.Duration(longest.Longest) + " between two segments of its data" + where
	case x == fsm.Server:
		l.Sentence = "The server took " + phrase.Duration(longest.Longest) + " to answer the client" + where
	default:
		l.Sentence = "The client took " + phrase.Duration(longest.Longest) + " to continue after the server's data" + where
	}
	if n := t.Answer.Times + t.Pause.Times; n > 1 {
		l.Sentence += ", and " + phrase.By(y) + " waited " + phrase.Duration(lost) + " for it in all"
	}
	l.Sentence += "."
	return l, true
}
