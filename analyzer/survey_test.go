package analyzer_test

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// surveyed analyses a capture with a survey after every few packets.
func surveyed(t *testing.T, path string, every int, o analyzer.Options) *record.Report {
	t.Helper()
	source, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	a := analyzer.New(o)
	var p capture.Packet
	for n := 1; ; n++ {
		if err := source.Next(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		a.Packet(&p)
		if every > 0 && n%every == 0 {
			a.Survey(100)
		}
	}
	r, err := a.Finish(source.Info()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A survey shows open connections as they are, by the numbers that they keep, and changes
// nothing of what is reported in the end.
func TestSurvey(t *testing.T) {
	paths, err := filepath.Glob("../testdata/pcaps/conversations/*.pcap")
	if err != nil || len(paths) == 0 {
		t.Fatal("no captures")
	}
	kernel, _ := filepath.Glob("../testdata/pcaps/kernel/*.client.pcap")
	for _, path := range append(paths, kernel...) {
		shown := map[uint64]record.Addr{}
		with := surveyed(t, path, 3, analyzer.Options{Workers: 2, Immediate: true, Survey: func(list []*record.Connection) {
			for _, c := range list {
				if c.ID == 0 || c.Segments != nil {
					t.Errorf("%s: a connection %d", path, c.ID)
				}
				shown[c.ID] = c.Client
			}
		}})
		without := surveyed(t, path, 0, analyzer.Options{Immediate: true})
		var a, b bytes.Buffer
		if report.FindFormat("json").Write(&a, with, report.Options{}) != nil || report.FindFormat("json").Write(&b, without, report.Options{}) != nil {
			t.Fatal("no JSON")
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Errorf("%s: a survey changes the report", path)
		}
		for id, client := range shown {
			if id > uint64(len(with.Connections)) {
				t.Errorf("%s: connection %d was surveyed", path, id)
			} else if c := with.Connections[id-1]; c.Client != client && c.Server != client {
				t.Errorf("%s: connection %d was surveyed with the client %v, and is %v", path, id, client, c.Client)
			}
		}
		if len(shown) == 0 && len(with.Connections) > 0 && with.Capture.Packets > 3 {
			t.Logf("%s: nothing was open", path)
		}
	}
}
