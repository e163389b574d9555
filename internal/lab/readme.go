//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteReadme describes the recordings of dir in Markdown, a row each, from
// the scenarios and from what the router noted in their truth.
func WriteReadme(file, dir string) error {
	var b strings.Builder
	b.WriteString(readmeHead)
	for _, s := range slices.Concat(Scenarios(), HandMade()) {
		t, err := ReadTruth(filepath.Join(dir, s.Name+".truth.json"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		var at []string
		for _, v := range []Vantage{AtClient, AtServer, AtRouter} {
			if _, err := os.Stat(filepath.Join(dir, t.Captures[v])); err == nil && t.Captures[v] != "" {
				at = append(at, string(v))
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s, seed %d, Linux %s |\n",
			s.Name, s.Title, t.interferences(), s.Sees, strings.Join(at, ", "), t.Family, t.Seed, t.Kernel)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// interferences says in words what the router did: "dropped first SYN (1)".
func (t *Truth) interferences() string {
	var order []string
	count := make(map[string]int)
	for _, i := range t.Router {
		what := map[Action]string{Drop: "dropped", Delay: "delayed", Duplicate: "doubled", Impostor: "answered"}[i.Action] + " " + i.Rule
		if count[what] == 0 {
			order = append(order, what)
		}
		count[what]++
	}
	for i, what := range order {
		order[i] = fmt.Sprintf("%s (%d×)", what, count[what])
	}
	if len(order) == 0 {
		return "–"
	}
	return strings.Join(order, "; ")
}

const readmeHead = `# Real connections of a real kernel

Recorded by the laboratory in internal/lab between three network namespaces
(client – router – server, 10.77.1.2 and fd77:1::2 to 10.77.2.2 and fd77:2::2).
Ports, sizes and losses come from the seed; times and sequence numbers are the kernel's.
All again, as root on Linux, into an empty directory:

    go run ./internal/lab/cmd/lab record -out DIR -seed 1

or one of them with ` + "`-scenario NAME`" + `. This file is written by the same command.

NAME.client.pcap and NAME.server.pcap are taken on the Ethernet-like interface of
that host. NAME.router.pcap is taken on the router's ` + "`any`" + ` device (Linux cooked v2),
where a forwarded packet shows twice: coming in, and a few milliseconds later going
out with a TTL one less; a dropped packet shows once. The times are in nanoseconds.

NAME.truth.json is what the kernel said (tracepoints): every change of state of each
socket, each retransmission, each RST sent and accepted, the congestion state, with
times on the captures' clock; which packets the router dropped, delayed or doubled;
the counters of both hosts; and what was left of each connection at the end.
How to read the states:

- Linux reports LISTEN → SYN-RECEIVED → ESTABLISHED of a passive open in one go when the
  handshake's third segment arrives; before that there is no socket that could change state.
- Linux reports FIN-WAIT-2 → CLOSED when the socket is replaced by a small record. After
  close() that is as soon as the FIN is acknowledged, and the record is still in FIN-WAIT-2;
  after shutdown() it is at the peer's FIN, and the record is in TIME-WAIT. CLOSING → CLOSED
  also is the entry into TIME-WAIT. "left" says which record there was at the end.
- A change caused by sending is reported shortly before the frame's time at the sender's own
  interface (a retransmission up to 0.1 ms after it); one caused by receiving, shortly after.
- In scenarios named byhand-… the client's side is no kernel but a program that makes its
  segments by hand (10.77.1.3): the truth is what the server's kernel made of them.
- A RST sent for no socket, or by a listener, belongs to the connection of its 4-tuple all
  the same. An accepted RST is reported only if there was a full socket to accept it.

| name | what happens | what the router did | what must be seen | vantages | made as |
| --- | --- | --- | --- | --- | --- |
`
