package conversation

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/checksum"
)

const folder = "../../testdata/pcaps/conversations"

func scripts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in %s (%v)", folder, err)
	}
	return paths
}

func TestCommittedCapturesAreWhatTheScriptsBuild(t *testing.T) {
	for _, path := range scripts(t) {
		s, err := Load(path)
		if err != nil {
			t.Error(err)
			continue
		}
		var built bytes.Buffer
		if err := WritePcap(&built, s.Packets(), s.SnapLen); err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(strings.TrimSuffix(path, ".txt") + ".pcap")
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(built.Bytes(), committed) {
			t.Errorf("%s: the capture differs; run go run ./internal/conversation/cmd/buildpcaps", path)
		}
	}
}

// Every captured segment of a committed script says what is expected of it, and
// no capture lies about without its script.
func TestScriptsAreComplete(t *testing.T) {
	for _, path := range scripts(t) {
		s, err := Load(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Peers == "" {
			t.Errorf("%s: no word on what other tools say", path)
		}
		for _, e := range s.Expectations() {
			if !e.Stated {
				t.Errorf("%s:%d: frame %d has no states", path, e.Line, e.Frame)
			}
		}
	}
	captures, _ := filepath.Glob(filepath.Join(folder, "*.pcap"))
	for _, path := range captures {
		if _, err := os.Stat(strings.TrimSuffix(path, ".pcap") + ".txt"); err != nil {
			t.Errorf("%s has no script", path)
		}
	}
}

func TestReadmeListsEveryConversation(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range scripts(t) {
		s, err := Load(path)
		if err != nil {
			t.Error(err)
			continue
		}
		number, _, _ := strings.Cut(filepath.Base(path), "-")
		row := regexp.MustCompile(`(?m)^\| ` + strings.TrimLeft(number, "0") + ` \|.*$`).Find(readme)
		if row == nil {
			t.Errorf("README.md has no row for %s", filepath.Base(path))
			continue
		}
		for _, c := range s.Conns {
			for _, f := range c.Findings {
				if !bytes.Contains(row, []byte("`"+f.Name+"`")) {
					t.Errorf("README.md, row %s: %s is missing", number, f.Name)
				}
			}
		}
	}
}

func parse(t *testing.T, text string) *Script {
	t.Helper()
	s, err := Parse("test.txt", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSegmentOnTheWire(t *testing.T) {
	s := parse(t, `title: one of everything
client: 10.0.0.1:40000 isn 0xfffffffe
1 > S 0 ttl 63 id 7 <mss 1460, ws 7> => SYN-SENT CLOSED
2 +0.000001 < P.U 1("hi") ack 1 win 5 urg 2
`)
	got := s.Packets()
	want := [][]byte{{
		2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, 0, 48, 0, 7, 0x40, 0, 63, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x9c, 0x40, 0, 80, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0, 0x70, 2, 0xfa, 0xf0, 0, 0, 0, 0,
		2, 4, 5, 0xb4, 3, 3, 7, 1,
	}, {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
		0x45, 0, 0, 42, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1,
		0, 80, 0x9c, 0x40, 0, 0, 0x13, 0x89, 0xff, 0xff, 0xff, 0xff, 0x50, 0x38, 0, 5, 0, 0, 0, 2,
		'h', 'i',
	}}
	if len(got) != 2 {
		t.Fatalf("%d packets, want 2", len(got))
	}
	for i := range want {
		g, w := append([]byte(nil), got[i].Data...), want[i]
		for _, b := range [][]byte{g, w} {
			b[24], b[25], b[50], b[51] = 0, 0, 0, 0 // checksums have their own test
		}
		if !bytes.Equal(g, w) {
			t.Errorf("frame %d:\n got %x\nwant %x", i+1, g, w)
		}
	}
	if d := got[1].Time - got[0].Time; d != 1000 {
		t.Errorf("spacing %d ns, want 1000", d)
	}
}

// A right checksum makes the sum over everything 0xffff (RFC 1071 §1 (3)).
func TestChecksumIsRight(t *testing.T) {
	for _, script := range []string{
		"title: t\n> P. 1(33) ack 1",
		"title: t\nclient: [2001:db8::1]:40000\nserver: [2001:db8::2]:80\n> P. 1(34) ack 1",
	} {
		p := parse(t, script).Packets()[0].Data[14:]
		addresses, tcp := p[12:20], p[20:]
		if p[0]>>4 == 6 {
			addresses, tcp = p[8:40], p[40:]
		} else if s := checksum.Fold(checksum.Sum(0, p[:20])); s != 0xffff {
			t.Errorf("%q: IPv4 header sums to %#x", script, s)
		}
		if s := checksum.Fold(checksum.Sum(checksum.Sum(uint64(6+len(tcp)), addresses), tcp)); s != 0xffff {
			t.Errorf("%q: TCP sums to %#x", script, s)
		}
	}
}

func TestChecksumMarks(t *testing.T) {
	p := parse(t, "title: t\n> . 1 ack 1\n> . 1 ack 1 badsum\n> . 1 ack 1 pseudosum").Packets()
	sums := map[string]bool{}
	for _, q := range p {
		sums[string(q.Data[50:52])] = true
	}
	if len(sums) != 3 {
		t.Errorf("%d different checksums, want 3", len(sums))
	}
	// 0a00+0001+0a00+0002+0006+0014 = 141d
	if got := p[2].Data[50:52]; !bytes.Equal(got, []byte{0x14, 0x1d}) {
		t.Errorf("pseudo-header sum %x, want 141d", got)
	}
}

func TestNumbersAreRelativeAndWrap(t *testing.T) {
	s := parse(t, `title: wrap
client: isn 0xffffff00
> P. 200(100) ack 300 <sack 301-401 =1-=2>
< . =4 ack 300
`)
	f := s.frames[0]
	if f.seq != 0xffffffc8 || f.ack != 5300 {
		t.Errorf("seq %#x ack %d", f.seq, f.ack)
	}
	want := []byte{5, 18, 0, 0, 0x14, 0xb5, 0, 0, 0x15, 0x19, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1}
	if !bytes.Equal(f.options, want) {
		t.Errorf("options %x, want %x", f.options, want)
	}
	if g := s.frames[1]; g.seq != 4 || g.ack != 0x2c {
		t.Errorf("seq %#x ack %#x", g.seq, g.ack)
	}
}

func TestResentDataIsTheSame(t *testing.T) {
	s := parse(t, "title: t\n> P. 1(100) ack 1\n> P. 51(50) ack 1\n> P. 1(100) ack 1 fill 0x41")
	first, again, other := s.frames[0].payload, s.frames[1].payload, s.frames[2].payload
	if !bytes.Equal(first[50:], again) {
		t.Error("the same sequence numbers carry different octets")
	}
	if !bytes.Equal(other, bytes.Repeat([]byte{'A'}, 100)) {
		t.Errorf("fill gives %q", other)
	}
}

func TestHiddenAndDoubledFrames(t *testing.T) {
	s := parse(t, `title: t
1 > S 0
> . 1 ack 1 hidden
2 +0.000020 dup => SYN-SENT CLOSED [duplicate-frame]
3 dup 1 ttl 60
4 > . 1 ack 1
`)
	p, e := s.Packets(), s.Expectations()
	if len(p) != 4 || len(e) != 4 {
		t.Fatalf("%d packets and %d expectations, want 4", len(p), len(e))
	}
	if !bytes.Equal(p[0].Data, p[1].Data) {
		t.Error("the doubled frame differs")
	}
	if p[2].Data[22] != 60 || checksum.Fold(checksum.Sum(0, p[2].Data[14:34])) != 0xffff {
		t.Error("the frame doubled behind a router has not the TTL or checksum it should")
	}
	if id := p[3].Data[19]; id != 3 {
		t.Errorf("IP identification %d, want 3: a hidden packet counts, a doubled one doesn't", id)
	}
	if got := p[1].Time - p[0].Time; got != spacing+20_000 {
		t.Errorf("doubled frame after %d ns", got)
	}
	if e[1].Frame != 2 || e[1].Line != 4 || len(e[1].Labels) != 1 || e[1].Labels[0] != "duplicate-frame" {
		t.Errorf("expectation %+v", e[1])
	}
}

func TestConnectionsAndExpectations(t *testing.T) {
	s := parse(t, `title: t
connection: a
1 > S 0 => SYN-SENT CLOSED
finding: flags-null frames 1,2 side client
connection: b
client: 10.0.0.9:1 isn 7
2 > S 0 => CLOSED? TIME-WAIT [x] [y]
connection: a
3 < R. =0 ack 1
`)
	e := s.Expectations()
	if e[0].Conn != 0 || e[1].Conn != 1 || e[2].Conn != 0 || e[2].From != fsm.Server {
		t.Errorf("connections %d %d %d", e[0].Conn, e[1].Conn, e[2].Conn)
	}
	if e[1].State != [2]fsm.State{fsm.Closed, fsm.TimeWait} || e[1].Proved != [2]bool{false, true} || len(e[1].Labels) != 2 {
		t.Errorf("expectation %+v", e[1])
	}
	if e[2].Stated {
		t.Error("frame 3 states nothing")
	}
	if len(s.Conns) != 2 || s.Conns[1].ISN[0] != 7 || len(s.Conns[1].Findings) != 0 {
		t.Errorf("connections %+v", s.Conns)
	}
	f := s.Conns[0].Findings
	if len(f) != 1 || f[0].Name != "flags-null" || f[0].Side != "client" || len(f[0].Frames) != 2 {
		t.Errorf("findings %+v", f)
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"title: t\n\n> Q 0", "x.txt:3: flag 'Q'"},
		{"title: t\n? S 0", `x.txt:2: "?" is not a direction`},
		{"title: t\n2 > S 0", "x.txt:2: this is frame 1, not 2"},
		{"title: t\n> . 1", "x.txt:2: flags have the ACK bit (.) and no ack number is given"},
		{"title: t\n> S zero", `x.txt:2: sequence number: "zero" is not a number`},
		{"title: t\n> S 0 win 70000", `x.txt:2: win "70000" is not a number up to 65535`},
		{"title: t\n> S 0 frob", `x.txt:2: unknown word "frob"`},
		{"title: t\n> S 0 <mss 1460", `x.txt:2: "<mss 1460" is not closed`},
		{"title: t\n> S 0 <msx 1460>", `x.txt:2: unknown option "msx"`},
		{"title: t\n> S 0 <mss>", "x.txt:2: option mss: want 1 number(s), not 0"},
		{"title: t\n> S 0 => SYN_SENT CLOSED", `x.txt:2: the client's state "SYN_SENT" is not one of RFC 9293`},
		{"title: t\n> S 0 => SYN-SENT CLOSED keepalive", `x.txt:2: "keepalive" is not a label`},
		{"title: t\n> S 0 hidden => SYN-SENT CLOSED", "x.txt:2: a hidden segment has no frame number and no expectation"},
		{"title: t\n+0.0000000001 > S 0", "x.txt:2: time \"0.0000000001\" is finer than a nanosecond"},
		{"title: t\ndup", "x.txt:2: there is no frame 0 to capture again"},
		{"title: t\ntitel: u", `x.txt:2: unknown header "titel"`},
		{"title: t\n> S 0\nfinding: x frames 2", "x.txt: line 3: finding x names frame 2 of 1"},
		{"title: t\n> S 0\nclient: 1.2.3.4:5", "x.txt:3: the client must be described before"},
		{"> S 0", "x.txt: no title"},
		{"title: t", "x.txt: no segment that is captured"},
	} {
		_, err := Parse("x.txt", strings.NewReader(c.script))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q:\n got %v\nwant %s…", c.script, err, c.want)
		}
	}
}
