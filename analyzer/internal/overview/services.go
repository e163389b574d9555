package overview

import (
	"cmp"
	"slices"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/earliest"
)

// mostServices bounds the services that are followed, of which some are reported; the
// first ones count. A capture with more holds a scan.
const mostServices = 1 << 14

// services sums up connections by server address and port.
type services struct {
	known     earliest.Map[server, record.Service]
	latest    *record.Service // of latestKey: in a flood it is the same again and again
	latestKey server
	others    record.OtherServices // connections to services that are not followed
}

func (v *services) add(c *record.Connection, key server) {
	s := v.find(c, key)
	if s == nil {
		v.others.Connections++
		v.others.Bytes += c.Traffic[fsm.Client].Bytes + c.Traffic[fsm.Server].Bytes
		if c.Verdict.Concern() == record.ConcernFailure {
			v.others.Failed++
		}
		return
	}
	s.Add(c)
}

// find returns the service of the connection's server, made anew where there is room, or
// nil.
func (v *services) find(c *record.Connection, key server) *record.Service {
	if v.latest != nil && key == v.latestKey {
		return v.latest
	}
	s, added := v.known.At(key, mostServices)
	if s == nil {
		return nil
	}
	if added {
		s.Server, s.Name = c.Server, c.Service
	}
	v.latest, v.latestKey = s, key
	return s
}

func (v *services) report() ([]record.Service, record.OtherServices) {
	var list []*record.Service
	for _, s := range v.known.All() {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *record.Service) int {
		return cmp.Or(cmp.Compare(b.Connections, a.Connections), compareAddr(a.Server, b.Server))
	})
	others := v.others
	others.Services = 0
	var out []record.Service
	for i, s := range list {
		if i < record.MaxServices {
			out = append(out, *s)
			continue
		}
		others.Services++
		others.Connections += s.Connections
		others.Failed += s.Failed
		others.Bytes += s.Bytes[fsm.Client] + s.Bytes[fsm.Server]
	}
	others.More = v.others.Connections > 0
	return out, others
}

func compareAddr(a, b record.Addr) int {
	return cmp.Or(a.IP.Compare(b.IP), cmp.Compare(a.Port, b.Port))
}
