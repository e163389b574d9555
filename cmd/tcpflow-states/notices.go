package main

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// notices are what was found on connections that are open now. The analyzer bounds how many
// of them there are.
type notices struct {
	open     map[noticeKey]*openNotice
	throttle throttle
	list     []record.Notice // that go on, while they are asked for
}

type noticeKey struct {
	connection uint64
	check      record.CheckName
	side       string
}

type openNotice struct {
	lasts  bool // somebody waits
	silent bool // it was counted with others like it, and so its end is not told either
}

func keyOf(n *record.Notice) noticeKey {
	return noticeKey{n.Connection, n.Anomaly.Name, n.Anomaly.Side}
}

// notice takes what is told of an open connection.
func (o *output) notice(n *record.Notice) {
	if len(o.opt.conns) > 0 && !o.opt.conns.has(n.Connection) {
		return
	}
	t := &o.notices
	if t.open == nil {
		t.open = make(map[noticeKey]*openNotice)
	}
	key := keyOf(n)
	was := t.open[key]
	switch n.State {
	case record.NoticeGoesOn:
		own := *n
		t.list = append(t.list, own)
		return
	case record.NoticeFound:
		was = &openNotice{lasts: n.Since != 0}
		t.open[key] = was
	case record.NoticeOver:
		delete(t.open, key)
	}
	if was == nil || o.opt.quiet || o.opt.summaryOnly || !o.lines() {
		return
	}
	if w, ok := o.writer.(report.NoticeWriter); ok {
		w.Notice(n) // errors of writing stay in o.out
	}
	if o.writer != nil {
		return
	}
	if n.State == record.NoticeOver && (was.silent || n.Ended || n.Since == 0) {
		return // the connection's own line tells, or nothing needs to
	}
	if n.State == record.NoticeFound && !o.mayTell(n) {
		was.silent = true
		return
	}
	o.first = true
	report.Notice(o.out, n, o.render)
}

// stalled returns on how many connections somebody waits.
func (t *notices) stalled() int {
	which := map[uint64]bool{}
	for key, x := range t.open {
		if x.lasts {
			which[key.connection] = true
		}
	}
	return len(which)
}

// throttle counts notices that are alike. A server that goes down makes thousands of
// connections hang at a time: a few of them tell it.
type throttle struct {
	kinds map[noticeKind]*noticeCount
}

// noticeKind is what makes notices alike.
type noticeKind struct {
	check  record.CheckName
	server record.Addr
}

type noticeCount struct {
	since fsm.Time // of the first
	told  int
	more  uint64 // that were only counted
}

const (
	// throttleSpan is for how long notices count together.
	throttleSpan = 10 * fsm.Second
	// mostAlike of them are told by themselves.
	mostAlike = 5
	// mostKinds bounds what is remembered of that time; above it servers do not count.
	mostKinds = 256
)

// mayTell reports whether a notice is to be told by itself. If not, it is counted.
func (o *output) mayTell(n *record.Notice) bool {
	o.settle(n.At)
	t := &o.notices.throttle
	if t.kinds == nil {
		t.kinds = make(map[noticeKind]*noticeCount)
	}
	kind := noticeKind{n.Anomaly.Name, n.Server}
	if t.kinds[kind] == nil && len(t.kinds) >= mostKinds {
		kind.server = record.Addr{}
	}
	c := t.kinds[kind]
	if c == nil {
		c = &noticeCount{since: n.At}
		t.kinds[kind] = c
	}
	if c.told == mostAlike {
		c.more++
		return false
	}
	c.told++
	return true
}

// settle tells how many notices were only counted, of the times that are over by now.
func (o *output) settle(now fsm.Time) {
	t := &o.notices.throttle
	var over []noticeKind
	for kind, c := range t.kinds {
		if now-c.since < throttleSpan && now >= c.since {
			continue
		}
		if c.more == 0 {
			delete(t.kinds, kind)
			continue
		}
		over = append(over, kind)
	}
	slices.SortFunc(over, func(a, b noticeKind) int {
		return cmp.Or(cmp.Compare(a.check, b.check), a.server.IP.Compare(b.server.IP), cmp.Compare(a.server.Port, b.server.Port))
	})
	for _, kind := range over {
		like := record.Notice{At: t.kinds[kind].since, Server: kind.server, Anomaly: record.Anomaly{Name: kind.check}}
		report.MoreNotices(o.out, &like, t.kinds[kind].more, throttleSpan, o.render)
		delete(t.kinds, kind)
		o.first = true
	}
}
