package flow

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Keepalive is what one side probed (RFC 9293 §3.8.4).
type Keepalive struct {
	Probes, Answered  uint64
	LongestUnanswered uint64
	Idle              fsm.Time // silence before the first probe
	Intervals         uint64   // between successive probes
	MinInterval       fsm.Time
	MaxInterval       fsm.Time
	SumIntervals      fsm.Time
	GaveUp            bool        // the latest run stayed unanswered and its sender reset the connection
	RST               fsm.Frame   // that one; 0 unless GaveUp
	Heard             fsm.Frame   // the peer's last segment before the latest run; 0 if none was captured
	Frames            []fsm.Frame // the first probes of all
	LongestRun        []fsm.Frame // the first probes of the longest unanswered run

	run      uint64
	runStart []fsm.Frame
	last     fsm.Time
	since    fsm.Time // of the run
}

// Refused reports whether the probes come every half a second. It is what Linux waits
// before it repeats a probe that its own interface refused to send, for lack of room say.
// It does not count such a one, so it does not give up either (tcp_keepalive_timer,
// TCP_RESOURCE_PROBE_INTERVAL; seen with Linux 6.18). A program seldom asks for it: the
// interval is set in whole seconds.
func (k *Keepalive) Refused() bool {
	const wait, late = 500_000_000, 100_000_000
	return k.Intervals > 0 && k.MinInterval >= wait-late/10 && k.SumIntervals/fsm.Time(k.Intervals) <= wait+late
}

// Run returns how many probes in a row were unanswered when the connection
// ended.
func (k *Keepalive) Run() uint64 { return k.run }

// LastRun returns the first frames of the run that was unanswered when the
// connection ended.
func (k *Keepalive) LastRun() []fsm.Frame {
	if k.run == 0 {
		return nil
	}
	return k.runStart
}

// RunSince returns when the first of the unanswered run was sent.
func (k *Keepalive) RunSince() fsm.Time { return k.since }

// noteKeepalive counts a keepalive probe. heard is the latest segment of the side probed.
func (d *Direction) noteKeepalive(at fsm.Stamp, heard fsm.Frame) {
	if d.Keepalive == nil {
		d.Keepalive = &Keepalive{}
	}
	k := d.Keepalive
	k.Probes++
	if k.Probes == 1 {
		k.Idle = at.Time - d.lastReal
	} else {
		iv := at.Time - k.last
		if k.Intervals == 0 || iv < k.MinInterval {
			k.MinInterval = iv
		}
		k.MaxInterval = max(k.MaxInterval, iv)
		k.SumIntervals += iv
		k.Intervals++
	}
	k.last = at.Time
	k.Frames = appendFrame(k.Frames, at.Frame)

	if k.GaveUp { // it had not
		k.GaveUp, k.RST, k.run = false, 0, 0
	}
	if k.run == 0 {
		k.runStart, k.Heard, k.since = k.runStart[:0], heard, at.Time
	}
	k.run++
	k.runStart = appendFrame(k.runStart, at.Frame)
	if k.run > k.LongestUnanswered {
		k.LongestUnanswered = k.run
		k.LongestRun = append(k.LongestRun[:0], k.runStart...)
	}
	d.awaiting = keepaliveAnswer
}

// answered notes a sign of life from the probed side. One that comes when the side
// has been given up ends no run any more.
func (k *Keepalive) answered(byAck bool) {
	if byAck {
		k.Answered++
	}
	if k.GaveUp {
		return
	}
	if k.run > 0 && k.LongestUnanswered == k.run && byAck && k.run == 1 {
		// A single probe that was answered is no unanswered run.
		k.LongestUnanswered, k.LongestRun = 0, k.LongestRun[:0]
	} else if k.run > 0 && k.LongestUnanswered == k.run && byAck {
		// The last probe of the run was answered.
		k.LongestUnanswered--
		k.LongestRun = k.LongestRun[:min(len(k.LongestRun), int(k.LongestUnanswered))]
	}
	k.run = 0
}

func appendFrame(list []fsm.Frame, f fsm.Frame) []fsm.Frame {
	if len(list) < MaxNotable {
		list = append(list, f)
	}
	return list
}
