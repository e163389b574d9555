package suricata

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// play gives segments to a State: sender (> client, < server), flags, then seq,
// ack and length relative to the initial numbers.
func play(t *testing.T, isn [2]fsm.Seq, text string) *State {
	t.Helper()
	z := &State{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		from := fsm.Client
		if f[0] == "<" {
			from = fsm.Server
		}
		s := fsm.Segment{Window: 1000}
		for _, c := range f[1] {
			s.Flags |= map[rune]fsm.Flags{'S': fsm.SYN, 'A': fsm.ACK, 'F': fsm.FIN, 'R': fsm.RST, 'P': fsm.PSH}[c]
		}
		for i, w := range f[2:] {
			n, err := strconv.Atoi(w)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			switch i {
			case 0:
				s.Seq = isn[from].Add(uint32(n))
			case 1:
				s.Ack = isn[from.Peer()].Add(uint32(n))
			case 2:
				s.Len = uint32(n)
			}
		}
		z.Add(from, &s)
	}
	return z
}

const (
	opened = "> S 0\n < SA 0 1\n > A 1 1\n"
	client = opened + "> FA 1 1\n" // the client closes first
	server = opened + "< FA 1 1\n"
)

func TestState(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"joined midway", "> PA 1 1 10\n < A 1 11", ""},
		{"SYN-ACK without SYN", "< SA 0 1\n > A 1 1", ""},
		{"SYN", "> S 0", "syn_sent"},
		{"SYN-ACK of another SYN", "> S 0\n < SA 0 7", "syn_sent"},
		{"refused", "> S 0\n < RA 0 1", "closed"},
		{"RST that answers nothing", "> S 0\n < RA 0 9", "syn_sent"},
		{"SYN-ACK", "> S 0\n < SA 0 1", "syn_recv"},
		{"open", opened, "established"},
		{"client closes", client, "close_wait"},
		{"its FIN acknowledged", client + "< A 1 2", "close_wait"},
		{"both close, client first", client + "< FA 1 2", "last_ack"},
		{"all closed, client first", client + "< FA 1 2\n > A 2 2", "closed"},
		{"server closes", server, "fin_wait1"},
		{"its FIN again", server + "< FA 1 1", "fin_wait1"},
		{"its FIN acknowledged", server + "> A 1 2", "fin_wait2"},
		{"both close, server first", server + "> A 1 2\n > FA 1 2", "time_wait"},
		{"FIN with the ACK of the FIN", server + "> FA 1 2", "time_wait"},
		{"all closed, server first", server + "> FA 1 2\n < A 2 2", "closed"},
		{"reset", opened + "< R 1", "closed"},
		{"RST far off", opened + "< R 90000", "established"},
		{"RST of the past", opened + "> PA 1 1 100\n < A 1 101\n > R 50", "established"},
	} {
		for _, isn := range [][2]fsm.Seq{{1000, 5000}, {0xffffffff, 0xffffffff}} {
			if got := play(t, isn, test.text).String(); got != test.want {
				t.Errorf("%s, numbers from %v: %q, want %q", test.name, isn, got, test.want)
			}
		}
	}
}
