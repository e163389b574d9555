package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"os"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Graphs returns a Writer of what is drawn of connections, which docs/html.md describes. To
// page, if it is not nil, it writes one page with their graphs that needs nothing but a
// browser; Finish writes it, until then what it will show is kept, compressed and bounded.
// Without a page it writes what they are drawn of as CSV and for xplot, to files that create
// makes; those of CSV are made at once. The connections must have their series
// (analyzer.Options.Series).
func Graphs(page io.Writer, create func(name string) (*os.File, error), o Options) Writer {
	if page == nil {
		return newSeriesFiles(create, o)
	}
	p := &htmlPage{w: page, o: o.forSources()}
	p.detail.files = p.o.Multi
	return p
}

//go:embed html/*.js html/*.css html/page.html html/uplot.LICENSE
var htmlFiles embed.FS

// htmlScripts are the page's scripts, in the order in which they need each other.
var htmlScripts = []string{"uplot.iife.min.js", "words.js", "data.js", "panels.js", "graphs.js", "ladder.js", "taps.js", "overview.js", "table.js", "connection.js", "page.js"}

var htmlStyles = []string{"uplot.min.css", "page.css"}

// htmlPage gathers what the page shows.
type htmlPage struct {
	w      io.Writer
	o      Options
	store  htmlStore
	detail htmlDetail
	total  uint64
}

// Connection takes what the page shows of a connection.
func (p *htmlPage) Connection(c *record.Connection) error {
	p.total++
	row := newHTMLRow(c)
	if !p.store.wants(&row) {
		return nil
	}
	p.store.add(&row, p.detail.of(c), c.Series)
	return nil
}

// Finish writes the page.
func (p *htmlPage) Finish(r *record.Report) error {
	p.o = p.o.forReport(r)
	for _, c := range r.Connections {
		p.Connection(c)
	}
	p.store.end()
	w := bufio.NewWriterSize(p.w, 1<<16)
	p.head(w)
	p.data(w, "meta", p.meta(r))
	htmlBlock(w, "rows", packed(p.store.columns(r)))
	w.WriteString("<!-- uPlot:\n")
	w.Write(htmlFile("uplot.LICENSE"))
	w.WriteString("-->\n")
	for _, name := range htmlScripts {
		w.WriteString("<script>")
		w.Write(htmlFile(name))
		w.WriteString("</script>\n")
	}
	for i, b := range p.store.blocks { // behind the scripts, so that the first screen need not wait for them
		htmlBlock(w, "block-"+number(uint64(i)), b)
	}
	w.WriteString("</body>\n</html>\n")
	return w.Flush()
}

func htmlFile(name string) []byte {
	b, err := htmlFiles.ReadFile("html/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return b
}

// head writes the page up to its data. The policy lets nothing run and nothing be drawn
// but what is hashed in it, and nothing be loaded at all.
func (p *htmlPage) head(w *bufio.Writer) {
	sums := func(names []string) string {
		var list []string
		for _, name := range names {
			sum := sha256.Sum256(htmlFile(name))
			list = append(list, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		return strings.Join(list, " ")
	}
	var styles strings.Builder
	for _, name := range htmlStyles {
		styles.WriteString("<style>")
		styles.Write(htmlFile(name))
		styles.WriteString("</style>\n")
	}
	policy := "default-src 'none'; script-src " + sums(htmlScripts) + "; style-src " + sums(htmlStyles) + "; base-uri 'none'; form-action 'none'"
	strings.NewReplacer("{{policy}}", policy, "{{styles}}", styles.String()).WriteString(w, string(htmlFile("page.html")))
}

// data writes JSON that no text in it can end.
func (p *htmlPage) data(w *bufio.Writer, id string, text []byte) {
	w.WriteString(`<script type="application/json" id="` + id + `">`)
	for _, c := range text {
		switch c { // all of them stand in strings
		case '<', '>', '&':
			w.WriteString(`\u00`)
			w.WriteByte("0123456789abcdef"[c>>4])
			w.WriteByte("0123456789abcdef"[c&15])
		default:
			w.WriteByte(c)
		}
	}
	w.WriteString("</script>\n")
}

// htmlBlock writes compressed data.
func htmlBlock(w *bufio.Writer, id string, b []byte) {
	w.WriteString(`<script type="application/octet-stream" id="` + id + `">`)
	e := base64.NewEncoder(base64.StdEncoding, w)
	e.Write(b)
	e.Close()
	w.WriteString("</script>\n")
}

// meta is what the page knows of the whole capture: the JSON document without its
// connections, and what the numbers in rows and details stand for.
func (p *htmlPage) meta(r *record.Report) []byte {
	var document bytes.Buffer
	o := p.o
	o.SummaryOnly = true
	summary := *r
	summary.Connections = nil
	newJSON(&document, o).Finish(&summary)
	e := encoder{}
	e.open('{')
	e.key(`"document":`)
	e.buf = append(append(e.buf, bytes.TrimSpace(document.Bytes())...), ',')
	e.keyUint(`"shown":`, uint64(len(p.store.rows)))
	e.keyUint(`"of":`, p.total)
	e.keyUint(`"most":`, htmlMostRows)
	e.keyBool(`"files":`, p.o.Multi)
	e.keyInt(`"blocks":`, len(p.store.blocks))
	p.detail.dictionaries(&e, p.o.Checks)
	e.finish()
	return e.buf
}
