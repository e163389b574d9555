package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// problems appends what is wrong, the dearest first.
func (e *encoder) problems(s *record.Summary) {
	e.array(`"problems":`)
	for i := range s.Problems {
		p := &s.Problems[i]
		e.open('{')
		e.keyText(`"verdict":`, string(p.Verdict))
		e.keyText(`"anomaly":`, string(p.Check))
		e.keyLiteral(`"concern":`, p.Concern.String())
		e.problemServer(p)
		e.keyUint(`"services":`, p.Services)
		e.keyUint(`"connections":`, p.Connections)
		e.keySeconds(`"cost_s":`, p.Cost)
		e.object(`"worst":`)
		e.keyUint(`"id":`, p.Worst)
		e.addr(`"client":`, p.WorstClient)
		e.addr(`"server":`, p.WorstServer)
		e.keySeconds(`"cost_s":`, p.WorstCost)
		e.frameList(p.Frames)
		e.keyText(`"message":`, p.Message)
		e.endObject()
		e.keyUints(`"ids":`, p.IDs)
		e.endObject()
	}
	e.endArray()
}

// problemServer appends the server that a problem's connections share, as far as they do.
func (e *encoder) problemServer(p *record.Problem) {
	if !p.Server.IP.IsValid() {
		e.keyNull(`"server":`)
		return
	}
	e.object(`"server":`)
	e.keyIP(`"ip":`, p.Server.IP)
	if p.Services > 1 {
		e.keyNull(`"port":`)
	} else {
		e.keyUint(`"port":`, uint64(p.Server.Port))
	}
	e.endObject()
}

// services appends how each service did.
func (e *encoder) services(s *record.Summary) {
	e.array(`"services":`)
	for i := range s.Services {
		v := &s.Services[i]
		e.open('{')
		e.addr(`"server":`, v.Server)
		e.keyText(`"service":`, v.Name)
		e.keyUint(`"connections":`, v.Connections)
		e.keyUint(`"failed":`, v.Failed)
		e.keyUint(`"refused":`, v.Refused)
		e.keyUint(`"unanswered":`, v.Unanswered)
		e.keyUint(`"reset":`, v.Reset)
		e.keyUint(`"trouble":`, v.Trouble)
		e.object(`"sent":`)
		for side := fsm.Client; side <= fsm.Server; side++ {
			e.object(sideKeys[side])
			e.keyUint(`"packets":`, v.Packets[side])
			e.keyUint(`"bytes":`, v.Bytes[side])
			e.keyUint(`"retransmissions":`, v.Retransmissions[side])
			e.keyShare(`"retransmission_rate":`, v.RetransmissionRate(side))
			e.keyUint(`"goodput_bytes_per_s":`, uint64(v.Goodput(side)))
			e.endObject()
		}
		e.endObject()
		e.distributionOfTimes(`"handshake":`, &v.Handshake)
		e.distributionOfTimes(`"answer":`, &v.Answer)
		e.endObject()
	}
	e.endArray()
	if s.Others.Connections == 0 {
		e.keyNull(`"other_services":`)
		return
	}
	e.object(`"other_services":`)
	e.keyUint(`"services":`, s.Others.Services)
	e.keyBool(`"more":`, s.Others.More)
	e.keyUint(`"connections":`, s.Others.Connections)
	e.keyUint(`"failed":`, s.Others.Failed)
	e.keyUint(`"bytes":`, s.Others.Bytes)
	e.endObject()
}

// concurrency appends how many connections were open at a time.
func (e *encoder) concurrency(c *record.Concurrency) {
	if c.Step == 0 {
		e.keyNull(`"open_at_a_time":`)
		return
	}
	e.object(`"open_at_a_time":`)
	e.keyTime(`"first_time":`, c.From)
	e.keySeconds(`"step_s":`, c.Step.Seconds(0))
	e.keyFloat(`"most":`, c.Most)
	e.keyTime(`"most_time":`, c.MostAt)
	e.array(`"mean":`)
	for _, n := range c.Mean {
		e.keyFloat("", n)
	}
	e.endArray()
	e.endObject()
}
