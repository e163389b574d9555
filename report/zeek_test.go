package report

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// zeekReport has a plain connection, one that took no time, one that Zeek turns
// round, and one whose words hold what they never should.
func zeekReport() *record.Report {
	from := func(s string) record.Addr {
		a := netip.MustParseAddrPort(s)
		return record.Addr{IP: a.Addr(), Port: a.Port()}
	}
	return &record.Report{Connections: []*record.Connection{
		{ID: 1, FirstFrame: 1, Client: from("10.0.0.5:51044"), Server: from("93.184.216.34:80"), Service: "http", Zeek: record.Zeek{
			ConnState: "SF", History: "ShADadFf", Bytes: [2]uint64{75, 1256}, HasBytes: true, Packets: [2]uint64{6, 5},
			IPBytes: [2]uint64{395, 1524}, Start: start + 123_456_789, End: start + 123_456_789 + 42*sec + 100*ms,
		}},
		{ID: 2, FirstFrame: 9, Client: from("[2001:db8::5]:40000"), Server: from("[fe80::1]:443"), Zeek: record.Zeek{
			ConnState: "S0", History: "S", Packets: [2]uint64{1, 0}, IPBytes: [2]uint64{80, 0}, Start: start + sec, End: start + sec,
		}},
		{ID: 3, FirstFrame: 12, Client: from("100.64.9.9:1234"), Server: from("172.16.0.1:5555"), Zeek: record.Zeek{
			Originator: fsm.Server, ConnState: "OTH", History: "Da", Bytes: [2]uint64{5_000_000_000, 0}, HasBytes: true, MissedBytes: 2896,
			Packets: [2]uint64{3, 1}, IPBytes: [2]uint64{4000, 40}, Start: start, End: start + 1000,
		}},
		{ID: 4, FirstFrame: 20, Client: from("192.0.2.1:1"), Server: from("192.0.2.2:2"), Zeek: record.Zeek{
			ConnState: "-", History: hostile + "\t,", Start: start, End: start,
		}},
	}}
}

func TestConnLogGoldens(t *testing.T) {
	for name, format := range map[string]string{"conn.log": "zeek", "conn.json": "zeek-json"} {
		var b bytes.Buffer
		if err := FindFormat(format).Write(&b, zeekReport(), Options{}); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

// Every line of the log has the columns that the header announces, and nothing
// from the wire adds a line or a column.
func TestConnLogColumns(t *testing.T) {
	var b bytes.Buffer
	if err := FindFormat("zeek").Write(&b, zeekReport(), Options{}); err != nil {
		t.Fatal(err)
	}
	columns, rows := 0, 0
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.Split(line, "\t")
		switch {
		case cells[0] == "#fields":
			columns = len(cells) - 1
		case cells[0] == "#types" && len(cells)-1 != columns:
			t.Errorf("%d types for %d fields", len(cells)-1, columns)
		case line[0] != '#':
			rows++
			if len(cells) != columns {
				t.Errorf("%d columns for %d fields: %q", len(cells), columns, line)
			}
		}
		for i := range len(line) {
			if c := line[i]; c != '\t' && (c < ' ' || c > '~') {
				t.Errorf("octet %#x in %q", c, line)
			}
		}
	}
	if rows != 4 {
		t.Errorf("%d rows, want 4", rows)
	}
}

func TestZeekEscapes(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"ShADadFf", "ShADadFf"},
		{"", "(empty)"},
		{"-", `\x2d`},
		{"a-", "a-"},
		{"(empty)", `\x28empty)`},
		{"a\tb\nc", `a\x09b\x0ac`},
		{`a\b`, `a\\b`},
		{"\x1b[31m\x7f", `\x1b[31m\x7f`},
		{"é", `\xc3\xa9`},
	} {
		if got := string(appendZeek(nil, test.in)); got != test.want {
			t.Errorf("%q: %s, want %s", test.in, got, test.want)
		}
	}
}

func TestConnLogWithoutConnections(t *testing.T) {
	var b bytes.Buffer
	if err := FindFormat("zeek").Write(&b, &record.Report{}, Options{}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 9 || !strings.HasPrefix(b.String(), `#separator \x09`+"\n") {
		t.Errorf("%d lines:\n%s", n, &b)
	}
	b.Reset()
	if err := FindFormat("zeek-json").Write(&b, &record.Report{}, Options{}); err != nil || b.Len() != 0 {
		t.Errorf("%v, %q", err, &b)
	}
}

// The identifier is the connection's own: it neither changes with its place in
// the report nor is shared with another incarnation.
func TestUID(t *testing.T) {
	a := zeekReport().Connections[0]
	b := zeekReport().Connections[0]
	b.ID = 77
	if uid(a) != uid(b) {
		t.Error("the place in the report changes the uid")
	}
	b.FirstFrame++
	if uid(a) == uid(b) {
		t.Error("two connections of one 4-tuple share a uid")
	}
	if n := len(uid(a)); n != 17 || uid(a)[0] != 'C' {
		t.Errorf("uid %s", uid(a))
	}
}

func TestPeerBlocks(t *testing.T) {
	r := zeekReport()
	r.Connections = append(r.Connections, &record.Connection{Suricata: record.Suricata{State: "fin_wait2"}})
	doc := document(t, r, Options{})
	for _, want := range []struct {
		conn  int
		block string
		key   string
		value any
	}{
		{0, "zeek", "conn_state", "SF"}, {0, "zeek", "originator", "client"}, {1, "zeek", "orig_bytes", nil},
		{2, "zeek", "originator", "server"}, {0, "suricata", "state", nil}, {4, "suricata", "state", "fin_wait2"},
	} {
		if got := at(t, doc, "connections", want.conn, want.block, want.key); got != want.value {
			t.Errorf("connection %d: %s.%s is %v, want %v", want.conn, want.block, want.key, got, want.value)
		}
	}
}
