package browse

import (
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// MaxRows bounds the connections that are listed: 240 MB. Further ones are counted.
const MaxRows = 1_000_000

// maxRecent bounds those that a live capture lists of the ones that have ended: the latest.
const maxRecent = 10_000

// MaxOpen is how many open connections a survey should show at most.
const MaxOpen = 512

const chunkRows = 4096

// Rows takes connections from the analysis and hands them to the screen. The analysis never
// waits for more than another call.
type Rows struct {
	catalogue *catalogue
	ascii     bool
	live      bool

	mu       sync.Mutex
	chunks   [][]Row // full ones, and one that is being filled; what is in them does not change
	n        int     // rows in them
	gone     int     // chunks that were given up before these
	total    uint64  // connections that have ended
	failed   uint64
	found    uint64          // those with a warning or an error
	open     []Row           // of the latest survey
	ended    map[uint64]bool // of these, those that have ended since
	rates    map[uint64]sample
	progress Progress
	version  uint64 // counts changes
	want     uint64 // the open connection whose record is wanted
	wanted   *record.Connection
	report   *record.Report // when all is read
}

type sample struct {
	at     fsm.Time
	unique uint64
}

// Progress is how far the reading is.
type Progress struct {
	Share   float64 // of the input, 0 to 1; below 0 where that is not known
	Packets uint64
	Open    int
	Dropped uint64
	Now     fsm.Time // of the capture
	Done    bool
	Err     string // why it ended early; escaped
}

// NewRows returns Rows for the checks of a catalogue.
func NewRows(o Options) *Rows {
	return &Rows{catalogue: newCatalogue(o.Checks), ascii: o.Render.ASCII, live: o.Live}
}

func (r *Rows) escape(s string) string { return report.Escape(s, r.ascii) }

// Add takes a connection that has ended. The record is not kept.
func (r *Rows) Add(c *record.Connection) {
	w := r.catalogue.row(c, r.escape)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.version++
	if w.failed() {
		r.failed++
	}
	if w.Worst > 0 && w.Severity >= record.SeverityWarning {
		r.found++
	}
	if r.ended != nil {
		r.ended[w.ID] = true
	}
	if r.n >= MaxRows {
		return
	}
	if last := len(r.chunks) - 1; last < 0 || len(r.chunks[last]) == chunkRows {
		if r.live && len(r.chunks) > (maxRecent+chunkRows-1)/chunkRows {
			r.chunks, r.gone, r.n = r.chunks[1:], r.gone+1, r.n-chunkRows
		}
		r.chunks = append(r.chunks, make([]Row, 0, chunkRows))
	}
	last := len(r.chunks) - 1
	r.chunks[last] = append(r.chunks[last], w)
	r.n++
}

// Survey takes the connections that are open.
func (r *Rows) Survey(list []*record.Connection) {
	r.mu.Lock()
	want := r.want
	r.mu.Unlock()
	open := make([]Row, 0, len(list))
	var wanted *record.Connection
	for _, c := range list {
		open = append(open, r.catalogue.openRow(c, r.escape))
		if c.ID == want {
			wanted = c.Clone()
		}
	}
	rates := make(map[uint64]sample, len(open))
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range open {
		w := &open[i]
		rates[w.ID] = sample{w.Last, w.Unique}
		if before, known := r.rates[w.ID]; known && r.live {
			w.Rate = 0
			if span := r.progress.Now.Seconds(before.at); span > 0 && w.Unique > before.unique {
				w.Rate = float32(float64(w.Unique-before.unique) / span)
			}
		}
	}
	r.open, r.rates, r.ended = open, rates, map[uint64]bool{}
	if wanted != nil {
		r.wanted = wanted
	}
	r.version++
}

// Progress takes how far the reading is.
func (r *Rows) Progress(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = p
	r.version++
}

// Finish takes the report on all that was read; its connections are not looked at.
func (r *Rows) Finish(whole *record.Report, err string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report, r.open = whole, nil
	r.progress.Done, r.progress.Err, r.progress.Share = true, report.Escape(err, r.ascii), 1
	r.version++
}

// Scarce reports whether fewer connections have ended than a screen shows, so that it is
// worth while to survey those that have not.
func (r *Rows) Scarce() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n < 100
}

// Row returns the row of a connection that is listed.
func (r *Rows) Row(id uint64) (row Row, known bool) {
	t := r.now()
	for i := range t.len() {
		if w := t.at(i); w.ID == id {
			return *w, true
		}
	}
	return row, false
}

// Shows reports whether a row is the one that a record would get, its numbers aside.
func (r *Rows) Shows(w *Row, c *record.Connection) bool {
	other := r.catalogue.row(c, r.escape)
	other.ID, other.Stream = w.ID, w.Stream
	return other == *w
}

// wish asks for the record of an open connection; the next survey brings it.
func (r *Rows) wish(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want, r.wanted = id, nil
}

// table is the rows at one moment. It can be read while more come.
type table struct {
	chunks  [][]Row
	n       int
	open    []Row
	total   uint64
	failed  uint64
	found   uint64
	version uint64
	wanted  *record.Connection
	report  *record.Report
	Progress
}

// now returns the rows as they are now.
func (r *Rows) now() *table {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &table{chunks: make([][]Row, len(r.chunks)), n: r.n, total: r.total, failed: r.failed, found: r.found,
		version: r.version, wanted: r.wanted, report: r.report, Progress: r.progress}
	copy(t.chunks, r.chunks) // with their lengths: what is added later is beyond these
	for i := range r.open {
		if !r.ended[r.open[i].ID] {
			t.open = append(t.open, r.open[i])
		}
	}
	return t
}

// changed reports whether there is anything new since a version.
func (r *Rows) changed(version uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version != version
}

// at returns a row: of those that have ended, or behind them of those that are open.
func (t *table) at(i int) *Row {
	if i < t.n {
		return &t.chunks[i/chunkRows][i%chunkRows]
	}
	return &t.open[i-t.n]
}

// openNow returns how many connections are open: as many as the survey showed, where it
// showed all, and else as many as are tracked, which counts those that have just ended too.
func (t *table) openNow() int {
	if len(t.open) >= MaxOpen/2 {
		return t.Progress.Open
	}
	n := 0
	for i := range t.open {
		if t.open[i].Open {
			n++
		}
	}
	return n
}

func (t *table) len() int { return t.n + len(t.open) }
