package check

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

var slowAnswer = &Check{
	Name: record.CheckSlowAnswer, Title: "slow answer", Family: "time",
	Severity: record.SeverityNote, Rule: "observer: the time from a request's last byte to its answer's first",
	Condition: "The server's first data after a request comes more than 1 s and a round trip after the request's last byte, counted from its repetition if that was lost, or does not come: then the server must have acknowledged the request, and the client not have gone on without the answer. An answer that a closed window held up does not count.",
	Benign: []string{
		"an answer that is to wait: long polling, a subscription, a lock", "a program behind a shell: an interactive session",
		"a protocol without answers, in which the client only reports", "a queue or an application on the way, such as a proxy",
		"an answer that was lost before the capture point, of which only the repetition passed",
	},
	Filter: "tcp.time_delta > 1 && tcp.len > 0", Needs: BothSides | Whole | InStep,
	OncePerTemplate: "a connection on which somebody waits as long is no clean one",
	Thresholds: []Threshold{
		{Name: "after", Time: fsm.Second, Meaning: "an answer takes longer than this, beyond a round trip", Wait: true},
	},
	JudgeBy: func(f *flow.Flow, by Limits, found func(Finding)) {
		after := slowAfter(f, by)
		n, cost, w := f.SlowAnswers(after)
		open := unanswered(f, after)
		if open.From == 0 {
			if n > 0 {
				found(slowAnswers(f, by, n, cost, w))
			}
			return
		}
		x := Finding{
			Side: "server", Frames: []fsm.Frame{open.From}, Count: n + 1, Cost: cost + open.Time, From: open.Since,
			Seen: "no answer within " + phrase.Elapsed(open.Time), Expected: "an answer within " + phrase.Elapsed(by.Time("after")),
		}
		x.Message = fmt.Sprintf("The server did not answer the request that ends in frame %d: it had %s, up to the end of what was captured", open.From.Number(), phrase.Elapsed(open.Time))
		if open.To != 0 {
			x.Frames = append(x.Frames, open.To)
			x.Message = fmt.Sprintf("The server did not answer the request that ends in frame %d within %s, until frame %d ended the wait", open.From.Number(), phrase.Elapsed(open.Time), open.To.Number())
		}
		if n > 0 {
			x.Message += fmt.Sprintf("; %s took more than %s as well", phrase.Counted(n, "answer", "answers"), phrase.Elapsed(by.Time("after")))
		}
		x.Message += medianAnswer(f, 1) + "."
		found(x)
	},
	Pending: func(f *flow.Flow, by Limits, found func(Finding)) {
		w := f.OpenRequest()
		if w.From == 0 || w.To != 0 || w.Time <= slowAfter(f, by) || !f.AwaitsAnswer() {
			return
		}
		found(Finding{
			Side: "server", Frames: []fsm.Frame{w.From}, Count: 1, Since: w.Since, From: w.Since,
			Seen: "no answer for " + phrase.Elapsed(w.Time), Expected: "an answer within " + phrase.Elapsed(by.Time("after")),
			Message: fmt.Sprintf("The server has not answered the request that ends in frame %d for %s%s.", w.From.Number(), phrase.Elapsed(w.Time), medianAnswer(f, 1)),
		})
	},
}

// slowAfter returns how long after a request, as it passed the tap, its answer is slow.
func slowAfter(f *flow.Flow, by Limits) fsm.Time { return by.Time("after") + f.RoundTrip(fsm.Client) }

func slowAnswers(f *flow.Flow, by Limits, n int, cost fsm.Time, w flow.Wait) Finding {
	x := Finding{
		Side: "server", Frames: []fsm.Frame{w.From, w.To}, Count: n, Cost: cost, From: w.Since, To: w.Since + w.Time,
		Seen: phrase.Elapsed(w.Time) + " to an answer", Expected: "an answer within " + phrase.Elapsed(by.Time("after")),
		Message: fmt.Sprintf("The server took %s to answer the request that ends in frame %d: its answer begins in frame %d", phrase.Elapsed(w.Time), w.From.Number(), w.To.Number()),
	}
	if n > 1 {
		x.Message += fmt.Sprintf("; that was the slowest of %s answers that took more than %s, %s together", phrase.Count(n), phrase.Elapsed(by.Time("after")), phrase.Elapsed(cost))
	}
	x.Message += medianAnswer(f, 2) + "."
	return x
}

// medianAnswer tells the median of a connection's answer times, if there were enough to
// compare with.
func medianAnswer(f *flow.Flow, enough int) string {
	n, median := f.Answers()
	switch {
	case n < enough:
		return ""
	case n == 1:
		return fmt.Sprintf("; its other answer took %s", phrase.Elapsed(median))
	}
	return fmt.Sprintf("; the median of its %s answers is %s", phrase.Count(n), phrase.Elapsed(median))
}

// unanswered returns the request that the server left unanswered for longer than a time;
// From is 0 if there is none, or something else tells of that time.
func unanswered(f *flow.Flow, after fsm.Time) flow.Wait {
	w := f.OpenRequest()
	if w.From == 0 || w.Time <= after || !f.AwaitsAnswer() || f.Meanings.Any(fsm.SYNInSync) { // who opens anew waits no more
		return flow.Wait{}
	}
	server, client := &f.Dir[fsm.Server], &f.Dir[fsm.Client]
	fin := f.FIN(fsm.Client)
	switch {
	case server.Bytes == 0 && fin != nil && fin.Frame != w.To && f.FIN(fsm.Server) != nil: // it sent all that it had, and nothing was to come back
		return flow.Wait{}
	case fin != nil && f.Conn.End[fsm.Server].State == fsm.CloseWait && w.Time > closeWaitStuck.Thresholds[0].Time: // close-wait-stuck
		return flow.Wait{}
	case client.Keepalive != nil && (client.Keepalive.GaveUp || client.Keepalive.Run() >= deadAfter): // a dead peer
		return flow.Wait{}
	}
	return w
}
