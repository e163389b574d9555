package report

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/series"
)

// maxXplot is of how many connections graphs for xplot are written, which are files of their
// own.
const maxXplot = 1000

// seriesFiles writes the series of connections for who draws by himself: segments.csv with
// a row for each segment, waits.csv with what the time went to, and for xplot the
// time–sequence graph of each direction, as N-client.xpl and N-server.xpl.
type seriesFiles struct {
	create          func(name string) (*os.File, error)
	files           bool
	segments, waits *textFile
	drawn           int
	err             error // of making them
}

type textFile struct {
	*bufio.Writer
	file *os.File
}

func newSeriesFiles(create func(name string) (*os.File, error), o Options) *seriesFiles {
	s := &seriesFiles{create: create, files: o.forSources().Multi}
	if s.segments, s.err = s.begin("segments.csv"); s.err != nil {
		return s
	}
	if s.waits, s.err = s.begin("waits.csv"); s.err != nil {
		return s
	}
	s.segments.WriteString("connection,file,frame,time_s,from,flags,seq,ack,len,window,sack,labels,original_frame,rtt_s,in_flight\n")
	s.waits.WriteString("connection,from_s,until_s,cause,endpoint\n")
	return s
}

func (s *seriesFiles) begin(name string) (*textFile, error) {
	file, err := s.create(name)
	if err != nil {
		return nil, err
	}
	return &textFile{bufio.NewWriterSize(file, 1<<16), file}, nil
}

func (f *textFile) close() error {
	err := f.Flush()
	if e := f.file.Close(); err == nil {
		err = e
	}
	return err
}

// Finish writes the series of the report's connections and closes the tables.
func (s *seriesFiles) Finish(r *record.Report) error {
	for _, c := range r.Connections {
		s.Connection(c)
	}
	for _, f := range [...]*textFile{s.segments, s.waits} {
		if f == nil {
			continue
		}
		if err := f.close(); s.err == nil {
			s.err = err
		}
	}
	return s.err
}

// Connection writes the series of a connection. Once something could not be written it does
// nothing.
func (s *seriesFiles) Connection(c *record.Connection) error {
	if s.err == nil {
		s.err = s.write(c)
	}
	return s.err
}

func (s *seriesFiles) write(c *record.Connection) error {
	r, err := series.NewReader(c.Series)
	if err != nil {
		return err
	}
	if err := s.table(c, r); err != nil {
		return err
	}
	from := c.First
	for _, w := range r.Waits() {
		b := append(strconv.AppendUint(s.waits.AvailableBuffer(), c.ID, 10), ',')
		b = append(appendSpan(b, from-c.First), ',')
		b = append(appendSpan(b, w.Until-c.First), ',')
		b = append(append(b, string(w.Cause)+","+w.Side...), '\n')
		s.waits.Write(b)
		from = w.Until
	}
	if s.drawn == maxXplot {
		return nil
	}
	s.drawn++
	for side := fsm.Client; side <= fsm.Server; side++ {
		f, err := s.begin(number(c.ID) + "-" + side.String() + ".xpl")
		if err != nil {
			return err
		}
		xplot(f.Writer, c, r, side)
		if err := f.close(); err != nil {
			return err
		}
	}
	return nil
}

// appendSpan appends nanoseconds as seconds.
func appendSpan(b []byte, t fsm.Time) []byte {
	if t < 0 {
		b, t = append(b, '-'), -t
	}
	return appendNine(append(appendUint(b, uint64(t/fsm.Second)), '.'), uint32(t%fsm.Second))
}

// table writes the rows of a connection's segments.
func (s *seriesFiles) table(c *record.Connection, r *series.Reader) error {
	at := sampledTimes(r)
	var flight [2]inFlight
	for p := range r.All() {
		flight[p.From].send(p)
		flight[p.From.Peer()].acknowledge(p)
		b := append(strconv.AppendUint(s.segments.AvailableBuffer(), c.ID, 10), ',')
		if s.files {
			b = strconv.AppendInt(b, int64(p.Frame.File())+1, 10)
		}
		b = append(strconv.AppendUint(append(b, ','), p.Frame.Number(), 10), ',')
		b = append(appendSpan(b, p.Time-c.First), ',')
		b = append(append(b, p.From.String()...), ',')
		b = append(append(b, p.Flags.String()...), ',')
		b = append(strconv.AppendUint(b, p.Seq, 10), ',')
		if p.Flags.Has(fsm.ACK) {
			b = strconv.AppendUint(b, p.Ack, 10)
		}
		b = append(strconv.AppendUint(append(b, ','), uint64(p.Len), 10), ',')
		b = append(strconv.AppendUint(b, uint64(p.Window), 10), ',')
		for i, k := range p.SACK[:p.SACKs] {
			if i > 0 {
				b = append(b, ' ')
			}
			b = strconv.AppendInt(append(strconv.AppendInt(b, k.From, 10), ':'), k.To, 10)
		}
		b = append(b, ',')
		if p.Marks != 0 {
			var names []string
			for _, l := range p.Marks.Labels() {
				names = append(names, string(l))
			}
			b = append(b, strings.Join(names, " ")...)
		}
		b = append(b, ',')
		if p.Original != 0 {
			b = strconv.AppendUint(b, p.Original.Number(), 10)
		}
		b = append(b, ',')
		if p.Sampled != 0 {
			b = appendSpan(b, p.Time-at[p.Sampled])
		}
		b = append(strconv.AppendUint(append(b, ','), flight[p.From].bytes(), 10), '\n')
		if _, err := s.segments.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// sampledTimes returns when the segments passed from which round trips were measured.
func sampledTimes(r *series.Reader) map[fsm.Frame]fsm.Time {
	at := map[fsm.Frame]fsm.Time{}
	for p := range r.All() {
		if p.Sampled != 0 {
			at[p.Sampled] = 0
		}
	}
	for p := range r.All() {
		if t, is := at[p.Frame]; is && t == 0 {
			at[p.Frame] = p.Time
		}
	}
	return at
}

// inFlight follows what a side has sent that is not acknowledged.
type inFlight struct{ sent, acked uint64 }

func (f *inFlight) send(p *series.Point) {
	if p.Flags&fsm.RST == 0 {
		f.sent = max(f.sent, p.Seq+uint64(p.Len))
	}
}

func (f *inFlight) acknowledge(p *series.Point) {
	if p.Flags.Has(fsm.ACK) {
		f.acked = max(f.acked, p.Ack)
	}
}

func (f *inFlight) bytes() uint64 { return f.sent - min(f.sent, f.acked) }
