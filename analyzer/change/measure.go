package change

import (
	"math"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Measure names what is compared: kebab-case words that never change.
type Measure string

// The measures. Those of a side are about what that side sends.
const (
	Failed         Measure = "failed"          // connections whose verdict is a failure
	Verdict        Measure = "verdict"         // connections with one verdict
	Warned         Measure = "warned"          // connections that did not fail, with a finding of severity warning or error
	Handshake      Measure = "handshake"       // time of the handshake, repetitions included
	Answer         Measure = "answer"          // time to the first byte of an answer
	SlowAnswer     Measure = "answer-p95"      // the same: the 95th percentile of each connection
	ClientResent   Measure = "client-resent"   // packets that were retransmissions and not reported as needless
	ServerResent   Measure = "server-resent"   //
	ClientWindow   Measure = "client-window"   // the largest receive window offered
	ServerWindow   Measure = "server-window"   //
	ClientRTT      Measure = "client-rtt"      // round trip of the client's data: beyond the tap, to the server
	ServerRTT      Measure = "server-rtt"      // and of the server's, to the client
	ClientDelivery Measure = "client-delivery" // delivery rate
	ServerDelivery Measure = "server-delivery" //
	ClientBytes    Measure = "client-bytes"    // payload of a connection
	ServerBytes    Measure = "server-bytes"    //
)

// Unit is what a measure's values are in.
type Unit uint8

// The units.
const (
	Share    Unit = iota // 0 to 1
	Seconds              //
	Bytes                //
	ByteRate             // bytes per second
)

// rule is how a measure is compared.
type rule struct {
	measure Measure
	unit    Unit
	rank    int // what comes first: causes before what may follow from them
	worse   int // 1: more is worse; -1: less is; 0: neither
	column  int // its place in a row; -1: a share of connections; of retransmissions, the side

	// The least change that matters: by this factor, and by this much.
	factor, least float64
	follows       []Measure // what it may follow from
}

// The least change that matters.
const (
	leastTime   = 500e-6 // seconds
	timeFactor  = 1.25
	leastResent = 0.002
	leastShare  = 0.001
	shareFactor = 1.5
	sizeFactor  = 1.5
	bytesFactor = 2
)

var (
	fromPath = []Measure{Failed, ClientResent, ServerResent, ClientBytes, ServerBytes, Handshake}
	fromAll  = append(fromPath, ClientWindow, ServerWindow, Answer, SlowAnswer, ClientRTT, ServerRTT)
)

// The columns of a row.
const (
	columnHandshake = iota
	columnAnswer
	columnSlowAnswer
	columnRTT
	columnWindow   = columnRTT + 2
	columnDelivery = columnWindow + 2
	columnBytes    = columnDelivery + 2
	columnPackets  = columnBytes + 2
	columnResent   = columnPackets + 2
	columns        = columnResent + 2
)

// noColumn is that of a share of connections.
const noColumn = -1

// rules are those of all measures but shares of connections.
var rules = []rule{
	{ClientResent, Share, 1, 1, columnResent, shareFactor, leastResent, []Measure{Failed}},
	{ServerResent, Share, 1, 1, columnResent + 1, shareFactor, leastResent, []Measure{Failed}},
	{ClientWindow, Bytes, 1, -1, columnWindow, sizeFactor, 0, []Measure{Failed, ClientBytes, ServerBytes}},
	{ServerWindow, Bytes, 1, -1, columnWindow + 1, sizeFactor, 0, []Measure{Failed, ClientBytes, ServerBytes}},
	// Another use of the service is a cause too.
	{ClientBytes, Bytes, 1, 0, columnBytes, bytesFactor, 0, nil},
	{ServerBytes, Bytes, 1, 0, columnBytes + 1, bytesFactor, 0, nil},
	{Handshake, Seconds, 2, 1, columnHandshake, timeFactor, leastTime, []Measure{ClientResent, ServerResent}},
	{Answer, Seconds, 3, 1, columnAnswer, timeFactor, leastTime, append(fromPath, ClientWindow, ServerWindow)},
	{SlowAnswer, Seconds, 4, 1, columnSlowAnswer, timeFactor, leastTime, append(fromPath, ClientWindow, ServerWindow, Answer)},
	// Acknowledgments wait for answers to ride on.
	{ClientRTT, Seconds, 5, 1, columnRTT, timeFactor, leastTime, append(fromPath, ClientWindow, ServerWindow, Answer, SlowAnswer)},
	{ServerRTT, Seconds, 5, 1, columnRTT + 1, timeFactor, leastTime, append(fromPath, ClientWindow, ServerWindow, Answer, SlowAnswer)},
	{ClientDelivery, ByteRate, 6, -1, columnDelivery, sizeFactor, 0, fromAll},
	{ServerDelivery, ByteRate, 6, -1, columnDelivery + 1, sizeFactor, 0, fromAll},
}

// The rules of shares of connections.
var (
	failedRule  = rule{Failed, Share, 0, 1, noColumn, shareFactor, leastShare, nil}
	verdictRule = rule{Verdict, Share, 0, 1, noColumn, shareFactor, leastShare, nil}
	troubleRule = rule{Verdict, Share, 2, 1, noColumn, shareFactor, leastShare, []Measure{Failed}}
	warnedRule  = rule{Warned, Share, 6, 1, noColumn, shareFactor, leastShare, fromAll}
)

// beyond returns what a value must exceed to be larger by what matters.
func (r *rule) beyond(x float64) float64 { return max(x*r.factor, x+r.least) }

// resent reports whether the measure is a share of packets.
func (r *rule) resent() bool { return r.column == columnResent || r.column == columnResent+1 }

// strength says how much two values differ, for the order of changes: 0 for not at all.
func (r *rule) strength(before, after float64) float64 {
	floor := max(r.least, 1e-9)
	if r.column == noColumn {
		floor = 0.01
	}
	return math.Abs(math.Log((after + floor) / (before + floor)))
}

// A row is a Sample that is kept.
type row struct {
	key    uint64 // by which some of many are chosen
	first  fsm.Time
	values [columns]float32
}

func rowOf(s *Sample, failed bool) row {
	r := row{key: scattered(s.ID), first: s.First}
	put := func(column int, x float64) { r.values[column] = bounded(x) }
	put(columnHandshake, s.Handshake)
	put(columnAnswer, s.Answer)
	put(columnSlowAnswer, s.SlowAnswer)
	for side := range 2 {
		put(columnRTT+side, s.RTT[side])
		put(columnWindow+side, s.Window[side])
		put(columnDelivery+side, s.Delivery[side])
		if !failed { // else how much it would have carried is not known
			put(columnBytes+side, s.Bytes[side])
		} else {
			put(columnBytes+side, unknown)
		}
		put(columnPackets+side, s.Packets[side])
		put(columnResent+side, min(s.Resent[side], s.Packets[side]))
	}
	return r
}

// bounded returns the value as a row keeps it: unknown if it is below zero, and nothing is
// so large that sums and differences of it would be no numbers.
func bounded(x float64) float32 {
	if !(x >= 0) {
		return float32(math.NaN())
	}
	return float32(min(x, 1e18))
}

// scattered spreads numbers evenly (splitmix64), so that the least ones are any ones.
func scattered(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
