package kernelscore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Causes counts why hosts sent again, three times: as the kernel's functions tell
// for each segment, as its counters do (nstat), and as the analyzer says from the
// sender's own capture. Recordings with segmentation offload are left out: there
// the kernel counts segments and the capture shows giants.
type Causes struct {
	Recordings, Connections int
	Kernel                  map[string]int // by cause, as lab.Retransmission has it; "syn" and "syn-ack" beside them
	Counters                map[string]int64
	Ours                    map[string]int // by retransmission_kinds of the JSON
}

// add counts one play.
func (c *Causes) add(p *play) error {
	if p.truth.Offload || !knowsCauses(p.truth) {
		return nil
	}
	if c.Kernel == nil {
		c.Kernel, c.Counters, c.Ours = make(map[string]int), make(map[string]int64), make(map[string]int)
	}
	c.Recordings++
	c.Connections += len(p.truth.Connections)
	for _, conn := range p.truth.Connections {
		for _, e := range []*lab.Endpoint{&conn.ClientSide, &conn.ServerSide} {
			for i := range e.Retransmissions {
				c.Kernel[causeOf(&e.Retransmissions[i])]++
			}
		}
	}
	for _, host := range []string{"client", "server"} {
		for name, n := range p.truth.Counters[host] {
			c.Counters[name] += n
		}
		v := p.views[lab.Vantage(host)]
		if v == nil {
			continue
		}
		var text bytes.Buffer
		if err := report.JSON(&text, v.report, report.DefaultOptions()); err != nil {
			return err
		}
		var all struct {
			Connections []map[string]any `json:"connections"`
		}
		if err := json.Unmarshal(text.Bytes(), &all); err != nil {
			return fmt.Errorf("report on %q: %w", v.file, err)
		}
		for _, conn := range all.Connections {
			side := "client"
			if ip, _ := under(conn, "server", "ip").(string); p.isOf(ip, host) {
				side = "server"
			}
			kinds, _ := under(conn, "traffic", side, "retransmission_kinds").(map[string]any)
			for kind, n := range kinds {
				x, _ := n.(float64)
				c.Ours[kind] += int(x)
			}
		}
	}
	return nil
}

// isOf reports whether an address is the host's.
func (p *play) isOf(ip, host string) bool {
	for _, c := range p.truth.Connections {
		a := c.Client
		if host == "server" {
			a = c.Server
		}
		if a.Addr().String() == ip {
			return true
		}
	}
	return false
}

// knowsCauses reports whether the truth was recorded with causes.
func knowsCauses(t *lab.Truth) bool {
	for _, c := range t.Connections {
		for _, e := range []*lab.Endpoint{&c.ClientSide, &c.ServerSide} {
			for i := range e.Retransmissions {
				if e.Retransmissions[i].Cause != "" {
					return true
				}
			}
		}
	}
	return false
}

// causeOf names a retransmission's cause, with the handshake's apart.
func causeOf(r *lab.Retransmission) string {
	switch {
	case r.Kind == "syn-ack":
		return "syn-ack"
	case r.State == "SYN-SENT":
		return "syn"
	}
	return r.Cause
}

// Write prints the three counts beside each other. The kernel's counters do not
// count quite the same:
//
//   - TCPSynRetrans counts SYNs and SYN-ACKs;
//   - TCPTimeouts counts the timeouts of SYNs and SYN-ACKs too (which are taken
//     off here; a SYN-ACK in answer to a SYN that comes again is no timeout), and
//     the last one, at which the kernel gives up and sends nothing;
//   - TCPLossProbes counts the probes that carry new data too;
//   - TCPSlowStartRetrans counts all that is sent again in the state Loss but for
//     the timeout's own segment, so also what a path's MTU or a refused Fast Open
//     brings about.
func (c *Causes) Write(w io.Writer) {
	counter := func(name string) int { return int(c.Counters["TcpExt."+name]) }
	rows := [][]string{{fmt.Sprintf("%d connections", c.Connections), "kernel, by function", "kernel, by nstat", "ours"}}
	for _, x := range []struct {
		what   string
		kernel []string
		nstat  int
		ours   []string
	}{
		{"SYN, SYN-ACK", []string{"syn", "syn-ack"}, counter("TCPSynRetrans"), []string{"syn", "syn_ack"}},
		{"timeout", []string{"timeout"}, counter("TCPTimeouts") - c.Kernel["syn"] - c.Kernel["syn-ack"], []string{"timeout"}},
		{"tail loss probe", []string{"tail-loss-probe"}, counter("TCPLossProbes"), []string{"tail_loss_probe"}},
		{"fast", []string{"fast"}, counter("TCPFastRetrans"), []string{"fast"}},
		{"after a timeout, path MTU, Fast Open fallback", []string{"after-timeout", "path-mtu", "fast-open-fallback"}, counter("TCPSlowStartRetrans"), []string{"after_timeout", "path_mtu", "fast_open_fallback"}},
		{"unknown", []string{""}, 0, []string{"unknown"}},
		{"all", []string{"syn", "syn-ack", "timeout", "tail-loss-probe", "fast", "after-timeout", "path-mtu", "fast-open-fallback", ""}, int(c.Counters["Tcp.RetransSegs"]),
			[]string{"syn", "syn_ack", "timeout", "tail_loss_probe", "fast", "after_timeout", "path_mtu", "fast_open_fallback", "unknown"}},
	} {
		rows = append(rows, []string{x.what, count(sum(c.Kernel, x.kernel)), count(x.nstat), count(sum(c.Ours, x.ours))})
	}
	markdown.Table(w, rows)
}

func sum(counts map[string]int, names []string) (n int) {
	for _, name := range names {
		n += counts[name]
	}
	return n
}
