package report

import (
	"encoding/binary"
	"hash/fnv"
	"io"
	"net/netip"
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// connLog writes Zeek's conn.log a connection at a time.
type connLog struct {
	w      io.Writer
	o      Options
	asJSON bool
	begun  bool
	last   fsm.Time // the latest end of a connection
	e      encoder
}

// newZeekLog returns a connLog that writes tab-separated lines to w, one Write a
// connection, with the header lines that Zeek's own readers need.
func newZeekLog(w io.Writer, o Options) Writer { return newConnLog(w, o, false) }

// newZeekJSON returns one that writes an object a line, unset fields left out.
func newZeekJSON(w io.Writer, o Options) Writer { return newConnLog(w, o, true) }

func newConnLog(w io.Writer, o Options, asJSON bool) *connLog {
	return &connLog{w: w, o: o, asJSON: asJSON, e: encoder{buf: make([]byte, 0, 1024)}}
}

// Connection writes the connection's line. With Options.SummaryOnly it writes
// nothing.
func (l *connLog) Connection(c *record.Connection) error {
	if l.o.SummaryOnly {
		return nil
	}
	l.e.buf = l.e.buf[:0]
	if !l.begun {
		l.begin(c.Zeek.Start)
	}
	l.last = max(l.last, c.Zeek.End)
	if l.asJSON {
		l.e.open('{')
	}
	for i := range connLogFields {
		f := &connLogFields[i]
		set := f.set == nil || f.set(c)
		if l.asJSON {
			if set {
				l.e.nameKey(f.name)
				f.json(&l.e, c)
			}
			continue
		}
		if i > 0 {
			l.e.buf = append(l.e.buf, '\t')
		}
		if !set {
			l.e.buf = append(l.e.buf, '-')
			continue
		}
		l.e.buf = f.text(l.e.buf, c)
	}
	if l.asJSON {
		l.e.finish()
	} else {
		l.e.buf = append(l.e.buf, '\n')
	}
	return l.flush()
}

// Finish writes the report's connections and what is left: the header if there
// was no connection, and the closing line.
func (l *connLog) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		if err := l.Connection(c); err != nil {
			return err
		}
	}
	l.e.buf = l.e.buf[:0]
	if l.asJSON {
		return nil
	}
	if !l.begun {
		l.begin(0)
	}
	l.e.buf = append(l.e.buf, "#close\t"...)
	l.e.buf = appendLogTime(l.e.buf, l.last)
	l.e.buf = append(l.e.buf, '\n')
	return l.flush()
}

func (l *connLog) flush() error {
	_, err := l.w.Write(l.e.buf)
	return err
}

// begin appends the header lines. Zeek writes when it opened the log; here it is
// capture time, so that the same capture always gives the same log.
func (l *connLog) begin(t fsm.Time) {
	l.begun = true
	if l.asJSON {
		return
	}
	b := append(l.e.buf, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t"...)
	b = appendLogTime(b, t)
	b = append(b, "\n#fields"...)
	for i := range connLogFields {
		b = append(append(b, '\t'), connLogFields[i].name...)
	}
	b = append(b, "\n#types"...)
	for i := range connLogFields {
		b = append(append(b, '\t'), connLogFields[i].kind...)
	}
	l.e.buf = append(b, '\n')
}

func appendLogTime(b []byte, t fsm.Time) []byte {
	return goTime(t).UTC().AppendFormat(b, "2006-01-02-15-04-05")
}

// connLogField is one column of conn.log. A nil set means always.
type connLogField struct {
	name, kind string
	set        func(*record.Connection) bool
	text       func([]byte, *record.Connection) []byte
	json       func(*encoder, *record.Connection)
}

// The columns, in the order of Zeek 8. service is never set: Zeek tells it from
// the data, and a port's customary name is not that.
var connLogFields = []connLogField{
	timeField("ts", "time", nil, func(z *record.Zeek) int64 { return micros(z.Start) }),
	textField("uid", "string", nil, uid),
	textField("id.orig_h", "addr", nil, func(c *record.Connection) string { return originator(c, 0).IP.String() }),
	countField("id.orig_p", "port", nil, func(c *record.Connection) uint64 { return uint64(originator(c, 0).Port) }),
	textField("id.resp_h", "addr", nil, func(c *record.Connection) string { return originator(c, 1).IP.String() }),
	countField("id.resp_p", "port", nil, func(c *record.Connection) uint64 { return uint64(originator(c, 1).Port) }),
	textField("proto", "enum", nil, func(*record.Connection) string { return "tcp" }),
	textField("service", "string", never, nil),
	timeField("duration", "interval", tookTime, func(z *record.Zeek) int64 { return micros(z.End) - micros(z.Start) }),
	countField("orig_bytes", "count", tookTime, func(c *record.Connection) uint64 { return c.Zeek.Bytes[0] }),
	countField("resp_bytes", "count", tookTime, func(c *record.Connection) uint64 { return c.Zeek.Bytes[1] }),
	textField("conn_state", "string", nil, func(c *record.Connection) string { return c.Zeek.ConnState }),
	boolField("local_orig", func(c *record.Connection) bool { return isLocal(originator(c, 0).IP) }),
	boolField("local_resp", func(c *record.Connection) bool { return isLocal(originator(c, 1).IP) }),
	countField("missed_bytes", "count", nil, func(c *record.Connection) uint64 { return c.Zeek.MissedBytes }),
	textField("history", "string", hasHistory, func(c *record.Connection) string { return c.Zeek.History }),
	countField("orig_pkts", "count", nil, func(c *record.Connection) uint64 { return c.Zeek.Packets[0] }),
	countField("orig_ip_bytes", "count", nil, func(c *record.Connection) uint64 { return c.Zeek.IPBytes[0] }),
	countField("resp_pkts", "count", nil, func(c *record.Connection) uint64 { return c.Zeek.Packets[1] }),
	countField("resp_ip_bytes", "count", nil, func(c *record.Connection) uint64 { return c.Zeek.IPBytes[1] }),
	textField("tunnel_parents", "set[string]", never, nil),
	countField("ip_proto", "count", nil, func(*record.Connection) uint64 { return 6 }),
}

func never(*record.Connection) bool        { return false }
func tookTime(c *record.Connection) bool   { return c.Zeek.HasBytes }
func hasHistory(c *record.Connection) bool { return c.Zeek.History != "" }

func textField(name, kind string, set func(*record.Connection) bool, value func(*record.Connection) string) connLogField {
	return connLogField{name, kind, set,
		func(b []byte, c *record.Connection) []byte { return appendZeek(b, value(c)) },
		func(e *encoder, c *record.Connection) { e.str(value(c)) },
	}
}

func countField(name, kind string, set func(*record.Connection) bool, value func(*record.Connection) uint64) connLogField {
	return connLogField{name, kind, set,
		func(b []byte, c *record.Connection) []byte { return strconv.AppendUint(b, value(c), 10) },
		func(e *encoder, c *record.Connection) { e.uint(value(c)) },
	}
}

func boolField(name string, value func(*record.Connection) bool) connLogField {
	return connLogField{name, "bool", nil,
		func(b []byte, c *record.Connection) []byte {
			if value(c) {
				return append(b, 'T')
			}
			return append(b, 'F')
		},
		func(e *encoder, c *record.Connection) { e.buf = append(strconv.AppendBool(e.buf, value(c)), ',') },
	}
}

// timeField is a column of seconds with six decimals, given in microseconds.
func timeField(name, kind string, set func(*record.Connection) bool, value func(*record.Zeek) int64) connLogField {
	return connLogField{name, kind, set,
		func(b []byte, c *record.Connection) []byte { return appendMicros(b, value(&c.Zeek)) },
		func(e *encoder, c *record.Connection) { e.buf = append(appendMicros(e.buf, value(&c.Zeek)), ',') },
	}
}

// micros returns a time in whole microseconds, all that Zeek reads of it.
func micros(t fsm.Time) int64 { return int64(t) / 1000 }

func appendMicros(b []byte, us int64) []byte {
	n := uint64(us)
	if us < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/1_000_000, 10)
	b = append(b, '.')
	for div := uint64(100_000); div > 0; div /= 10 {
		b = append(b, byte('0'+n/div%10))
	}
	return b
}

// originator returns the address of Zeek's originator for 0, of its responder
// for 1.
func originator(c *record.Connection, which fsm.Side) record.Addr {
	if c.Zeek.Originator^which == fsm.Client {
		return c.Client
	}
	return c.Server
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// isLocal reports whether the address is of the private ranges, which Zeek
// takes for local unless told otherwise.
func isLocal(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || sharedSpace.Contains(ip)
}

// uid returns an identifier in the form of Zeek's that depends on the
// connection alone, so that a second run gives the same.
func uid(c *record.Connection) string {
	h := fnv.New128a()
	var b [8]byte
	number := func(n uint64) {
		binary.BigEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	for _, a := range [...]record.Addr{c.Client, c.Server} {
		ip := a.IP.As16()
		h.Write(ip[:])
		number(uint64(a.Port))
	}
	number(uint64(c.Zeek.Start))
	number(uint64(c.FirstFrame))
	io.WriteString(h, c.Encapsulation)
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var sum [16]byte
	h.Sum(sum[:0])
	id := []byte{'C'}
	for _, n := range [...]uint64{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])} {
		for range 8 {
			id = append(id, digits[n%62])
			n /= 62
		}
	}
	return string(id)
}

// appendZeek appends a string as Zeek's tab-separated logs hold it: what is no
// printable ASCII, blanks but the space, and the separator become \xNN, a
// backslash is doubled, and what would read as empty or unset is told apart.
func appendZeek(b []byte, s string) []byte {
	switch s {
	case "":
		return append(b, "(empty)"...)
	case "-":
		return append(b, `\x2d`...)
	case "(empty)":
		return append(b, `\x28empty)`...)
	}
	const hex = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b = append(b, '\\', '\\')
		case c < ' ' || c > '~':
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
