package lab

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is one line of the trace: an event of one TCP socket.
type report struct {
	time     time.Time // on the captures' clock, to the microsecond
	name     string    // the tracepoint's
	from, to netip.AddrPort
	fields   map[string]string
	stack    []string // functions of the kernel that led to it, innermost first; where it was asked for
}

var (
	traceEntries = regexp.MustCompile(`entries-in-buffer/entries-written: (\d+)/(\d+)`)
	traceCPU     = regexp.MustCompile(`\[\d+\]`)
	traceLine    = regexp.MustCompile(`\s(\d+)\.(\d{6}): (\w+): (.*)$`)
)

// parseTrace reads the text form of a trace. offset is added to its times.
func parseTrace(text string, offset time.Duration) ([]report, error) {
	if m := traceEntries.FindStringSubmatch(text); m == nil || m[1] != m[2] {
		return nil, fmt.Errorf("the trace buffer overflowed: %q", m)
	}
	var out []report
	last := make(map[string]int) // the latest report by processor, counted from 1
	of := 0                      // the report that a stack belongs to, counted from 1
	for line := range strings.Lines(text) {
		if function, ok := strings.CutPrefix(strings.TrimSpace(line), "=> "); ok {
			if of > 0 {
				out[of-1].stack = append(out[of-1].stack, function)
			}
			continue
		}
		cpu := traceCPU.FindString(line)
		if strings.Contains(line, ": <stack trace>") {
			of = last[cpu]
			continue
		}
		m := traceLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil || strings.HasPrefix(line, "#") {
			continue
		}
		r := report{name: m[3], fields: make(map[string]string)}
		seconds, _ := strconv.ParseInt(m[1], 10, 64)
		micros, _ := strconv.ParseInt(m[2], 10, 64)
		r.time = time.Unix(seconds, micros*1000).Add(offset).UTC()
		for field := range strings.FieldsSeq(m[4]) {
			if k, v, ok := strings.Cut(field, "="); ok {
				r.fields[k] = v
			}
		}
		if p, ok := r.fields["protocol"]; ok && p != "IPPROTO_TCP" {
			continue
		}
		var err error
		if r.from, r.to, err = r.addresses(); err != nil {
			return nil, fmt.Errorf("trace line %q: %w", line, err)
		}
		out = append(out, r)
		last[cpu] = len(out)
	}
	return out, nil
}

// addresses returns the reporting socket's own address and its peer's.
func (r *report) addresses() (from, to netip.AddrPort, err error) {
	if src, ok := r.fields["src"]; ok { // tcp_send_reset writes them in another way
		from, err = netip.ParseAddrPort(src)
		if err == nil {
			to, err = netip.ParseAddrPort(r.fields["dest"])
		}
	} else {
		parse := func(addr, port string) (netip.AddrPort, error) {
			a, err := netip.ParseAddr(r.fields[addr])
			if err != nil {
				return netip.AddrPort{}, err
			}
			p, err := strconv.ParseUint(r.fields[port], 10, 16)
			return netip.AddrPortFrom(a.Unmap(), uint16(p)), err
		}
		if from, err = parse("saddrv6", "sport"); err == nil {
			to, err = parse("daddrv6", "dport")
		}
	}
	unmap := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
	return unmap(from), unmap(to), err
}

// kernelStates are the kernel's names of states, by their RFC names. The order
// is the kernel's numbering from 1.
var kernelStates = []struct{ kernel, rfc string }{
	{"TCP_ESTABLISHED", "ESTABLISHED"},
	{"TCP_SYN_SENT", "SYN-SENT"},
	{"TCP_SYN_RECV", "SYN-RECEIVED"},
	{"TCP_FIN_WAIT1", "FIN-WAIT-1"},
	{"TCP_FIN_WAIT2", "FIN-WAIT-2"},
	{"TCP_TIME_WAIT", "TIME-WAIT"},
	{"TCP_CLOSE", "CLOSED"},
	{"TCP_CLOSE_WAIT", "CLOSE-WAIT"},
	{"TCP_LAST_ACK", "LAST-ACK"},
	{"TCP_LISTEN", "LISTEN"},
	{"TCP_CLOSING", "CLOSING"},
	{"TCP_NEW_SYN_RECV", "SYN-RECEIVED"},
}

// rfcState translates the kernel's name; an unknown one stays as it is, and
// the kernel's word for no socket becomes empty.
func rfcState(kernel string) string {
	for _, s := range kernelStates {
		if s.kernel == kernel {
			return s.rfc
		}
	}
	if kernel == "UNKNOWN" {
		return ""
	}
	return kernel
}

// congestionStates are the kernel's numbers from 0.
var congestionStates = []string{"open", "disorder", "cwr", "recovery", "loss"}

// tuple is a connection's two ends in the direction client to server.
type tuple struct{ client, server netip.AddrPort }

// assemble sorts the kernel's reports into connections: by 4-tuple, then by
// incarnation. A new incarnation begins when the client's socket leaves CLOSED
// or, if that was never seen, when the server's leaves LISTEN. Reports of a
// 4-tuple that never did either are left out: they come from sockets that
// outlive the namespaces of an earlier scenario.
//
// A RST that a listener sends in answer to a stray segment is reported without
// the peer's address; the first RST that the router saw from that host and
// port afterwards tells whose it was.
//
// Connections that are known to exist are there even if no socket ever tells.
func assemble(reports []report, client, server netip.Addr, known []tuple, seen []sighting) []*Connection {
	var all []*Connection
	latest := make(map[tuple]*Connection)  // begun last, by 4-tuple
	serving := make(map[tuple]*Connection) // that the server's socket belongs to
	begin := func(t tuple) *Connection {
		c := &Connection{Client: t.client, Server: t.server, Incarnation: 1}
		if last := latest[t]; last != nil {
			c.Incarnation = last.Incarnation + 1
		}
		latest[t] = c
		all = append(all, c)
		return c
	}
	for _, t := range known {
		if latest[t] == nil {
			begin(t)
		}
	}
	for _, r := range reports {
		if r.name == "tcp_send_reset" && r.to.Port() == 0 {
			r.to = resetTarget(r, seen)
		}
		t, atClient := tuple{r.from, r.to}, true
		if r.from.Addr() == server {
			t, atClient = tuple{r.to, r.from}, false
		}
		if t.client.Addr() != client || t.server.Addr() != server || t.client.Port() == 0 || t.server.Port() == 0 {
			continue // a listener, or somebody else's connection
		}
		from := rfcState(r.fields["oldstate"])
		isState := r.name == "inet_sock_set_state"
		c := latest[t]
		switch opens := isState && (from == "CLOSED" || from == "LISTEN"); {
		case c == nil && !opens:
			continue
		case c == nil, opens && atClient && len(c.ClientSide.States) > 0:
			c = begin(t)
		case opens && !atClient:
			serving[t] = c
		case !atClient && serving[t] != nil && r.ofSocket():
			c = serving[t]
		}
		e := &c.ClientSide
		if !atClient {
			e = &c.ServerSide
		}
		e.note(&r)
	}
	return all
}

// note adds one report of the endpoint's kernel.
func (e *Endpoint) note(r *report) {
	switch r.name {
	case "inet_sock_set_state":
		from, to := rfcState(r.fields["oldstate"]), rfcState(r.fields["newstate"])
		if from == to { // close after shutdown says LAST-ACK again
			break
		}
		e.States = append(e.States, StateChange{r.time, from, to})
	case "tcp_retransmit_skb":
		if code := r.fields["err"]; code != "" && code != "0" {
			break // it did not leave the host
		}
		e.Retransmissions = append(e.Retransmissions, Retransmission{r.time, "segment", rfcState(r.fields["state"]), r.cause(e)})
	case "tcp_retransmit_synack":
		e.Retransmissions = append(e.Retransmissions, Retransmission{Time: r.time, Kind: "syn-ack"})
	case "tcp_send_reset":
		e.ResetsSent = append(e.ResetsSent, Reset{r.time, r.fields["reason"], rfcState(r.fields["state"])})
	case "tcp_receive_reset":
		e.ResetsReceived = append(e.ResetsReceived, Reset{Time: r.time})
	case "tcp_cong_state_set":
		state := r.fields["cong_state"]
		if i := slices.Index([]string{"0", "1", "2", "3", "4"}, state); i >= 0 {
			state = congestionStates[i]
		}
		e.Congestion = append(e.Congestion, Congestion{r.time, state})
	}
}

// cause names what made the kernel send again, from the functions that led to it
// and, for what its queue of lost segments is sent for, from the congestion state.
// It is empty without a stack.
//
// In the state Loss that is the timeout's doing only if a timeout sent something
// since the kernel entered it: a path's MTU or a Fast Open that was refused brings
// it there too, without one.
func (r *report) cause(e *Endpoint) string {
	ledBy := func(function string) bool {
		return slices.ContainsFunc(r.stack, func(f string) bool { return f == function || strings.HasPrefix(f, function+".") })
	}
	switch {
	case len(r.stack) == 0:
		return ""
	case ledBy("tcp_send_loss_probe"):
		return "tail-loss-probe"
	case ledBy("tcp_retransmit_timer"):
		return "timeout"
	}
	n := len(e.Congestion)
	if n == 0 || e.Congestion[n-1].State != "loss" {
		return "fast"
	}
	for i := len(e.Retransmissions) - 1; i >= 0; i-- {
		if x := &e.Retransmissions[i]; x.Cause == "timeout" && !x.Time.Before(e.Congestion[n-1].Time) {
			return "after-timeout"
		}
	}
	if state := e.States[max(0, len(e.States)-1):]; ledBy("tcp_rcv_state_process") && len(state) == 1 && (state[0].To == "SYN-SENT" || state[0].From == "SYN-SENT") {
		return "fast-open-fallback" // in answer to the SYN-ACK
	}
	return "path-mtu"
}

// ofSocket reports whether a full socket reports, not a listener or nobody.
func (r *report) ofSocket() bool {
	switch r.name {
	case "tcp_retransmit_synack":
		return false
	case "tcp_send_reset":
		state := rfcState(r.fields["state"])
		return state != "" && state != "LISTEN"
	}
	return true
}

// selfConnected returns the connections of sockets with themselves. All that such
// a socket did is at the client's side.
func selfConnected(reports []report) []*Connection {
	var all []*Connection
	by := make(map[netip.AddrPort]*Connection)
	for _, r := range reports {
		if r.from != r.to || r.name != "inet_sock_set_state" {
			continue
		}
		c := by[r.from]
		if c == nil {
			c = &Connection{Client: r.from, Server: r.to, Incarnation: 1}
			by[r.from] = c
			all = append(all, c)
		}
		if from, to := rfcState(r.fields["oldstate"]), rfcState(r.fields["newstate"]); from != to {
			c.ClientSide.States = append(c.ClientSide.States, StateChange{r.time, from, to})
		}
	}
	return all
}

// sighting is a RST that the router saw.
type sighting struct {
	time     time.Time
	from, to netip.AddrPort
}

// resetTarget finds to whom a RST went.
func resetTarget(r report, seen []sighting) netip.AddrPort {
	for _, s := range seen {
		if s.from == r.from && s.time.After(r.time.Add(-time.Millisecond)) {
			return s.to
		}
	}
	return r.to
}
