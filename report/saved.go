package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Saved is what a saved report says beside its connections.
type Saved struct {
	Tool        Tool
	Sources     []string // the names of what it is about
	Faults      []string // of the capture, a sentence each
	Connections uint64   // that it holds
	Cut         bool     // it ends before its end: what it holds up to there was read
}

// SavedConnection is a connection of a saved report, as far as it is read.
type SavedConnection struct {
	Record record.Connection // its addresses, name, times, verdict code, and the names and severities of its findings
	Sample change.Sample     // with Warned by these findings
	JSON   []byte            // without blanks, for Where.MatchJSON; valid during the call
}

// SavedError says what is wrong with a saved report.
type SavedError struct {
	Message string
	Hint    string // what can be done about it; may be empty
}

func (e *SavedError) Error() string { return e.Message }

// mostOfOne bounds the JSON of one connection, or of another part, in bytes.
const mostOfOne = 64 << 20

// LooksSaved reports whether what begins so may be a saved report.
func LooksSaved(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// ReadSaved reads what JSON or NDJSON wrote, also where another program has laid it out
// anew, and calls each for every connection; the first error that it returns ends the
// reading and is returned. Nothing is kept. Other errors are those of r, and a *SavedError.
func ReadSaved(r io.Reader, each func(*SavedConnection) error) (*Saved, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		in.Discard(3)
	}
	p := &portion{r: in, left: mostOfOne}
	s := &savedReader{portion: p, in: json.NewDecoder(p), each: each}
	err := s.read()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		if s.saved.Connections == 0 {
			return nil, &SavedError{"a report that ends before its first connection", ""}
		}
		s.saved.Cut = true
		return &s.saved, nil
	case errors.As(err, &syntax):
		return nil, &SavedError{fmt.Sprintf("no JSON from octet %d on: %v", syntax.Offset, syntax), ""}
	case err != nil:
		return nil, err
	}
	return &s.saved, nil
}

// portion lets so much be read until it is set anew.
type portion struct {
	r    io.Reader
	left int
}

func (p *portion) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, &SavedError{"a part of it is larger than 64 MiB", "save the report without --segments"}
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// savedReader reads one report.
type savedReader struct {
	*portion
	in    *json.Decoder
	raw   json.RawMessage
	text  bytes.Buffer
	saved Saved
	each  func(*SavedConnection) error

	schema bool // it was told
	ended  bool // a document's or a stream's end was read
}

// next reads the next value whole.
func (s *savedReader) next() error {
	s.left = mostOfOne
	s.raw = s.raw[:0]
	return s.in.Decode(&s.raw)
}

// read reads a document, or lines: which, its first name tells.
func (s *savedReader) read() error {
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
func (s *savedReader) token(want json.Delim) error {
	s.left = mostOfOne
	t, err := s.in.Token()
	if err == nil && t != want {
		err = &SavedError{fmt.Sprintf("no report: %q is expected, not %.40q", want.String(), fmt.Sprint(t)), ""}
	}
	return err
}

// part reads a member of a document, whose name was read.
func (s *savedReader) part(name string) error {
	if name == "before" || name == "after" {
		return &SavedError{"what compare printed, no report of a capture", "compare reads what analyze --json and --ndjson print"}
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
func (s *savedReader) about(name string, value []byte) error {
	var to any
	var head struct {
		Sources []struct{ Name string }
		Quality struct{ Faults []string }
	}
	version := 0
	switch name {
	case "schema":
		to = &version
	case "tool":
		to = &s.saved.Tool
	case "capture":
		to = &head
	default:
		return nil
	}
	if err := json.Unmarshal(value, to); err != nil {
		return &SavedError{name + ": " + misfit(err), ""}
	}
	switch name {
	case "schema":
		s.schema = true
		if version != SchemaVersion {
			return &SavedError{fmt.Sprintf("a report of schema %d; this program reads %d", version, SchemaVersion), "analyse the capture again"}
		}
	case "capture":
		for _, source := range head.Sources {
			s.saved.Sources = append(s.saved.Sources, source.Name)
		}
		s.saved.Faults = head.Quality.Faults
	}
	return nil
}

// lines reads NDJSON. The first line's bracket and its first name were read: the rest is
// read as the members of an object that begins with that.
func (s *savedReader) lines(first string) error {
	rest := io.MultiReader(strings.NewReader("{"+quoted(first)), s.in.Buffered(), s.portion.r)
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

func quoted(s string) string { return string(appendString(nil, s)) }

// line takes in one line.
func (s *savedReader) line() error {
	var l struct {
		Type    *string
		Schema  json.RawMessage
		Tool    json.RawMessage
		Capture json.RawMessage
	}
	if err := json.Unmarshal(s.raw, &l); err != nil || l.Type == nil {
		return &SavedError{"JSON of another program: no line of a report", "compare reads what analyze --json and --ndjson print"}
	}
	switch *l.Type {
	case "connection":
		return s.connection()
	case "anomaly":
		return nil
	case "summary":
		s.ended = true
		for name, value := range map[string]json.RawMessage{"schema": l.Schema, "tool": l.Tool, "capture": l.Capture} {
			if value != nil {
				if err := s.about(name, value); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return &SavedError{fmt.Sprintf("JSON of another program: a line of type %.40q", *l.Type), "compare reads what analyze --json and --ndjson print"}
}

// whole says what a report lacks that was read to its end.
func (s *savedReader) whole(part string) error {
	switch {
	case !s.schema:
		return &SavedError{"JSON of another program: it has no schema", "compare reads what analyze --json and --ndjson print"}
	case !s.ended:
		return &SavedError{"a report without " + part, "save it without --summary-only"}
	}
	return nil
}
