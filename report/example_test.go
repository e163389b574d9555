package report_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// analyze reads a capture of a connection that was reset.
func analyze(opt analyzer.Options) *record.Report {
	source, err := capture.Open("../testdata/pcaps/conversations/09-rst-in-window.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, opt)
	if err != nil {
		log.Fatal(err)
	}
	return r
}

// Write a report in a format that is chosen by its name.
func ExampleFormat_Write() {
	r := analyze(analyzer.Options{})
	format := report.FindFormat("junit")
	if format == nil {
		log.Fatal("no such format")
	}
	o := report.DefaultOptions()
	o.Checks = analyzer.Checks()
	var out bytes.Buffer
	if err := format.Write(&out, r, o); err != nil {
		log.Fatal(err)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	fmt.Println(first)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
}

// Write each connection as soon as it is known, with a format that streams, and keep
// none.
func ExampleWriter() {
	var out bytes.Buffer
	lines := report.FindFormat("ndjson").New(&out, report.DefaultOptions())
	r := analyze(analyzer.Options{Each: lines.Connection})
	if err := lines.Finish(r); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		kind, _, _ := strings.Cut(line, ",")
		fmt.Println(kind)
	}
	// Output:
	// {"type":"connection"
	// {"type":"anomaly"
	// {"type":"anomaly"
	// {"type":"summary"
}

// Print a report for people, without colours and in ASCII.
func ExampleText() {
	o := report.DefaultOptions()
	o.ASCII = true
	var page bytes.Buffer
	if err := report.Text(&page, analyze(analyzer.Options{}), o); err != nil {
		log.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		if name, _, heading := strings.Cut(line, " ---"); heading && line[0] != ' ' {
			fmt.Println(name)
		}
	}
	// Output:
	// Problems
	// Capture
	// Connections
	// Findings
}
