package report

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

func TestWhereScope(t *testing.T) {
	const kind, count, rtt, neither = "kind", "count", "RTT", "neither"
	for text, want := range map[string]string{
		`verdict.code == "refused"`:                             kind,
		`verdict?.code == "refused"`:                            kind,
		`verdict["code"] == "refused" && not verdict.sure`:      kind,
		`any(anomalies, .severity == "error")`:                  kind,
		`any(anomalies, .name in ["stall", "zero-window"])`:     kind,
		`count(anomalies, .endpoint == "client") > 1`:           kind,
		`len(anomalies) > 0 || traffic.client.out_of_order > 0`: kind,
		`known(close.reset_by) || close.kind == nil`:            kind,
		`true`:                     kind,
		`id > 3 && service == nil`: count,
		`traffic.client.bytes > 3 && verdict.code == "refused"`: count,
		`duration_s > 1 and client.ip startsWith "10."`:         count,
		`exchanges.answer.p99_s > 0.1`:                          count,
		`traffic.client.rtt.p95_s > 1`:                          rtt,
		`traffic.client.rtt.p95_s > duration_s`:                 rtt,
		`traffic.client.rtt.loaded_s > 1`:                       neither,
		`verdict.sentence contains "reset"`:                     neither,
		`verdict == nil && verdict.code == "refused"`:           neither,
		`any(anomalies, .cost_s > 1)`:                           neither,
		`any(anomalies, # == nil)`:                              neither,
		`anomalies[0].name == "stall"`:                          neither,
		`toJSON(anomalies) contains "x"`:                        neither,
		`filter(anomalies, .name == "stall")[0].cost_s > 3`:     neither,
		`len(filter(anomalies, .name == "stall")) > 0`:          kind,
		`let x = anomalies; x[0].cost_s > 1`:                    neither,
		`any(map(anomalies, .frames), len(#) > 1)`:              neither,
		`$env.id == 1`:                          neither,
		`any(transitions, .proof_frame == nil)`: neither,
		`any(transitions, .to == "CLOSED" && .endpoint == "client")`: kind,
		`any(time_in_state.client, any(anomalies, .name == "x"))`:    neither,
	} {
		w, err := ParseWhere(text, true)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := neither
		if w.ByKind() {
			got = kind
		} else if w.ByCount() {
			got = count
		} else if w.ByRTT() {
			got = rtt
		}
		if got != want {
			t.Errorf("%s is by %s, expected %s", text, got, want)
		}
	}
}

// TestWhereEarly: what a connection's place among all others is asked for must wait.
func TestWhereEarly(t *testing.T) {
	for text, want := range map[string]bool{
		`duration_s > 1 || verdict.code == "refused"`: true,
		`any(anomalies, .cost_s > 1)`:                 true,
		`id > 3`:                                      false,
		`duration_s > 1 || tcp_stream == 4`:           false,
		`wireshark_filter contains "stream"`:          false,
		`len(related) > 0`:                            false,
		`any(related, .id == id)`:                     false,
		`$env.id == 1`:                                false,
		`$env[service] == 1`:                          false,
		`keys($env)[0] == "id"`:                       false,
	} {
		w, err := ParseWhere(text, true)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if w.Early() != want {
			t.Errorf("%s is early: %t", text, w.Early())
		}
	}
}

// TestScopesAreNames: what is listed is in the schema.
func TestScopesAreNames(t *testing.T) {
	for _, list := range [][]string{byKind, byCount, byRTT, ofAll} {
		if field, _ := UnknownField(list); field != "" {
			t.Errorf("there is no %s", field)
		}
	}
}

// TestScopesAreRight: what the scopes list is in records for counting what it is in a
// connection's own.
func TestScopesAreRight(t *testing.T) {
	fields := append(append([]string{"anomalies.name", "anomalies.severity", "anomalies.endpoint"}, byKind...), byCount...)
	others := 0 // connections for which the record of another counts
	compare := func(name string, data []byte) {
		sentences := [2]map[uint64]string{{}, {}}
		lines := func(counting bool, sentences map[uint64]string) map[uint64]string {
			all := map[uint64]string{}
			source, err := capture.OpenReader(name, bytes.NewReader(data))
			if err != nil {
				return nil
			}
			var b bytes.Buffer
			w := newNDJSON(&b, Options{Fields: fields})
			a := analyzer.New(analyzer.Options{SummaryOnly: counting, Each: func(c *record.Connection) error {
				b.Reset()
				err := w.Connection(c)
				all[c.ID], sentences[c.ID] = b.String(), c.Verdict.Sentence
				return err
			}})
			for p := (capture.Packet{}); source.Next(&p) == nil; {
				a.Packet(&p)
			}
			if _, err := a.Finish(source.Info()...); err != nil {
				t.Fatal(err)
			}
			return all
		}
		if own, counted := lines(false, sentences[0]), lines(true, sentences[1]); !maps.Equal(own, counted) {
			for id := range own {
				if own[id] != counted[id] {
					t.Fatalf("%s\n%s\nfor counting:\n%s", name, own[id], counted[id])
				}
			}
		}
		for id, sentence := range sentences[0] {
			if sentence != sentences[1][id] {
				others++
			}
		}
	}
	names, err := filepath.Glob("../testdata/pcaps/[cklt]*/*.pcap*")
	if err != nil || len(names) < 100 {
		t.Fatal(names, err)
	}
	for i, name := range names {
		if i%3 > 0 {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		compare(name, data)
	}
	for _, kind := range tracegen.Kinds {
		var b bytes.Buffer
		if _, err := kind.Write(&b, 5000, 1); err != nil {
			t.Fatal(err)
		}
		compare(kind.Name, b.Bytes())
	}
	if others < 1000 {
		t.Errorf("%d connections were counted by the records of others: that proves little", others)
	}
}
