package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// connectionBlocks are the parts of a connection's object behind its head, in
// order. A new part of the record is one function here, its description in
// schema.json and nothing else.
var connectionBlocks = []func(*encoder, *record.Connection){
	(*encoder).states,
	(*encoder).steps,
	(*encoder).icmp,
	(*encoder).processes,
	(*encoder).handshake,
	(*encoder).closing,
	(*encoder).lifetime,
	(*encoder).traffic,
	(*encoder).exchanges,
	(*encoder).spent,
	(*encoder).anomalies,
	(*encoder).verdict,
	(*encoder).related,
	(*encoder).mptcp,
	(*encoder).quality,
	(*encoder).zeek,
	(*encoder).suricata,
	(*encoder).between,
	(*encoder).segments,
}

// connection appends the members of a connection's object.
func (e *encoder) connection(c *record.Connection) {
	e.untimed = c.Quality.Untimed
	defer func() { e.untimed = false }()
	e.identity(c)
	for _, block := range connectionBlocks {
		block(e, c)
	}
}

// identity appends which connection it is, and when.
func (e *encoder) identity(c *record.Connection) {
	e.keyUint(`"id":`, c.ID)
	e.keyInt(`"incarnation":`, c.Incarnation)
	e.addr(`"client":`, c.Client)
	e.addr(`"server":`, c.Server)
	e.keyText(`"service":`, c.Service)
	e.keyText(`"encapsulation":`, c.Encapsulation)
	e.object(`"orientation":`)
	e.keyStr(`"basis":`, c.Orientation.Basis)
	e.keyBool(`"certain":`, c.Orientation.Certain)
	e.endObject()
	e.keyFrame(`"first_frame":`, `"first_file":`, c.FirstFrame)
	e.keyFrame(`"last_frame":`, `"last_file":`, c.LastFrame)
	e.keyTime(`"first_time":`, c.First)
	e.keyTime(`"last_time":`, c.Last)
	e.keySpan(`"duration_s":`, c.First, c.Last)
	e.keyBool(`"evicted":`, c.Evicted)
	if c.Stream > 0 {
		e.keyUint(`"tcp_stream":`, c.Stream-1)
	} else {
		e.keyNull(`"tcp_stream":`)
	}
	e.key(`"wireshark_filter":"`)
	e.buf = append(c.AppendWiresharkFilter(e.buf), '"', ',')
}

func (e *encoder) addr(k string, a record.Addr) {
	e.object(k)
	e.keyIP(`"ip":`, a.IP)
	e.keyUint(`"port":`, uint64(a.Port))
	e.endObject()
}

func (e *encoder) states(c *record.Connection) {
	e.statePair(`"state":`, &c.State)
	e.object(`"time_in_state":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		e.array(sideKeys[side])
		for _, s := range c.InState[side] {
			e.keySeconds(inStateKeys[s.State], s.Seconds)
			e.endObject()
		}
		e.endArray()
	}
	e.endObject()
}

// inStateKeys are the beginnings of what is told of the time in a state.
var inStateKeys = func() (keys [fsm.NumStates]string) {
	for i := range keys {
		keys[i] = string(encoded(func(e *encoder) {
			e.open('{')
			e.keyLiteral(`"state":`, fsm.State(i).String())
			e.key(`"duration_s":`)
		}))
	}
	return keys
}()

func (e *encoder) statePair(k string, s *[2]record.EndState) {
	e.object(k)
	e.keyLiteral(`"client":`, s[fsm.Client].State.String())
	e.keyLiteral(`"server":`, s[fsm.Server].State.String())
	e.keyBool(`"client_proved":`, s[fsm.Client].Proved)
	e.keyBool(`"server_proved":`, s[fsm.Server].Proved)
	e.endObject()
}

func (e *encoder) steps(c *record.Connection) {
	e.array(`"transitions":`)
	for i := range c.Transitions {
		t := &c.Transitions[i]
		words := e.transitionWords(t)
		e.buf = append(e.buf, words.head...)
		e.keyFrame(`"frame":`, `"file":`, t.Frame)
		e.keyTime(`"time":`, t.Time)
		e.keyFrame(`"proof_frame":`, `"proof_file":`, t.Proof)
		if t.Nth == 0 {
			e.keyNull(`"nth_segment":`)
		} else {
			e.keyUint(`"nth_segment":`, uint64(t.Nth))
		}
		e.buf = append(e.buf, words.rule...)
		e.endObject()
	}
	e.endArray()
}

// transitionKind is what tells a transition's words, and transitionText these words:
// all before the frame, and the rule.
type (
	transitionKind struct {
		side     fsm.Side
		from, to fsm.State
		event    fsm.Event
		cause    fsm.Cause
	}
	transitionText struct {
		of         transitionKind
		head, rule []byte
	}
)

// keptTransitions is of how many kinds of transitions the words are kept, each at a place of
// its own or instead of another.
const keptTransitions = 128

func (k *transitionKind) place() uint {
	return (uint(k.side)<<6 ^ uint(k.from)*31 ^ uint(k.to)*7 ^ uint(k.event)) % keptTransitions
}

// transitionWords returns the words of a transition, of which there are few: they are
// kept for the next one of its kind.
func (e *encoder) transitionWords(t *fsm.Transition) *transitionText {
	k := transitionKind{t.Side, t.From, t.To, t.Event, t.Cause}
	words := &e.transitions[k.place()]
	if words.of == k && words.head != nil {
		return words
	}
	words.of = k
	words.head = encoded(func(e *encoder) {
		e.open('{')
		e.keyLiteral(`"endpoint":`, t.Side.String())
		e.keyLiteral(`"from":`, t.From.String())
		e.keyLiteral(`"to":`, t.To.String())
		e.keyLiteral(`"event":`, t.Event.String())
		e.keyLiteral(`"cause":`, t.Cause.String())
	})
	words.rule = encoded(func(e *encoder) { e.keyText(`"rule":`, t.Rule()) })
	return words
}

func (e *encoder) handshake(c *record.Connection) {
	h := &c.Handshake
	e.object(`"handshake":`)
	e.keyStr(`"kind":`, h.Kind)
	e.keyBool(`"complete":`, h.Complete)
	e.keyFrame(`"syn_frame":`, `"syn_file":`, h.SYN)
	e.keyFrame(`"syn_ack_frame":`, `"syn_ack_file":`, h.SYNACK)
	e.keyFrame(`"ack_frame":`, `"ack_file":`, h.ACK)
	e.keyInt(`"syns":`, h.SYNs)
	e.keyInt(`"syn_acks":`, h.SYNACKs)
	e.validity(`"syn_ack_valid":`, h.SYNACKValid)
	e.validity(`"ack_valid":`, h.ACKValid)
	e.object(`"isn":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if h.HasISN[side] {
			e.keyUint(sideKeys[side], uint64(h.ISN[side]))
		} else {
			e.keyNull(sideKeys[side])
		}
	}
	e.endObject()
	e.keyText(`"ecn_mode":`, h.ECNMode.String())
	e.keySeconds(`"server_rtt_s":`, h.ServerRTT)
	e.keySeconds(`"client_rtt_s":`, h.ClientRTT)
	e.keySeconds(`"duration_s":`, h.Took)
	e.keyText(`"vantage":`, h.Vantage)
	e.object(`"options":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		e.offered(side, &h.Options[side])
	}
	e.endObject()
	e.endObject()
}

func (e *encoder) validity(k string, v record.Validity) {
	if v == record.NotSeen {
		e.keyNull(k)
		return
	}
	e.keyBool(k, v == record.Valid)
}

// offered appends the options of a side's SYN, null when no SYN was captured.
func (e *encoder) offered(side fsm.Side, o *record.Options) {
	e.key(sideKeys[side])
	last := &e.options[side]
	shown := *o
	shown.TSVal = 0
	if last.text != nil && last.of == shown {
		e.buf = append(e.buf, last.text...)
		return
	}
	start := len(e.buf)
	e.synOptions(o)
	last.of, last.text = shown, append(last.text[:0], e.buf[start:]...)
}

// offeredBefore is the options of the connection before, which mostly are the next one's.
type offeredBefore struct {
	of   record.Options
	text []byte
}

func (e *encoder) synOptions(o *record.Options) {
	if !o.Seen {
		e.keyNull("")
		return
	}
	e.open('{')
	if o.MSS == 0 {
		e.keyNull(`"mss":`)
	} else {
		e.keyUint(`"mss":`, uint64(o.MSS))
	}
	if o.WindowScale < 0 {
		e.keyNull(`"window_scale":`)
	} else {
		e.keyInt(`"window_scale":`, o.WindowScale)
	}
	e.keyBool(`"sack_permitted":`, o.SACKPermitted)
	e.keyBool(`"timestamps":`, o.Timestamps)
	e.keyText(`"fast_open":`, o.FastOpen)
	e.keyBool(`"mptcp":`, o.MPTCP)
	e.keyBool(`"ecn":`, o.ECN)
	e.keyText(`"ecn_mode":`, o.ECNMode.String())
	e.array(`"cut":`)
	for _, name := range optionNames {
		if o.Cut.Has(name.set) {
			e.literal(name.name)
		}
	}
	e.endArray()
	e.endObject()
}

func (e *encoder) closing(c *record.Connection) {
	cl := &c.Close
	e.object(`"close":`)
	e.keyText(`"first_closer":`, cl.FirstCloser)
	e.keyStr(`"kind":`, string(cl.Kind))
	e.framePair(`"fin_frame":`, `"fin_file":`, cl.FIN)
	e.framePair(`"fin_ack_frame":`, `"fin_ack_file":`, cl.FINAcked)
	e.keyFrame(`"rst_frame":`, `"rst_file":`, cl.RST)
	e.keyText(`"reset_by":`, cl.ResetBy)
	e.keySeconds(`"duration_s":`, cl.Duration)
	e.timeWait(cl.TimeWait)
	e.endObject()
}

func (e *encoder) framePair(k, fileKey string, f [2]fsm.Frame) {
	e.object(k)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if f[side] == 0 {
			e.keyNull(sideKeys[side])
		} else {
			e.keyUint(sideKeys[side], f[side].Number())
		}
	}
	e.endObject()
	if !e.files {
		return
	}
	e.object(fileKey)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if f[side] == 0 {
			e.keyNull(sideKeys[side])
		} else {
			e.keyUint(sideKeys[side], fileNumber(f[side]))
		}
	}
	e.endObject()
}

// timeWait appends null when nobody holds TIME-WAIT. After a simultaneous close
// both may: then the head describes the hold that lasts longest.
func (e *encoder) timeWait(holds []record.TimeWaitHold) {
	if len(holds) == 0 {
		e.keyNull(`"time_wait":`)
		return
	}
	longest := 0
	holder := holds[0].Side.String()
	for i := range holds {
		if holds[i].Until > holds[longest].Until {
			longest = i
		}
		if holds[i].Side != holds[0].Side {
			holder = "both"
		}
	}
	e.object(`"time_wait":`)
	e.keyLiteral(`"holder":`, holder)
	start := len(e.buf)
	e.timeWaitTimes(&holds[longest])
	end := len(e.buf)
	e.array(`"holds":`)
	for i := range holds {
		e.open('{')
		e.keyLiteral(`"endpoint":`, holds[i].Side.String())
		if i == longest {
			e.buf = append(e.buf, e.buf[start:end]...)
		} else {
			e.timeWaitTimes(&holds[i])
		}
		e.endObject()
	}
	e.endArray()
	e.endObject()
}

func (e *encoder) timeWaitTimes(h *record.TimeWaitHold) {
	e.keyTime(`"since":`, h.Since)
	e.keyTime(`"until":`, h.Until)
	e.keySeconds(`"watched_s":`, h.Watched)
	e.keyText(`"ended":`, h.Ended)
}

func (e *encoder) lifetime(c *record.Connection) {
	l := &c.Lifetime
	e.object(`"lifetime":`)
	e.keyText(`"kind":`, l.Kind)
	e.keyInt(`"exchanges":`, l.Exchanges)
	e.keyInt(`"idle_spans":`, l.IdleSpans)
	e.keySeconds(`"longest_idle_s":`, l.LongestIdle)
	e.endObject()
}

func (e *encoder) traffic(c *record.Connection) {
	e.object(`"traffic":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		e.sent(sideKeys[side], &c.Traffic[side], c.Handshake.ECNMode == record.ECNAccurate)
	}
	e.endObject()
}

func (e *encoder) sent(k string, t *record.Traffic, accurate bool) {
	e.object(k)
	e.keyUint(`"packets":`, t.Packets)
	e.keyUint(`"bytes":`, t.Bytes)
	e.keyUint(`"unique_bytes":`, t.UniqueBytes)
	e.segmentCounts(&t.Segments)
	e.selectiveACKs(&t.Segments)
	e.dataTimes(&t.Data)
	e.rates(&t.Rates)
	e.trouble(t)
	e.keyUint(`"min_window":`, uint64(t.MinWindow))
	e.keyFloat(`"mean_window":`, t.MeanWindow)
	e.keyUint(`"max_window":`, uint64(t.MaxWindow))
	e.retransmissions(t)
	e.roundTrips(&t.RTT)
	e.keyUint(`"max_in_flight_bytes":`, uint64(t.MaxInFlight))
	e.keyFloat(`"mean_in_flight_bytes":`, t.MeanInFlight)
	e.keyUint(`"initial_window_bytes":`, uint64(t.InitialWindow))
	if accurate {
		e.keyUint(`"ce_packets":`, t.CEPackets)
		e.keyUint(`"ce_reported":`, t.CEReported)
		e.ecnBytes(&t.ECN)
	} else {
		e.keyNull(`"ce_packets":`)
		e.keyNull(`"ce_reported":`)
		e.keyNull(`"ecn_bytes":`)
	}
	e.keepalive(&t.Keepalive)
	e.endObject()
}

// What most connections have none of is written once, by the functions that write it of
// the others.
var (
	noTrouble         = encoded(func(e *encoder) { e.troubleOf(&record.Traffic{}) })
	noRetransmissions = encoded(func(e *encoder) { e.retransmissionsOf(&record.Traffic{}) })
	noKeepalive       = encoded(func(e *encoder) { e.keepaliveOf(&record.Keepalive{}) })
)

func (e *encoder) trouble(t *record.Traffic) {
	if t.Retransmissions|t.ResentBytes|t.OutOfOrder|t.DuplicateACKs|t.Doubled|t.GapBytes|t.ZeroWindows|t.WindowProbes == 0 && t.ZeroWindowTime == 0 {
		e.buf = append(e.buf, noTrouble...)
		return
	}
	e.troubleOf(t)
}

func (e *encoder) troubleOf(t *record.Traffic) {
	e.keyUint(`"retransmissions":`, t.Retransmissions)
	e.keyUint(`"resent_bytes":`, t.ResentBytes)
	e.keyUint(`"out_of_order":`, t.OutOfOrder)
	e.keyUint(`"duplicate_acks":`, t.DuplicateACKs)
	e.keyUint(`"doubled":`, t.Doubled)
	e.keyUint(`"gap_bytes":`, t.GapBytes)
	e.keyUint(`"zero_windows":`, t.ZeroWindows)
	e.keySeconds(`"zero_window_s":`, t.ZeroWindowTime)
	e.keyUint(`"window_probes":`, t.WindowProbes)
}

func (e *encoder) keepalive(k *record.Keepalive) {
	if k.Probes|k.Answered|k.LongestUnanswered == 0 {
		e.buf = append(e.buf, noKeepalive...)
		return
	}
	e.keepaliveOf(k)
}

func (e *encoder) keepaliveOf(ka *record.Keepalive) {
	e.object(`"keepalive":`)
	e.keyUint(`"probes":`, ka.Probes)
	e.keyUint(`"answered":`, ka.Answered)
	e.keyUint(`"longest_unanswered":`, ka.LongestUnanswered)
	e.secondsIf(`"idle_s":`, ka.Idle, ka.Probes >= 1)
	e.secondsIf(`"min_interval_s":`, ka.MinInterval, ka.Probes >= 2)
	e.secondsIf(`"max_interval_s":`, ka.MaxInterval, ka.Probes >= 2)
	e.endObject()
}

// retransmissions appends what brought the retransmissions about and what came
// of them.
func (e *encoder) retransmissions(t *record.Traffic) {
	if t.Kinds == (record.ResendKinds{}) && t.SpuriousProved|t.SpuriousLikely|t.LostBefore|t.ResentAfter.Most == 0 {
		e.buf = append(e.buf, noRetransmissions...)
		return
	}
	e.retransmissionsOf(t)
}

func (e *encoder) retransmissionsOf(t *record.Traffic) {
	k := &t.Kinds
	e.object(`"retransmission_kinds":`)
	e.keyUint(`"syn":`, k.SYN)
	e.keyUint(`"syn_ack":`, k.SYNACK)
	e.keyUint(`"timeout":`, k.Timeout)
	e.keyUint(`"fast":`, k.Fast)
	e.keyUint(`"tail_loss_probe":`, k.TailLossProbe)
	e.keyUint(`"after_timeout":`, k.AfterTimeout)
	e.keyUint(`"fast_open_fallback":`, k.FastOpenFallback)
	e.keyUint(`"path_mtu":`, k.PathMTU)
	e.keyUint(`"unknown":`, k.Unknown)
	e.endObject()
	e.keyUint(`"spurious_proved":`, t.SpuriousProved)
	e.keyUint(`"spurious_likely":`, t.SpuriousLikely)
	e.keyUint(`"lost_before_tap":`, t.LostBefore)
	e.resentAfter(&t.ResentAfter)
}

// secondsIf appends null for what too few samples cannot tell.
func (e *encoder) secondsIf(k string, s float64, known bool) {
	if !known {
		e.keyNull(k)
		return
	}
	e.keySeconds(k, s)
}

func (e *encoder) quality(c *record.Connection) {
	q := &c.Quality
	e.object(`"quality":`)
	e.keyBool(`"one_sided":`, q.OneSided)
	e.keyBool(`"midstream":`, q.Midstream)
	e.keyUint(`"gap_bytes":`, q.GapBytes)
	e.keyUint(`"doubled":`, q.Doubled)
	e.keyBool(`"untimed":`, q.Untimed)
	e.keyText(`"trust":`, q.Trust)
	e.keyStrings(`"doubts":`, q.Doubts)
	e.endObject()
}
