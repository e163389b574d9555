package zeek

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// play gives a conversation to a State. A line is a segment:
//
//	> SYN seq [ack] [len] [words]
//
// sent by the side that the test calls the client (>) or by the other (<), flags
// as one letter each (- for none), numbers relative to the initial ones, and
// then win0 (window 0), bad (TCP checksum), hdr (IP checksum), cut (data not
// captured). Lines are a second apart. The server's port is 9999, on which Zeek
// expects nobody, unless the text begins with "port 80".
func play(t *testing.T, isn [2]fsm.Seq, text string) *State {
	t.Helper()
	z := &State{}
	ports := [2]uint16{40000, 9999}
	now := fsm.Second
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if f[0] == "port" {
			n, _ := strconv.Atoi(f[1])
			ports[1] = uint16(n)
			continue
		}
		from := fsm.Client
		if f[0] == "<" {
			from = fsm.Server
		}
		s := fsm.Segment{Window: 1000}
		p := Packet{From: from, SrcPort: ports[from], DstPort: ports[from.Peer()], Segment: &s, Time: now, IPLen: 40}
		for _, c := range f[1] {
			switch c {
			case 'S':
				s.Flags |= fsm.SYN
			case 'A':
				s.Flags |= fsm.ACK
			case 'F':
				s.Flags |= fsm.FIN
			case 'R':
				s.Flags |= fsm.RST
			case 'P':
				s.Flags |= fsm.PSH
			case '-':
			default:
				t.Fatalf("%q: flag %c", line, c)
			}
		}
		numbers := 0
		for _, w := range f[2:] {
			switch w {
			case "win0":
				s.Window = 0
				continue
			case "bad":
				p.BadChecksum = true
				continue
			case "hdr":
				p.BadHeader = true
				continue
			case "cut":
				p.Truncated = true
				continue
			}
			n, err := strconv.ParseInt(w, 10, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			switch numbers {
			case 0:
				s.Seq = isn[from].Add(uint32(n))
			case 1:
				s.Ack = isn[from.Peer()].Add(uint32(n))
			case 2:
				s.Len = uint32(n)
				p.IPLen += s.Len
			}
			numbers++
		}
		z.Add(p)
		now += fsm.Second
	}
	return z
}

// numberings are initial numbers far from 2³², shortly before it, and such that
// a responder's RST has number 0.
var numberings = [][2]fsm.Seq{{1000, 5000}, {0xffffffff, 0xfffffff0}, {0, 0}}

const (
	opened  = "> S 0\n < SA 0 1\n > A 1 1\n"
	asked   = opened + "> PA 1 1 100\n"
	talked  = asked + "< PA 1 101 200\n > A 101 201\n"
	clientF = talked + "> FA 101 201\n"
	serverF = talked + "< FA 201 101\n"
)

// Every row of Zeek's decision, in its order, and who may stand in the way.
func TestConnState(t *testing.T) {
	for _, test := range []struct{ name, text, state, history string }{
		{"refused", "> S 0\n < RA 0 1", "REJ", "Sr"},
		{"refused, RST again", "> S 0\n < RA 0 1\n > R 1", "REJ", "SrR"},
		{"SYN-ACK refused, SYN not captured", "> SA 0 1\n < R 1", "REJ", "Hr"},
		{"RST of the responder of a half-seen connection", "> A 1 1\n < R 1", "RSTRH", "Ar"},
		{"reset by the responder", talked + "< R 201", "RSTR", "ShADdr"},
		{"reset by the responder after the originator's FIN", clientF + "< R 201", "RSTR", "ShADdFr"},
		{"both reset, with data", talked + "< R 201\n > R 101", "RSTR", "ShADdrR"},
		{"SYN and RST, no answer", "> S 0\n > R 1", "RSTOS0", "SR"},
		{"SYN, a stray ACK, RST", "> S 0\n < A 7 9\n > R 9", "RSTOS0", "SaR"},
		{"RST alone", "> R 1", "OTH", "R"},
		{"RST after the originator's ACK", "> S 0\n > A 1 1\n > R 1", "OTH", "SAR"},
		{"RST of a half-seen connection", "> A 1 1\n < A 1 1\n > R 1", "OTH", "AaR"},
		{"reset by the originator", talked + "> R 101", "RSTO", "ShADdR"},
		{"closed by both", clientF + "< FA 201 102\n > A 102 202", "SF", "ShADdFf"},
		{"closed by both, neither FIN acknowledged", clientF + "< FA 201 101", "SF", "ShADdFf"},
		{"FIN and RST on one side, the other closes later", clientF + "> R 102\n < FA 201 102", "SF", "ShADdFRf"},
		{"RST after both FINs", clientF + "< FA 201 102\n > R 102", "SF", "ShADdFfR"},
		{"SYN and FIN, no answer", "> S 0\n > F 1", "SH", "SF"},
		{"FIN of a half-seen connection", "> FA 1 1\n < A 1 2", "SH", "Fa"},
		{"closed by the originator", clientF + "< A 201 102", "S2", "ShADdFa"},
		{"FIN of the responder alone", "> A 1 1\n < FA 1 1", "SHR", "Af"},
		{"closed by the responder", serverF + "> A 101 202", "S3", "ShADdf"},
		{"no answer", "> S 0\n > S 0\n > S 0", "S0", "S"},
		{"no answer, one side captured", "> S 0\n > A 1 1\n > PA 1 1 100", "S0", "SAD"},
		{"SYN and SYN-ACK", "> S 0\n < SA 0 1", "S1", "Sh"},
		{"SYN-ACK of another SYN", "> S 0\n < SA 0 0", "S1", "Sh"},
		{"open", talked, "S1", "ShADd"},
		{"joined midway", "> PA 1 1 100\n < A 1 101", "OTH", "Da"},
		{"SYN answered by an ACK", "> S 0\n < A 1 1", "OTH", "Sa"},
		{"two SYNs cross", "> S 0\n < S 0\n > SA 0 1\n < SA 0 1\n > A 1 1", "S1", "SsA"},
		{"SYN-ACK only", "> SA 0 1", "OTH", "H"},
	} {
		for _, isn := range numberings {
			z := play(t, isn, test.text)
			if got := z.ConnState(); got != test.state {
				t.Errorf("%s, numbers from %v: conn_state %s, want %s", test.name, isn, got, test.state)
			}
			if got := z.History(); got != test.history {
				t.Errorf("%s, numbers from %v: history %s, want %s", test.name, isn, got, test.history)
			}
		}
	}
}

func TestHistoryLetters(t *testing.T) {
	repeat := func(line string, n int) string { return strings.Repeat(line+"\n", n) }
	rising := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format+"\n", i)
		}
		return b.String()
	}
	for _, test := range []struct{ name, text, want string }{
		{"data and pure ACKs, once each", talked + "< A 201 101\n > PA 101 201 5\n < PA 201 106 5", "ShADda"},
		{"nothing at all", "> - 1", ""},
		{"data without ACK", "> - 1 0 10", "D"},
		{"a FIN with data says nothing of data", opened + "> FPA 1 1 100", "ShAF"},
		{"the same FIN again", clientF + "> FA 101 201", "ShADdF"},
		{"a FIN behind more data", clientF + "> FPA 102 201 10", "ShADdFF"},
		{"the FIN comes again with its data", talked + "> FPA 101 201 10\n > FPA 101 201 10", "ShADdFT"},
		{"the FIN comes again without", talked + "> FPA 101 201 10\n > FA 111 201", "ShADdF"},
		{"RSTs with one number", talked + "> R 101\n > R 101", "ShADdR"},
		{"RSTs with three numbers", talked + "> R 101\n > R 201\n > R 301", "ShADdRRR"},
		{"a number that comes back counts again", talked + "> R 101\n > R 201\n > R 101", "ShADdRRR"},
		{"another SYN on a used connection", talked + "< A 201 101\n > S 7000", "ShADdaS"},
		{"another SYN before any answer starts anew", "> S 0\n > S 500\n < SA 0 501", "Sh"},
		{"SYN and FIN", "> SF 0", "Q"},
		{"SYN and RST", "> SR 0", "Q"},
		{"FIN and RST", opened + "> FRA 1 1\n > FRA 1 1", "ShAI"},
		{"all three", "> SFR 0", "I"},
		{"zero window", opened + "< A 1 1 0 win0", "ShAaw"},
		{"zero window, 10 of them", opened + repeat("< A 1 1 0 win0", 10), "ShAaww"},
		{"an RST's window says nothing", opened + "< R 1 1 0 win0", "ShAr"},
		{"nor does one after the peer's FIN", clientF + "< A 201 102 0 win0", "ShADdFa"},
		{"a SYN with window 0", "> S 0 0 0 win0", "SW"},
		{"resent once", asked + "> PA 1 1 100", "ShADT"},
		{"resent 9 times", asked + repeat("> PA 1 1 100", 9), "ShADT"},
		{"resent 10 times", asked + repeat("> PA 1 1 100", 10), "ShADTT"},
		{"resent 100 times", asked + repeat("> PA 1 1 100", 100), "ShADTTT"},
		{"partly new is no repetition", asked + "> PA 51 1 100", "ShAD"},
		{"a late segment counts as resent", opened + "> PA 101 1 100\n > PA 1 1 100", "ShADT"},
		{"keepalive with an octet", talked + "> A 100 201 1", "ShADdT"},
		{"keepalive without", talked + "> A 100 201", "ShADd"},
		{"a bad checksum", opened + "> PA 1 1 100 bad", "ShAC"},
		{"12 bad checksums", opened + rising("< PA 1%d 1 5 bad", 12), "ShAcc"},
		{"a bad IP header is dropped without a letter", opened + "> PA 1 1 100 hdr", "ShA"},
		{"bad from the first packet on: checksums are not believed", "> S 0 bad\n < SA 0 1 bad\n > A 1 1 bad", "ShA"},
		{"octets acknowledged, not captured", opened + "< A 1 101", "ShAaG"},
		{"a SYN-ACK of more than the SYN is believed, too", "> S 0\n < SA 0 77", "ShG"},
		{"a hole before data", talked + "< PA 301 101 50\n > A 101 351", "ShADdg"},
		{"data that the snap length cut", opened + "> PA 1 1 100 cut\n < A 1 101", "ShADaG"},
		{"a hole filled in time", talked + "< PA 301 101 50\n < PA 201 101 100\n > A 101 351", "ShADdt"},
		{"a hole filled too late", talked + "< PA 301 101 50\n > A 101 351\n < PA 201 101 100", "ShADdgt"},
		{"a hole under the FIN", clientF + "< FA 251 102\n > A 102 252", "ShADdFfg"},
		{"a FIN is no hole", clientF + "< FA 201 102\n > A 102 202", "ShADdFf"},
		{"no gap while the start is not known", "> PA 1 1 100\n < PA 1 101 10\n < A 1 900", "Dda"},
		{"no gap after an RST", opened + "> R 1\n < A 1 500", "ShARa"},
		{"turned round: a server's port speaks first", "port 80\n < PA 1 1 50", "^d"},
		{"turned round: a SYN-ACK from a server's port", "port 80\n < SA 0 1", "^h"},
		{"not turned round: a SYN", "port 80\n < S 0", "S"},
		{"not turned round: the port is the receiver's", "port 80\n > PA 1 1 50", "D"},
		{"turned round: the ACK of a SYN-ACK", "< SA 0 1\n > A 1 1\n < PA 1 1 5", "^hAd"},
		{"turned round: data after a SYN-ACK", "< SA 0 1\n > PA 1 1 9", "^hD"},
		{"not turned round: an RST after a SYN-ACK", "< SA 0 1\n > R 1", "Hr"},
		{"SYN-ACK captured before its SYN", "< SA 0 1\n > S 0\n > A 1 1", "Hs^A"},
		{"repeated without end", talked + rising("> R 1%02d", 60), "ShADd" + strings.Repeat("R", maxHistory-5)},
	} {
		if got := play(t, numberings[0], test.text).History(); got != test.want {
			t.Errorf("%s: history %s, want %s", test.name, got, test.want)
		}
	}
}

func TestStatesOfTurnedConnections(t *testing.T) {
	for _, test := range []struct {
		text, state string
		originator  fsm.Side
	}{
		{"port 80\n < SA 0 1", "OTH", fsm.Client},
		{"port 80\n < SA 0 1\n > A 1 1", "S1", fsm.Client},
		{"< SA 0 1", "OTH", fsm.Server},
		{"< SA 0 1\n > A 1 1", "S1", fsm.Client},
		{"< SA 0 1\n > S 0", "S1", fsm.Client},
		{"port 80\n < R 1", "RSTRH", fsm.Client},
		{"port 80\n < FA 1 1\n > A 1 2", "SHR", fsm.Client},
		{"port 80\n < SA 0 1\n > A 1 1\n > FA 1 1\n < FA 1 2", "SF", fsm.Client},
	} {
		r := play(t, numberings[1], test.text).Result()
		if r.ConnState != test.state || r.Originator != test.originator {
			t.Errorf("%q: %s with the %v as originator, want %s, %v", test.text, r.ConnState, r.Originator, test.state, test.originator)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, test := range []struct {
		name, text string
		bytes      [2]uint64
		missed     uint64
		packets    [2]uint64
	}{
		{"nobody answers", "> S 0\n > S 0", [2]uint64{0, 0}, 0, [2]uint64{2, 0}},
		{"refused", "> S 0\n < RA 0 1", [2]uint64{0, 0}, 0, [2]uint64{1, 1}},
		{"talk", talked, [2]uint64{100, 200}, 0, [2]uint64{4, 2}},
		{"closed", clientF + "< FA 201 102\n > A 102 202", [2]uint64{100, 200}, 0, [2]uint64{6, 3}},
		{"joined midway", "> PA 500 700 100\n < PA 700 600 30", [2]uint64{100, 30}, 0, [2]uint64{1, 1}},
		{"resent data counts once", asked + "> PA 1 1 100", [2]uint64{100, 0}, 0, [2]uint64{4, 1}},
		{"acknowledged counts as sent", opened + "< A 1 1001", [2]uint64{1000, 0}, 1000, [2]uint64{2, 2}},
		{"an RST's acknowledgement does not", opened + "< RA 1 1001", [2]uint64{0, 0}, 0, [2]uint64{2, 2}},
		{"a far RST's number does not", opened + "> R 9000000", [2]uint64{0, 0}, 0, [2]uint64{3, 1}},
		{"a near RST's number does", opened + "> R 501", [2]uint64{500, 0}, 0, [2]uint64{3, 1}},
		{"one wild acknowledgement", opened + "< A 1 1500000001", [2]uint64{1_500_000_000, 0}, 1_500_000_000, [2]uint64{2, 2}},
		{"only SYN and FIN captured", "> S 0\n < SA 0 1\n > FA 3000000001 1", [2]uint64{3_000_000_000, 0}, 0, [2]uint64{2, 1}},
		{"a hole in the middle", talked + "< PA 301 101 50\n > A 101 351", [2]uint64{100, 350}, 100, [2]uint64{5, 3}},
		{"two holes", talked + "< PA 301 101 50\n < PA 401 101 50\n > A 101 451", [2]uint64{100, 450}, 150, [2]uint64{5, 4}},
		{"holes acknowledged one by one", talked + "< PA 301 101 50\n > A 101 301\n < PA 401 101 50\n > A 101 451", [2]uint64{100, 450}, 150, [2]uint64{6, 4}},
		{"bad checksums do not count", talked + "> PA 101 201 70 bad", [2]uint64{100, 200}, 0, [2]uint64{4, 2}},
		{"turned round", "< SA 0 1\n > PA 1 1 9\n < PA 1 10 4", [2]uint64{9, 4}, 0, [2]uint64{1, 2}},
	} {
		for _, isn := range numberings {
			r := play(t, isn, test.text).Result()
			if r.Bytes != test.bytes || r.MissedBytes != test.missed || r.Packets != test.packets {
				t.Errorf("%s, numbers from %v: bytes %v, missed %d, packets %v; want %v, %d, %v",
					test.name, isn, r.Bytes, r.MissedBytes, r.Packets, test.bytes, test.missed, test.packets)
			}
		}
	}
	r := play(t, numberings[0], talked).Result()
	if want := [2]uint64{4*40 + 100, 2*40 + 200}; r.IPBytes != want {
		t.Errorf("IP bytes %v, want %v", r.IPBytes, want)
	}
}

// A stream longer than 2³² octets keeps counting.
func TestBytesPast4GiB(t *testing.T) {
	var text strings.Builder
	text.WriteString(opened)
	at := int64(1)
	for range 5 {
		fmt.Fprintf(&text, "> PA %d 1 1000000000\n < A 1 %d\n", at, at+1_000_000_000)
		at += 1_000_000_000
	}
	r := play(t, numberings[0], text.String()).Result()
	if r.Bytes[0] != 5_000_000_000 || r.MissedBytes != 0 || r.History != "ShADa" {
		t.Errorf("bytes %d, missed %d, history %s", r.Bytes[0], r.MissedBytes, r.History)
	}
}

func TestDuration(t *testing.T) {
	for _, test := range []struct {
		name, text string
		seconds    fsm.Time // lines are a second apart
	}{
		{"one packet", "> S 0", 0},
		{"open", opened, 2},
		{"what follows both FINs does not count", clientF + "< FA 201 102\n > A 102 202\n > A 102 202", 7},
		{"what follows one does", clientF + "< A 201 102\n < A 201 102", 8},
	} {
		r := play(t, numberings[0], test.text).Result()
		if got := r.End - r.Start; got != test.seconds*fsm.Second || r.HasBytes != (got > 0) {
			t.Errorf("%s: %d ns, bytes known %v; want %d s", test.name, got, r.HasBytes, test.seconds)
		}
	}
}

// However many holes a stream has, what is kept is bounded, and so is the error.
func TestManyHoles(t *testing.T) {
	var text strings.Builder
	text.WriteString(opened)
	const holes = 2 * maxSpans
	for i := range holes {
		fmt.Fprintf(&text, "> PA %d 1 10\n", 11+20*i)
	}
	z := play(t, numberings[0], text.String())
	if n := len(z.ahead.of[orig]); n > maxSpans {
		t.Errorf("%d runs kept, want at most %d", n, maxSpans)
	}
	z = play(t, numberings[0], text.String()+fmt.Sprintf("< A 1 %d\n", 1+20*holes))
	if z.missed < 10*(maxSpans-1) || z.missed > 10*holes {
		t.Errorf("missed %d", z.missed)
	}
}

func TestNoAllocation(t *testing.T) {
	z := play(t, numberings[0], talked)
	s := fsm.Segment{Seq: 1101, Ack: 5201, Len: 10, Flags: fsm.ACK | fsm.PSH, Window: 100}
	p := Packet{From: fsm.Client, Segment: &s, IPLen: 50}
	if n := testing.AllocsPerRun(1000, func() {
		p.Time++
		z.Add(p)
		s.Seq += 10
	}); n != 0 {
		t.Errorf("%v allocations a segment", n)
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 1, 18, 0, 1, 0, 0, 16, 1, 1, 50})
	f.Fuzz(func(t *testing.T, b []byte) {
		var z State
		for i := 0; i+5 <= len(b); i += 5 {
			s := fsm.Segment{
				Flags: fsm.Flags(b[i+1] & 0x3f), Seq: fsm.Seq(b[i+2]) << (b[i] >> 4), Ack: fsm.Seq(b[i+3]) << (b[i] >> 4),
				Len: uint32(b[i+4]), Window: uint16(b[i+4]),
			}
			z.Add(Packet{From: fsm.Side(b[i] & 1), Segment: &s, SrcPort: 80 * uint16(b[i]&1), BadChecksum: b[i]&14 == 14, Truncated: b[i]&12 == 12})
		}
		r := z.Result()
		if r.ConnState == "" || r.Bytes[0] > 1<<40 || r.Bytes[1] > 1<<40 || r.MissedBytes > 1<<40 {
			t.Errorf("%+v", r)
		}
	})
}
