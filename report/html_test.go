package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// htmlParts returns the page of a report, its meta data and its rows.
func htmlParts(t *testing.T, r *record.Report, o Options) (page string, meta, rows map[string]any) {
	t.Helper()
	var b strings.Builder
	if err := Graphs(&b, nil, o).Finish(r); err != nil {
		t.Fatal(err)
	}
	page = b.String()
	part := func(id string) string {
		m := regexp.MustCompile(`id="` + id + `">([^<]*)</script>`).FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in the page", id)
		}
		return m[1]
	}
	if err := json.Unmarshal([]byte(part("meta")), &meta); err != nil {
		t.Fatal(err)
	}
	packed, err := base64.StdEncoding.DecodeString(part("rows"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(z)
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	return page, meta, rows
}

// TestHTMLEscapes holds that nothing of the fixture's hostile names is markup in the page.
func TestHTMLEscapes(t *testing.T) {
	page, meta, _ := htmlParts(t, fixture(), DefaultOptions())
	scripts := regexp.MustCompile(`(?s)<script[^>]*>.*?</script>`).FindAllString(page, -1)
	if want := len(htmlScripts) + 3; len(scripts) != want {
		t.Errorf("%d scripts, want %d", len(scripts), want)
	}
	if meta["document"].(map[string]any)["schema"] != float64(SchemaVersion) {
		t.Error("the page lacks the document")
	}
	rest := regexp.MustCompile(`(?s)<script[^>]*>.*?</script>|<style>.*?</style>`).ReplaceAllString(page, "")
	for _, tag := range regexp.MustCompile(`<[^!/][^>]*>`).FindAllString(rest, -1) {
		if !regexp.MustCompile(`^<(html|head|meta|title|body|a|header|noscript|p|main|section|footer)[ >]`).MatchString(tag) {
			t.Errorf("the page has %s", tag)
		}
	}
}

// TestHTMLKeepsTheWorst gives the page more connections than it holds.
func TestHTMLKeepsTheWorst(t *testing.T) {
	p := Graphs(io.Discard, nil, DefaultOptions()).(*htmlPage)
	const n = 3 * htmlMostRows
	var cost []float64
	for i := range n {
		c := record.Connection{ID: uint64(i + 1)}
		c.Anomalies = []record.Anomaly{{Cost: float64(i * 7919 % n)}}
		p.store.addTold(t, &c)
		cost = append(cost, c.Anomalies[0].Cost)
	}
	p.store.end()
	slices.Sort(cost)
	least := cost[n-htmlMostRows]
	if len(p.store.rows) != htmlMostRows {
		t.Fatalf("%d rows", len(p.store.rows))
	}
	for i := range p.store.rows {
		r := &p.store.rows[i]
		if r.due.cost < least {
			t.Fatalf("connection %d, which lost %v s, is kept, and others that lost more are not", r.id, r.due.cost)
		}
		if i%9973 != 0 {
			continue
		}
		raw := unpackedBlock(p.store.blocks[r.block])
		if detail, series := string(r.detail.of(raw)), string(r.series.of(raw)); detail != fmt.Sprint("detail ", r.id) || series != fmt.Sprint("series ", r.id) {
			t.Errorf("connection %d: %q, %q", r.id, detail, series)
		}
	}
}

// addTold adds a connection with a detail and a series that tell whose they are.
func (s *htmlStore) addTold(t *testing.T, c *record.Connection) {
	t.Helper()
	r := newHTMLRow(c)
	if s.wants(&r) {
		s.add(&r, fmt.Append(nil, "detail ", c.ID), fmt.Append(nil, "series ", c.ID))
	}
}
