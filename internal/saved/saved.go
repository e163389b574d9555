// Package saved reads reports that were saved, as analyze --json and --ndjson print them, so
// that their connections can be compared. It keeps nothing, and nothing that calls itself a
// report makes it panic or grow.
package saved

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Report is what a saved report says beside its connections.
type Report struct {
	Sources     []string // the names of what it is about
	Faults      []string // of the capture, a sentence each
	Connections uint64   // that it holds
	Cut         bool     // it ends before its end: what it holds up to there was read
}

// Connection is a connection of a saved report, as far as it is read.
type Connection struct {
	Record record.Connection // its addresses, name, times, verdict code, and the names and severities of its findings
	Sample change.Sample     // with Warned by these findings
	JSON   []byte            // without blanks, for Where.MatchJSON; valid during the call
}

// Error says what is wrong with a saved report.
type Error struct {
	Message string
	Hint    string // what can be done about it; may be empty
}

func (e *Error) Error() string { return e.Message }

// mostOfOne bounds the JSON of one connection, or of another part, in bytes.
const mostOfOne = 64 << 20

// Looks reports whether what begins so may be a saved report.
func Looks(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// Read reads what JSON or NDJSON wrote, also where another program has laid it out
// anew, and calls each for every connection; the first error that it returns ends the
// reading and is returned. Nothing is kept. Other errors are those of r, and a *Error.
func Read(r io.Reader, each func(*Connection) error) (*Report, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		in.Discard(3)
	}
	p := &portion{r: in, left: mostOfOne}
	s := &reader{portion: p, in: json.NewDecoder(p), each: each}
	err := s.read()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		if s.report.Connections == 0 {
			return nil, &Error{"a report that ends before its first connection", ""}
		}
		s.report.Cut = true
		return &s.report, nil
	case errors.As(err, &syntax):
		return nil, &Error{fmt.Sprintf("no JSON from octet %d on: %v", syntax.Offset, syntax), ""}
	case err != nil:
		return nil, err
	}
	return &s.report, nil
}

// portion lets so much be read until it is set anew.
type portion struct {
	r    io.Reader
	left int
}

func (p *portion) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, &Error{"a part of it is larger than 64 MiB", "save the report without --segments"}
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// reader reads one report.
type reader struct {
	*portion
	in     *json.Decoder
	raw    json.RawMessage
	text   bytes.Buffer
	report Report
	each   func(*Connection) error

	schema bool // it was told
	ended  bool // a document's or a stream's end was read
}

// next reads the next value whole.
func (s *reader) next() error {
	s.left = mostOfOne
	s.raw = s.raw[:0]
	return s.in.Decode(&s.raw)
}

// read reads a document, or lines: which, its first name tells.
func (s *reader) read() error {
	if err := s.token('{'); err != nil {
		return err
	}
	for n := 0; s.in.More(); n++ {
		name, err := s.in.Token()
		if err != nil {
			return err
		}
		key, _ := name.(string)
		if n == 0 && !documentNames[key] {
			return s.lines(key)
		}
		if err := s.part(key); err != nil {
			return err
		}
	}
	if _, err := s.in.Token(); err != nil { // }
		return err
	}
	return s.whole("connections")
}

// documentNames are the names that a document may begin with; a line begins with another.
var documentNames = map[string]bool{"schema": true, "tool": true, "connections": true, "capture": true, "before": true}

// token reads a bracket.
func (s *reader) token(want json.Delim) error {
	s.left = mostOfOne
	t, err := s.in.Token()
	if err == nil && t != want {
		err = &Error{fmt.Sprintf("no report: %q is expected, not %.40q", want.String(), fmt.Sprint(t)), ""}
	}
	return err
}

// part reads a member of a document, whose name was read.
func (s *reader) part(name string) error {
	if name == "before" || name == "after" {
		return &Error{"what compare printed, no report of a capture", "compare reads what analyze --json and --ndjson print"}
	}
	if name != "connections" {
		if err := s.next(); err != nil {
			return err
		}
		return s.about(name, s.raw)
	}
	if err := s.token('['); err != nil {
		return err
	}
	s.ended = true
	for s.in.More() {
		if err := s.next(); err != nil {
			return err
		}
		if err := s.connection(); err != nil {
			return err
		}
	}
	_, err := s.in.Token() // ]
	return err
}

// about takes in what a document, or the last line, says of the whole.
func (s *reader) about(name string, value []byte) error {
	var to any
	var head struct {
		Sources []struct{ Name string }
		Quality struct{ Faults []string }
	}
	version := 0
	switch name {
	case "schema":
		to = &version
	case "capture":
		to = &head
	default:
		return nil
	}
	if err := json.Unmarshal(value, to); err != nil {
		return &Error{name + ": " + misfit(err), ""}
	}
	switch name {
	case "schema":
		s.schema = true
		if version != report.SchemaVersion {
			return &Error{fmt.Sprintf("a report of schema %d; this program reads %d", version, report.SchemaVersion), "analyse the capture again"}
		}
	case "capture":
		for _, source := range head.Sources {
			s.report.Sources = append(s.report.Sources, source.Name)
		}
		s.report.Faults = head.Quality.Faults
	}
	return nil
}

// lines reads NDJSON. The first line's bracket and its first name were read: the rest is
// read as the members of an object that begins with that.
func (s *reader) lines(first string) error {
	rest := io.MultiReader(strings.NewReader("{"+strconv.Quote(first)), s.in.Buffered(), s.portion.r)
	s.portion.r = rest
	s.in = json.NewDecoder(s.portion)
	for {
		err := s.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := s.line(); err != nil {
			return err
		}
	}
	if !s.ended {
		return io.ErrUnexpectedEOF
	}
	return s.whole("summary")
}

// line takes in one line.
func (s *reader) line() error {
	var l struct {
		Type    *string
		Schema  json.RawMessage
		Capture json.RawMessage
	}
	if err := json.Unmarshal(s.raw, &l); err != nil || l.Type == nil {
		return &Error{"JSON of another program: no line of a report", "compare reads what analyze --json and --ndjson print"}
	}
	switch *l.Type {
	case "connection":
		return s.connection()
	case "anomaly":
		return nil
	case "summary":
		s.ended = true
		for name, value := range map[string]json.RawMessage{"schema": l.Schema, "capture": l.Capture} {
			if value != nil {
				if err := s.about(name, value); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return &Error{fmt.Sprintf("JSON of another program: a line of type %.40q", *l.Type), "compare reads what analyze --json and --ndjson print"}
}

// whole says what a report lacks that was read to its end.
func (s *reader) whole(part string) error {
	switch {
	case !s.schema:
		return &Error{"JSON of another program: it has no schema", "compare reads what analyze --json and --ndjson print"}
	case !s.ended:
		return &Error{"a report without " + part, "save it without --summary-only"}
	}
	return nil
}
