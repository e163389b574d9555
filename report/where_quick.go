package report

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Most expressions look at a few numbers and words. To write a connection's JSON and read it
// again for these costs more than all its packets do; so they are taken from the record as
// they are. That it is what the JSON has, a test holds.

// quickNumbers and quickWords are the names that are taken so.
var (
	quickNumbers = quickTraffic(map[string]func(*record.Connection) float64{
		"id":                      func(c *record.Connection) float64 { return float64(c.ID) },
		"incarnation":             func(c *record.Connection) float64 { return float64(c.Incarnation) },
		"client.port":             func(c *record.Connection) float64 { return float64(c.Client.Port) },
		"server.port":             func(c *record.Connection) float64 { return float64(c.Server.Port) },
		"first_frame":             func(c *record.Connection) float64 { return frameOf(c.FirstFrame) },
		"last_frame":              func(c *record.Connection) float64 { return frameOf(c.LastFrame) },
		"duration_s":              duration,
		"handshake.syns":          func(c *record.Connection) float64 { return float64(c.Handshake.SYNs) },
		"handshake.syn_acks":      func(c *record.Connection) float64 { return float64(c.Handshake.SYNACKs) },
		"handshake.server_rtt_s":  func(c *record.Connection) float64 { return secondsOf(c, c.Handshake.ServerRTT) },
		"handshake.client_rtt_s":  func(c *record.Connection) float64 { return secondsOf(c, c.Handshake.ClientRTT) },
		"handshake.duration_s":    func(c *record.Connection) float64 { return secondsOf(c, c.Handshake.Took) },
		"close.duration_s":        func(c *record.Connection) float64 { return secondsOf(c, c.Close.Duration) },
		"lifetime.exchanges":      func(c *record.Connection) float64 { return float64(c.Lifetime.Exchanges) },
		"lifetime.idle_spans":     func(c *record.Connection) float64 { return float64(c.Lifetime.IdleSpans) },
		"lifetime.longest_idle_s": func(c *record.Connection) float64 { return secondsOf(c, c.Lifetime.LongestIdle) },
		"exchanges.answer.samples": func(c *record.Connection) float64 {
			if noExchanges(c) {
				return math.NaN()
			}
			return float64(c.Exchanges.Answer.N)
		},
		"exchanges.answer.min_s":          func(c *record.Connection) float64 { return answerOf(c, c.Exchanges.Answer.Min) },
		"exchanges.answer.median_s":       func(c *record.Connection) float64 { return answerOf(c, c.Exchanges.Answer.Quantile(0.5)) },
		"exchanges.answer.p95_s":          func(c *record.Connection) float64 { return answerOf(c, c.Exchanges.Answer.Quantile(0.95)) },
		"exchanges.answer.p99_s":          func(c *record.Connection) float64 { return answerOf(c, c.Exchanges.Answer.Quantile(0.99)) },
		"exchanges.answer.max_s":          func(c *record.Connection) float64 { return answerOf(c, c.Exchanges.Answer.Max) },
		"exchanges.slowest.duration_s":    slowestExchange,
		"time_spent.handshake_s":          spentOn(func(s *record.Spent) float64 { return s.Handshake }),
		"time_spent.network_s":            spentOn(func(s *record.Spent) float64 { return s.Network }),
		"time_spent.idle_s":               spentOn(func(s *record.Spent) float64 { return s.Idle }),
		"time_spent.close_s":              spentOn(func(s *record.Spent) float64 { return s.Close }),
		"time_spent.application.client_s": spentOn(func(s *record.Spent) float64 { return s.App[fsm.Client] }),
		"time_spent.application.server_s": spentOn(func(s *record.Spent) float64 { return s.App[fsm.Server] }),
		"time_spent.window.client_s":      spentOn(func(s *record.Spent) float64 { return s.Window[fsm.Client] }),
		"time_spent.window.server_s":      spentOn(func(s *record.Spent) float64 { return s.Window[fsm.Server] }),
		"time_spent.loss.client_s":        spentOn(func(s *record.Spent) float64 { return s.Loss[fsm.Client] }),
		"time_spent.loss.server_s":        spentOn(func(s *record.Spent) float64 { return s.Loss[fsm.Server] }),
	})

	quickWords = map[string]func(*record.Connection) string{
		"client.ip":          func(c *record.Connection) string { return addressOf(c.Client.IP) },
		"server.ip":          func(c *record.Connection) string { return addressOf(c.Server.IP) },
		"service":            func(c *record.Connection) string { return c.Service },
		"first_time":         func(c *record.Connection) string { return timeOf(c, c.First) },
		"last_time":          func(c *record.Connection) string { return timeOf(c, c.Last) },
		"state.client":       func(c *record.Connection) string { return c.State[fsm.Client].State.String() },
		"state.server":       func(c *record.Connection) string { return c.State[fsm.Server].State.String() },
		"handshake.kind":     func(c *record.Connection) string { return c.Handshake.Kind },
		"close.kind":         func(c *record.Connection) string { return string(c.Close.Kind) },
		"close.first_closer": func(c *record.Connection) string { return c.Close.FirstCloser },
		"close.reset_by":     func(c *record.Connection) string { return c.Close.ResetBy },
		"lifetime.kind":      func(c *record.Connection) string { return c.Lifetime.Kind },
		"verdict.code":       func(c *record.Connection) string { return string(c.Verdict.Code) },
		"quality.trust":      func(c *record.Connection) string { return c.Quality.Trust },
		"zeek.conn_state":    func(c *record.Connection) string { return c.Zeek.ConnState },
	}
)

// quickTraffic adds the numbers of both sides' traffic.
func quickTraffic(numbers map[string]func(*record.Connection) float64) map[string]func(*record.Connection) float64 {
	counts := map[string]func(*record.Traffic) uint64{
		"packets":              func(t *record.Traffic) uint64 { return t.Packets },
		"bytes":                func(t *record.Traffic) uint64 { return t.Bytes },
		"unique_bytes":         func(t *record.Traffic) uint64 { return t.UniqueBytes },
		"gap_bytes":            func(t *record.Traffic) uint64 { return t.GapBytes },
		"retransmissions":      func(t *record.Traffic) uint64 { return t.Retransmissions },
		"resent_bytes":         func(t *record.Traffic) uint64 { return t.ResentBytes },
		"out_of_order":         func(t *record.Traffic) uint64 { return t.OutOfOrder },
		"duplicate_acks":       func(t *record.Traffic) uint64 { return t.DuplicateACKs },
		"doubled":              func(t *record.Traffic) uint64 { return t.Doubled },
		"zero_windows":         func(t *record.Traffic) uint64 { return t.ZeroWindows },
		"window_probes":        func(t *record.Traffic) uint64 { return t.WindowProbes },
		"min_window":           func(t *record.Traffic) uint64 { return uint64(t.MinWindow) },
		"max_window":           func(t *record.Traffic) uint64 { return uint64(t.MaxWindow) },
		"max_in_flight_bytes":  func(t *record.Traffic) uint64 { return uint64(t.MaxInFlight) },
		"initial_window_bytes": func(t *record.Traffic) uint64 { return uint64(t.InitialWindow) },
		"spurious_proved":      func(t *record.Traffic) uint64 { return t.SpuriousProved },
		"spurious_likely":      func(t *record.Traffic) uint64 { return t.SpuriousLikely },
		"rtt.samples":          func(t *record.Traffic) uint64 { return t.RTT.Samples },
	}
	times := map[string]func(*record.Traffic) float64{
		"rtt.min_s":       roundTrip(func(r *record.RTT) float64 { return r.Min }),
		"rtt.median_s":    roundTrip(func(r *record.RTT) float64 { return r.Median }),
		"rtt.p95_s":       roundTrip(func(r *record.RTT) float64 { return r.P95 }),
		"rtt.max_s":       roundTrip(func(r *record.RTT) float64 { return r.Max }),
		"rtt.mean_s":      roundTrip(func(r *record.RTT) float64 { return r.Mean }),
		"rtt.deviation_s": roundTrip(func(r *record.RTT) float64 { return r.Deviation }),
		"rtt.rto_s":       roundTrip(func(r *record.RTT) float64 { return r.RTO }),
		"rtt.smoothed_s":  roundTrip(func(r *record.RTT) float64 { return r.Smoothed }),
	}
	rates := map[string]func(*record.Rates) float64{
		"throughput":   func(r *record.Rates) float64 { return tenthsOf(r.Throughput) },
		"goodput":      func(r *record.Rates) float64 { return tenthsOf(r.Goodput) },
		"data_goodput": func(r *record.Rates) float64 { return tenthsOf(r.DataGoodput) },
		"delivery":     func(r *record.Rates) float64 { return tenthsOf(r.Delivery) },
	}
	for side := fsm.Client; side <= fsm.Server; side++ {
		path := "traffic." + side.String() + "."
		for name, count := range counts {
			numbers[path+name] = func(c *record.Connection) float64 { return float64(count(&c.Traffic[side])) }
		}
		for name, rate := range rates {
			numbers[path+"rates."+name] = func(c *record.Connection) float64 { return rate(&c.Traffic[side].Rates) }
		}
		for name, time := range times {
			numbers[path+name] = func(c *record.Connection) float64 { return secondsOf(c, time(&c.Traffic[side])) }
		}
	}
	return numbers
}

// roundTrip makes what is not known without samples negative.
func roundTrip(of func(*record.RTT) float64) func(*record.Traffic) float64 {
	return func(t *record.Traffic) float64 {
		if t.RTT.Samples == 0 {
			return -1
		}
		return of(&t.RTT)
	}
}

func answerOf(c *record.Connection, nanos uint64) float64 {
	if noExchanges(c) || c.Exchanges.Answer.N == 0 {
		return math.NaN()
	}
	return secondsOf(c, float64(nanos)/1e9)
}

func slowestExchange(c *record.Connection) float64 {
	if noExchanges(c) || c.Exchanges.Slowest.From == 0 {
		return math.NaN()
	}
	return secondsOf(c, c.Exchanges.Slowest.Seconds)
}

func spentOn(of func(*record.Spent) float64) func(*record.Connection) float64 {
	return func(c *record.Connection) float64 {
		if noSpent(c) {
			return math.NaN()
		}
		return secondsOf(c, of(&c.Spent))
	}
}

func frameOf(f fsm.Frame) float64 {
	if f == 0 {
		return math.NaN()
	}
	return float64(f.Number())
}

func addressOf(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.WithZone("").String()
}

func timeOf(c *record.Connection, t fsm.Time) string {
	if c.Quality.Untimed {
		return ""
	}
	return string(appendTime(nil, t))
}

// secondsOf rounds seconds as the JSON does.
func secondsOf(c *record.Connection, s float64) float64 {
	if c.Quality.Untimed {
		return math.NaN()
	}
	return roundedTo(s, nanosPerSecond)
}

// tenthsOf rounds a rate as the JSON does.
func tenthsOf(v float64) float64 { return roundedTo(v, 10) }

// roundedTo rounds to so many parts of one what is not negative.
func roundedTo(v, parts float64) float64 {
	switch {
	case !(v >= 0) || math.IsInf(v, 0):
		return math.NaN()
	case v >= 1<<53/parts:
		return v
	}
	return float64(uint64(v*parts+0.5)) / parts
}

func duration(c *record.Connection) float64 {
	span := uint64(c.Last) - uint64(c.First)
	switch {
	case c.Quality.Untimed:
		return math.NaN()
	case c.Last >= c.First && span < 1<<53:
		return float64(span) / nanosPerSecond
	}
	var e encoder
	e.keySpan("", c.First, c.Last)
	x, err := strconv.ParseFloat(string(e.buf[:len(e.buf)-1]), 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

// quickSlot is one name that an expression looks at.
type quickSlot struct {
	name   string
	number func(*record.Connection) float64
	word   func(*record.Connection) string
}

// read puts the value of the name where it belongs.
func (s *quickSlot) read(c *record.Connection, values map[string]any) {
	if s.number != nil {
		values[s.name] = s.number(c)
	} else {
		values[s.name] = s.word(c)
	}
}

// addQuick adds the names to what an expression may look at: each is one name there, with
// the dots in it, so that it is looked up once.
func addQuick(to types.Map) types.Map {
	for name := range quickNumbers {
		to[name] = types.Float64
	}
	for name := range quickWords {
		to[name] = types.String
	}
	return to
}

// quickNames makes such a name of each chain of names that is one.
type quickNames struct{}

func (quickNames) Visit(node *ast.Node) {
	if _, member := (*node).(*ast.MemberNode); !member {
		return
	}
	if name := strings.Join(chain(*node), "."); quickNumbers[name] != nil || quickWords[name] != nil {
		ast.Patch(node, &ast.IdentifierNode{Value: name})
	}
}
