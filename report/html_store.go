package report

import (
	"bytes"
	"cmp"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// What the page holds at most: connections, and bytes of their details and series before
// they are compressed. Beyond either the worst are kept.
const (
	htmlMostRows  = 100_000
	htmlMostBytes = 96 << 20
)

// htmlBlockSize is how much is compressed together. The page unpacks a block when one of
// its connections is opened.
const htmlBlockSize = 256 << 10

// htmlStore keeps rows, and details and series in compressed blocks.
type htmlStore struct {
	rows   []htmlRow
	blocks [][]byte
	begun  int    // rows in blocks; the others' details and series are still here
	open   []byte // what these refer to
	bytes  int    // of all that rows refer to

	full  bool    // some were given up: what deserves no more than least is not taken
	least htmlDue // of those that are kept

	packer *gzip.Writer
}

// htmlPlace is where something lies among bytes.
type htmlPlace struct{ from, size int }

func (p htmlPlace) of(b []byte) []byte { return b[p.from : p.from+p.size] }

// put appends something to b.
func (p *htmlPlace) put(b, what []byte) []byte {
	p.from, p.size = len(b), len(what)
	return append(b, what...)
}

// htmlDue is what decides which connections are kept: as in the text, what cost most comes
// first.
type htmlDue struct {
	cost    float64
	gravity int
	concern record.Concern
}

func (d htmlDue) compare(e htmlDue) int {
	return cmp.Or(cmp.Compare(d.cost, e.cost), cmp.Compare(d.gravity, e.gravity), cmp.Compare(d.concern, e.concern))
}

// wants reports whether there is room for the row, or it deserves it more than others.
func (s *htmlStore) wants(r *htmlRow) bool { return !s.full || r.due.compare(s.least) > 0 }

func (s *htmlStore) add(r *htmlRow, detail, series []byte) {
	if n := len(detail) + len(series); len(s.open) > 0 && len(s.open)+n > htmlBlockSize {
		s.endBlock()
	}
	s.open = r.series.put(r.detail.put(s.open, detail), series)
	s.bytes += len(detail) + len(series)
	s.rows = append(s.rows, *r)
	if len(s.rows) > htmlMostRows+htmlMostRows/4 || s.bytes > htmlMostBytes+htmlMostBytes/4 {
		s.prune()
	}
}

// endBlock compresses what has gathered: the details in the order of the connections, and
// behind them the series. What is alike lies together then.
func (s *htmlStore) endBlock() {
	rows := s.rows[s.begun:]
	if len(rows) == 0 {
		return
	}
	slices.SortFunc(rows, func(a, b htmlRow) int { return cmp.Compare(a.id, b.id) })
	raw := make([]byte, 0, len(s.open))
	for i := range rows {
		raw = rows[i].detail.put(raw, rows[i].detail.of(s.open))
	}
	for i := range rows {
		raw = rows[i].series.put(raw, rows[i].series.of(s.open))
		rows[i].block = len(s.blocks)
	}
	s.blocks = append(s.blocks, s.pack(raw))
	s.begun = len(s.rows)
	if s.open = s.open[:0]; cap(s.open) > 4*htmlBlockSize {
		s.open = nil
	}
}

// end prunes to what the page holds, and puts the rows in their order.
func (s *htmlStore) end() {
	s.endBlock()
	if len(s.rows) > htmlMostRows || s.bytes > htmlMostBytes {
		s.prune()
		s.endBlock()
	}
	slices.SortFunc(s.rows, func(a, b htmlRow) int { return cmp.Compare(a.id, b.id) })
}

// prune gives up the rows that deserve least, and packs the others anew.
func (s *htmlStore) prune() {
	s.endBlock()
	slices.SortFunc(s.rows, func(a, b htmlRow) int { return cmp.Or(b.due.compare(a.due), cmp.Compare(a.id, b.id)) })
	n, sum := 0, 0
	for ; n < min(len(s.rows), htmlMostRows); n++ {
		if sum += s.rows[n].detail.size + s.rows[n].series.size; sum > htmlMostBytes && n > 0 {
			break
		}
	}
	kept, old := s.rows[:n], s.blocks
	*s = htmlStore{full: true, least: kept[n-1].due, packer: s.packer, rows: make([]htmlRow, 0, n)}
	slices.SortFunc(kept, func(a, b htmlRow) int { return cmp.Or(cmp.Compare(a.block, b.block), cmp.Compare(a.id, b.id)) })
	unpacked, raw := -1, []byte(nil)
	for i := range kept {
		r := kept[i]
		if r.block != unpacked {
			unpacked, raw = r.block, unpackedBlock(old[r.block])
		}
		s.add(&r, r.detail.of(raw), r.series.of(raw))
	}
}

// pack compresses a block.
func (s *htmlStore) pack(b []byte) []byte {
	var out bytes.Buffer
	if s.packer == nil {
		s.packer, _ = gzip.NewWriterLevel(&out, htmlLevel)
	} else {
		s.packer.Reset(&out)
	}
	s.packer.Write(b)
	s.packer.Close()
	return out.Bytes()
}

const htmlLevel = 6

func packed(b []byte) []byte { return (&htmlStore{}).pack(b) }

func unpackedBlock(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		panic(err) // pack made it
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return raw
}
