package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// mptcp appends what the connection shows of Multipath TCP.
func (e *encoder) mptcp(c *record.Connection) {
	m := c.MPTCP
	if m == nil {
		e.keyNull(`"mptcp":`)
		return
	}
	e.object(`"mptcp":`)
	e.keyText(`"role":`, string(m.Role))
	e.keyStr(`"state":`, string(m.State))
	if m.Role == record.MPTCPInitial {
		e.keyUint(`"version":`, uint64(m.Version))
	} else {
		e.keyNull(`"version":`)
	}
	e.object(`"token":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if k := &m.Keys[side]; k.Frame != 0 {
			e.keyUint(sideKeys[side], uint64(k.Token))
		} else {
			e.keyNull(sideKeys[side])
		}
	}
	e.endObject()
	if m.Join.Frame == 0 {
		e.keyNull(`"join":`)
	} else {
		e.object(`"join":`)
		e.keyFrame(`"frame":`, `"file":`, m.Join.Frame)
		e.keyUint(`"token":`, uint64(m.Join.Token))
		e.keyUint(`"address_id":`, uint64(m.Join.AddressID))
		e.keyBool(`"backup":`, m.Join.Backup)
		e.endObject()
	}
	e.mptcpEvents(m)
	e.mptcpSignals(m)
	e.endObject()
}

// mptcpEvents appends what ends a connection, or its use of MPTCP.
func (e *encoder) mptcpEvents(m *record.MPTCP) {
	if x := &m.Fallback; x.Frame == 0 {
		e.keyNull(`"fallback":`)
	} else {
		e.mptcpEvent(`"fallback":`, record.MPTCPEvent{Frame: x.Frame, Side: x.Side})
		e.keyStr(`"reason":`, string(x.Reason))
		e.endObject()
	}
	e.object(`"data_fin":`)
	for side := fsm.Client; side <= fsm.Server; side++ {
		if m.DataFIN[side].Frame == 0 {
			e.keyNull(sideKeys[side])
			continue
		}
		e.object(sideKeys[side])
		e.keyFrame(`"frame":`, `"file":`, m.DataFIN[side].Frame)
		e.keyFrame(`"ack_frame":`, `"ack_file":`, m.Acknowledged(side))
		e.endObject()
	}
	e.endObject()
	for _, x := range []struct {
		key   string
		event *record.MPTCPEvent
	}{{`"fastclose":`, &m.Close}, {`"fail":`, &m.Fail}} {
		if x.event.Frame == 0 {
			e.keyNull(x.key)
			continue
		}
		e.mptcpEvent(x.key, *x.event)
		e.endObject()
	}
	if m.Reset.Frame == 0 {
		e.keyNull(`"reset":`)
		return
	}
	e.mptcpEvent(`"reset":`, m.Reset.MPTCPEvent)
	e.keyUint(`"reason":`, uint64(m.Reset.Reason))
	e.keyText(`"words":`, m.Reset.Words())
	e.keyBool(`"transient":`, m.Reset.Transient)
	e.endObject()
}

// mptcpEvent begins an event's object.
func (e *encoder) mptcpEvent(k string, x record.MPTCPEvent) {
	e.object(k)
	e.keyFrame(`"frame":`, `"file":`, x.Frame)
	e.keyLiteral(`"endpoint":`, x.Side.String())
}

func (e *encoder) mptcpSignals(m *record.MPTCP) {
	e.array(`"signals":`)
	for i := range m.Signals {
		s := &m.Signals[i]
		e.open('{')
		e.keyFrame(`"frame":`, `"file":`, s.Frame)
		e.keyLiteral(`"endpoint":`, s.Side.String())
		e.keyStr(`"kind":`, string(s.Kind))
		switch s.Kind {
		case record.MPTCPAddAddr:
			e.keyBool(`"echo":`, s.Echo)
			e.keyUints(`"address_ids":`, []uint64{uint64(s.AddressID)})
			e.keyIP(`"address":`, s.Address)
			if s.Port != 0 {
				e.keyUint(`"port":`, uint64(s.Port))
			}
		case record.MPTCPRemoveAddr:
			var ids []uint64
			for _, id := range s.Removed {
				ids = append(ids, uint64(id))
			}
			e.keyUints(`"address_ids":`, ids)
		case record.MPTCPPriority:
			e.keyBool(`"backup":`, s.Backup)
		}
		e.endObject()
	}
	e.endArray()
	e.keyUint(`"signals_more":`, m.More)
}

// mptcpSummary appends which connections are subflows of one MPTCP connection.
func (e *encoder) mptcpSummary(s *record.MPTCPSummary) {
	if s == nil {
		e.keyNull(`"mptcp":`)
		return
	}
	e.object(`"mptcp":`)
	e.keyUint(`"connections":`, s.Connections)
	e.keyUint(`"subflows":`, s.Subflows)
	e.keyUint(`"joined":`, s.Joined)
	e.keyUint(`"unjoined":`, s.Unjoined)
	e.keyUint(`"untold":`, s.Untold)
	e.keyUint(`"refused":`, s.Refused)
	e.keyUint(`"unanswered":`, s.Unanswered)
	e.keyUint(`"forgotten":`, s.Forgotten)
	e.object(`"verdicts":`)
	for _, v := range s.Verdicts {
		e.nameKey(string(v.Code))
		e.uint(v.N)
	}
	e.endObject()
	e.array(`"list":`)
	for i := range s.List {
		g := &s.List[i]
		e.open('{')
		e.keyUints(`"ids":`, g.IDs)
		e.keyUint(`"subflows":`, g.Subflows)
		e.object(`"verdict":`)
		e.keyStr(`"code":`, string(g.Verdict))
		e.keyStr(`"sentence":`, g.Sentence)
		e.frameList(g.Frames)
		e.keyBool(`"sure":`, g.Sure)
		e.endObject()
		e.endObject()
	}
	e.endArray()
	e.endObject()
}
