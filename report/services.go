package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// shownServices is how many rows a table of services or of other groups has, unless there
// is no limit.
const shownServices = 10

// serviceTable writes how each service did, those with the most connections first.
func (p *page) serviceTable(s *record.Summary) {
	p.heading("Services")
	rows := s.Services
	if p.o.Limit > 0 {
		rows = rows[:min(len(rows), shownServices, p.o.Limit)]
	}
	t := p.sumsGrid("server")
	for i := range rows {
		v := &rows[i]
		t.add(addr(v.Server)+optional(" ", cut(p.text(v.Name), 15, p.g.ellipsis)), &v.Sums)
	}
	t.write()
	if more := len(s.Services) - len(rows); more > 0 || s.Others.Connections > 0 {
		p.hanging(2, "", plain, p.text(otherServices(s, more)), dim)
	}
}

// otherServices says what the services that are not shown have together.
func otherServices(s *record.Summary, more int) string {
	connections, failed := uint64(0), uint64(0)
	for i := len(s.Services) - more; i < len(s.Services); i++ {
		connections += s.Services[i].Connections
		failed += s.Services[i].Failed
	}
	n, orMore := uint64(more), ""
	o := &s.Others
	n += o.Services
	connections, failed = connections+o.Connections, failed+o.Failed
	if o.More {
		orMore = " or more"
	}
	text := "and " + phrase.Count(n) + orMore + " others with "
	if n == 1 && orMore == "" {
		text = "and 1 other with "
	}
	text += phrase.Counted(connections, "connection", "connections")
	if failed > 0 {
		text += ", " + phrase.Count(failed) + " of them failed"
	}
	return text
}

// sumsTable is a table of groups of connections.
type sumsTable struct {
	p    *page
	grid *grid
	wide bool
}

// wideEnough is from where on a group takes one line.
const wideEnough = 130

func (p *page) sumsGrid(name string) *sumsTable {
	t := &sumsTable{p: p, wide: p.width >= wideEnough}
	switch {
	case t.wide:
		t.grid = newGrid(p, []string{name, "conns", "failed", "resent", "sent by clients", "by server", "goodput", "handshake p50", "p95", "p99", "answer p50", "p95", "p99"})
		t.grid.right(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	default:
		t.grid = newGrid(p, []string{name, "conns\nfailed", "resent\ngoodput", "handshake\nanswer", "p50", "p95", "p99"})
		t.grid.right(1, 2, 3, 4, 5, 6)
	}
	return t
}

func (t *sumsTable) add(name string, s *record.Sums) {
	handshake, answer := t.p.quantiles(&s.Handshake), t.p.quantiles(&s.Answer)
	resent := "0 %"
	if n := s.Retransmissions[0] + s.Retransmissions[1]; n > 0 {
		resent = phrase.Percent(float64(n) / float64(s.Packets[0]+s.Packets[1]))
	}
	goodput := t.p.nothing()
	if r := max(s.Goodput(fsm.Client), s.Goodput(fsm.Server)); r > 0 {
		goodput = t.p.text(phrase.Size(uint64(r)) + "/s")
	}
	if t.wide {
		t.grid.row(append(append([]string{
			name, phrase.Count(s.Connections), phrase.Count(s.Failed), resent,
			phrase.Size(s.Bytes[fsm.Client]), phrase.Size(s.Bytes[fsm.Server]), goodput,
		}, handshake...), answer...)...)
		return
	}
	row := []string{
		name + "\n" + phrase.Size(s.Bytes[fsm.Client]) + " " + t.p.g.arrow + " " + phrase.Size(s.Bytes[fsm.Server]),
		phrase.Count(s.Connections) + "\n" + phrase.Count(s.Failed), resent + "\n" + goodput, "handshake\nanswer",
	}
	for i := range handshake {
		row = append(row, handshake[i]+"\n"+answer[i])
	}
	t.grid.row(row...)
}

func (t *sumsTable) write() { t.grid.write(func(line string) string { return line }) }

// quantiles writes median, p95 and p99 of times.
func (p *page) quantiles(d *record.Distribution) []string {
	if d.N == 0 {
		return []string{p.nothing(), p.nothing(), p.nothing()}
	}
	var list []string
	for _, q := range [...]float64{0.5, 0.95, 0.99} {
		list = append(list, p.text(phrase.Duration(float64(d.Quantile(q))/1e9)))
	}
	return list
}

// groups sums up connections by something else than their service.
type groups struct {
	by   func(*record.Connection) string
	name string
	sums map[string]*record.Sums
	lost uint64 // connections of groups beyond mostGroups
}

// mostGroups bounds the groups; the first ones count.
const mostGroups = 1 << 14

func (g *groups) add(c *record.Connection) {
	key := g.by(c)
	s := g.sums[key]
	if s == nil {
		if len(g.sums) >= mostGroups {
			g.lost++
			return
		}
		s = &record.Sums{}
		g.sums[key] = s
	}
	s.Add(c)
}

// groupTable writes the groups, the largest first.
func (p *page) groupTable(g *groups) {
	p.heading("By " + g.name)
	var keys []string
	for k := range g.sums {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(g.sums[b].Connections, g.sums[a].Connections), cmp.Compare(a, b))
	})
	rows := keys
	if p.o.Limit > 0 {
		rows = keys[:min(len(keys), p.o.Limit)]
	}
	t := p.sumsGrid(g.name)
	for _, k := range rows {
		t.add(p.text(k), g.sums[k])
	}
	t.write()
	rest := g.lost
	for _, k := range keys[len(rows):] {
		rest += g.sums[k].Connections
	}
	if rest > 0 {
		p.hanging(2, "", plain, "and "+phrase.Counted(rest, "connection", "connections")+" of others; --limit 0 shows all", dim)
	}
}

// Groupings are what connections can be grouped by.
var Groupings = []string{"service", "client", "subnet", "verdict"}

func newGroups(by string) *groups {
	g := &groups{name: by, sums: map[string]*record.Sums{}}
	switch by {
	case "service":
		g.by = func(c *record.Connection) string { return addr(c.Server) + optional(" ", c.Service) }
	case "client":
		g.by = func(c *record.Connection) string { return c.Client.IP.String() }
	case "subnet":
		g.by = func(c *record.Connection) string { return subnet(c.Client) }
	case "verdict":
		g.by = func(c *record.Connection) string { return string(c.Verdict.Code) }
	}
	return g
}

// subnet writes the client's /24, of IPv6 the /64.
func subnet(a record.Addr) string {
	bits := 24
	if a.IP.Is6() && !a.IP.Is4In6() {
		bits = 64
	}
	prefix, err := a.IP.Unmap().Prefix(bits)
	if err != nil {
		return a.IP.String()
	}
	return strings.TrimSpace(prefix.String())
}
