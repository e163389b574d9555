package main

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// account is what a report says, as far as it is compared: frames and times are
// left out.
type account struct {
	connections map[string]*connection // by both ends and incarnation
	findings    map[string]record.Severity
}

// connection is what is said of one connection.
type connection struct {
	verdict  string
	sure     bool
	findings map[string]record.Severity // by name and the end that it is about
	ends     map[string]*end            // by address
}

// end is what is said of one end of a connection.
type end struct {
	states []string
	proved bool // the last state
	resent uint64
}

// last returns the end's last state.
func (e *end) last() string { return e.states[len(e.states)-1] }

// describe returns what a report says. The capture's own faults are left out.
func describe(r *record.Report) *account {
	a := &account{connections: make(map[string]*connection), findings: make(map[string]record.Severity)}
	for i := range r.Capture.Anomalies {
		note(a.findings, &r.Capture.Anomalies[i], "")
	}
	for _, c := range r.Connections {
		names := [2]string{
			fsm.Client: netip.AddrPortFrom(c.Client.IP, c.Client.Port).String(),
			fsm.Server: netip.AddrPortFrom(c.Server.IP, c.Server.Port).String(),
		}
		d := &connection{verdict: string(c.Verdict.Code), sure: c.Verdict.Sure, findings: make(map[string]record.Severity), ends: make(map[string]*end)}
		for side, name := range names {
			e := &end{proved: c.State[side].Proved, resent: c.Traffic[side].Retransmissions}
			for i := range c.Transitions {
				if x := &c.Transitions[i]; int(x.Side) == side {
					e.states = append(e.states, x.To.String())
				}
			}
			if len(e.states) == 0 {
				e.states = []string{c.State[side].State.String()}
			}
			if d.ends[name] != nil { // connected to itself
				name += " (server)"
			}
			d.ends[name] = e
		}
		for i := range c.Anomalies {
			x := &c.Anomalies[i]
			who := ""
			for side, name := range names {
				if x.Side == fsm.Side(side).String() {
					who = name
				}
			}
			note(d.findings, x, who)
		}
		key := slices.Sorted(slices.Values(names[:]))
		a.connections[fmt.Sprintf("%s-%s #%d", key[0], key[1], c.Incarnation)] = d
	}
	return a
}

// note adds a finding, if it is not the capture's.
func note(to map[string]record.Severity, x *record.Anomaly, who string) {
	if x.Severity == record.SeverityCapture {
		return
	}
	name := string(x.Name)
	if who != "" {
		name += " of " + who
	}
	to[name] = max(to[name], x.Severity)
}

// field is what a difference is in.
type field int

const (
	inConnections field = iota
	inStates
	inResent
	inFindings // one more than before
	inLost     // one less
	inVerdict
	numFields
)

// difference is one thing that is said otherwise.
type difference struct {
	in      field
	grave   bool // a finding of warning or worse that is new
	variant string
	text    string
}

// nothingChanged wants both accounts the same.
func nothingChanged(before, after *account) []difference {
	return compareAll(before, after, true)
}

// nothingAdded wants the same, but for findings that the second has not: what is
// cut off cannot be judged.
func nothingAdded(before, after *account) []difference {
	return compareAll(before, after, false)
}

func compareAll(before, after *account, lost bool) (out []difference) {
	out = compareFindings(out, "", before.findings, after.findings, lost)
	for name, c := range before.connections {
		d := after.connections[name]
		if d == nil {
			out = append(out, difference{in: inConnections, text: name + " is missing"})
			continue
		}
		for who, e := range c.ends {
			f := d.ends[who]
			if !slices.Equal(e.states, f.states) {
				out = append(out, difference{in: inStates, text: fmt.Sprintf("%s: %s: %s, was %s", name, who, strings.Join(f.states, " "), strings.Join(e.states, " "))})
			}
			if e.resent != f.resent {
				out = append(out, difference{in: inResent, text: fmt.Sprintf("%s: %s: %d retransmissions, was %d", name, who, f.resent, e.resent)})
			}
		}
		out = compareFindings(out, name+": ", c.findings, d.findings, lost)
		if c.verdict != d.verdict && (lost || d.sure) {
			out = append(out, difference{in: inVerdict, text: fmt.Sprintf("%s: %s, was %s", name, d.verdict, c.verdict)})
		}
	}
	for name := range after.connections {
		if before.connections[name] == nil {
			out = append(out, difference{in: inConnections, text: name + " is new"})
		}
	}
	return out
}

// compareFindings appends the findings that one side has and the other has not;
// those that are missing only if lost is set.
func compareFindings(out []difference, where string, before, after map[string]record.Severity, lost bool) []difference {
	for name, severity := range after {
		if _, ok := before[name]; !ok {
			out = append(out, difference{in: inFindings, grave: severity >= record.SeverityWarning, text: fmt.Sprintf("%s%v %s is new", where, severity, name)})
		}
	}
	for name, severity := range before {
		if _, ok := after[name]; !ok && lost {
			out = append(out, difference{in: inLost, text: fmt.Sprintf("%s%v %s is missing", where, severity, name)})
		}
	}
	return out
}

// consistentPart wants of a part of a capture nothing that the whole refutes: no
// warning or error that the whole has not, no proved last state that the whole
// does not have of that end, and no retransmission more.
func consistentPart(whole, part *account) (out []difference) {
	grave := func(findings map[string]record.Severity) map[string]record.Severity {
		out := make(map[string]record.Severity)
		for name, s := range findings {
			if s >= record.SeverityWarning {
				out[name] = s
			}
		}
		return out
	}
	out = compareFindings(out, "", whole.findings, grave(part.findings), false)
	// The incarnation of a part may be another one's number: all of the same ends count.
	merged := whole.byEnds()
	for name, d := range part.byEnds() {
		c := merged[name]
		if c == nil {
			out = append(out, difference{in: inConnections, text: name + " is new"})
			continue
		}
		out = compareFindings(out, name+": ", c.findings, grave(d.findings), false)
		for who, e := range d.ends {
			w := c.ends[who]
			if w == nil {
				continue
			}
			if e.proved && !slices.Contains(w.states, e.last()) && e.last() != "CLOSED" && e.last() != "LISTEN" {
				out = append(out, difference{in: inStates, text: fmt.Sprintf("%s: %s: ends in %s, whole %s", name, who, e.last(), strings.Join(w.states, " "))})
			}
			if e.resent > w.resent {
				out = append(out, difference{in: inResent, text: fmt.Sprintf("%s: %s: %d retransmissions, whole %d", name, who, e.resent, w.resent)})
			}
		}
	}
	return out
}

// byEnds returns the connections with all incarnations of the same ends as one.
func (a *account) byEnds() map[string]*connection {
	out := make(map[string]*connection)
	for _, name := range slices.Sorted(maps.Keys(a.connections)) {
		c := a.connections[name]
		ends, _, _ := strings.Cut(name, " #")
		m := out[ends]
		if m == nil {
			m = &connection{findings: make(map[string]record.Severity), ends: make(map[string]*end)}
			out[ends] = m
		}
		for name, s := range c.findings {
			m.findings[name] = max(m.findings[name], s)
		}
		for who, e := range c.ends {
			if m.ends[who] == nil {
				m.ends[who] = new(end)
			}
			f := m.ends[who]
			f.states, f.proved, f.resent = append(f.states, e.states...), e.proved, f.resent+e.resent
		}
	}
	return out
}
