//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/report"
)

// checkOutput holds standard output against its format.
func (r *commandRun) checkOutput() {
	r.t.Helper()
	if len(r.stdout) == 0 {
		if r.code == exitOK && !r.has("--quiet") && r.format != "zeek-json" {
			r.t.Errorf("%q: no output", r.args)
		}
		return
	}
	if !utf8.Valid(r.stdout) {
		r.t.Errorf("%q: the output is no UTF-8", r.args)
	}
	switch r.format {
	case "text":
		r.checkText()
	case "json":
		r.checkDocument(r.stdout, "")
	case "ndjson":
		r.checkLines()
	case "zeek":
		r.checkColumns()
	case "zeek-json":
		for _, line := range r.lines() {
			r.validJSON(line)
		}
	case "sarif":
		r.validJSON(r.stdout)
	case "junit":
		r.checkXML()
	}
}

func (r *commandRun) has(flag string) bool {
	for _, a := range r.args {
		if a == flag {
			return true
		}
	}
	return false
}

func (r *commandRun) lines() [][]byte {
	return bytes.Split(bytes.TrimSuffix(r.stdout, []byte("\n")), []byte("\n"))
}

func (r *commandRun) validJSON(b []byte) {
	if !json.Valid(b) {
		r.t.Errorf("%q: not JSON: %.300q", r.args, b)
	}
}

// packetSum is the summary's line of packets.
var packetSum = regexp.MustCompile(`(?m)^packets +([\d,]+) = ([\d,]+) TCP segments?(?: \+ ([\d,]+) skipped|, none skipped)`)

// checkText holds text against the rules of the terminal, and its sum.
func (r *commandRun) checkText() {
	color, ascii := r.has("--color=always"), r.has("--ascii")
	text := string(r.stdout)
	if color {
		text = regexp.MustCompile("\x1b\\[[\\d;]*m").ReplaceAllString(text, "")
	}
	for _, c := range text {
		if c != '\n' && (c < ' ' || c == 0x7f || ascii && c > '~') {
			r.t.Errorf("%q: the text has the character %q", r.args, c)
			break
		}
	}
	if m := packetSum.FindStringSubmatch(text); m != nil {
		r.expect(readNumber(m[1]), readNumber(m[2]), readNumber(m[3]))
	}
}

func readNumber(s string) uint64 {
	n, _ := strconv.ParseUint(strings.ReplaceAll(s, ",", ""), 10, 64)
	return n
}

// The published schema, of a document and of a line.
var schemas = sync.OnceValue(func() map[string]*jsonschema.Schema {
	c := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(report.Schema()))
	if err == nil {
		err = c.AddResource("schema.json", doc)
	}
	if err != nil {
		panic(err)
	}
	return map[string]*jsonschema.Schema{
		"":     c.MustCompile("schema.json"),
		"line": c.MustCompile("schema.json#/$defs/ndjson_line"),
	}
})

// maxValidated is up to what size output is held against the schema, which is slow.
const maxValidated = 256 << 10

// checkDocument holds a document or a line against the schema, and its sum.
func (r *commandRun) checkDocument(b []byte, kind string) (lineType string) {
	r.validJSON(b)
	if len(b) <= maxValidated {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err == nil {
			err = schemas()[kind].Validate(v)
		}
		if err != nil {
			r.t.Errorf("%q: %v\n%.2000s", r.args, err, b)
		}
	}
	var d struct {
		Type    string
		Capture *struct {
			Packets, Segments uint64
			Skipped           map[string]uint64
		}
	}
	if err := json.Unmarshal(b, &d); err != nil {
		r.t.Errorf("%q: %v", r.args, err)
	}
	if d.Capture != nil {
		var skipped uint64
		for _, n := range d.Capture.Skipped {
			skipped += n
		}
		r.expect(d.Capture.Packets, d.Capture.Segments, skipped)
	}
	return d.Type
}

// checkLines holds NDJSON against the schema; a summary is its last line.
func (r *commandRun) checkLines() {
	lines := r.lines()
	for i, line := range lines {
		if kind := r.checkDocument(line, "line"); (kind == "summary") != (i == len(lines)-1) {
			r.t.Errorf("%q: line %d of %d has the type %q", r.args, i+1, len(lines), kind)
		}
	}
}

// checkColumns holds Zeek's log against its own heading.
func (r *commandRun) checkColumns() {
	columns := 0
	for _, line := range r.lines() {
		n := bytes.Count(line, []byte("\t"))
		switch {
		case bytes.HasPrefix(line, []byte("#fields\t")):
			columns = n - 1
		case bytes.HasPrefix(line, []byte("#")):
		case n != columns:
			r.t.Errorf("%q: %d columns of %d: %q", r.args, n+1, columns+1, line)
		}
	}
	if columns == 0 {
		r.t.Errorf("%q: no heading", r.args)
	}
}

func (r *commandRun) checkXML() {
	d := xml.NewDecoder(bytes.NewReader(r.stdout))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			r.t.Errorf("%q: %v", r.args, err)
			return
		}
	}
}
