package analyzer_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Analyse a capture file and print each connection's states and findings.
func ExampleAnalyze() {
	source, err := capture.Open("../testdata/pcaps/conversations/01-synack-bad-ack.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	report, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{})
	if cut := new(capture.CutError); errors.As(err, &cut) {
		fmt.Println("the capture is cut short:", cut) // what comes before the cut is in the report
	} else if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Connections {
		fmt.Println(c.Client.IP, c.Server.IP, c.State[fsm.Client].State, c.State[fsm.Server].State)
		for _, anomaly := range c.Anomalies {
			fmt.Println(anomaly.Severity, anomaly.Name)
		}
	}
	// Output:
	// 10.0.0.1 10.0.0.2 SYN-SENT LISTEN
	// error handshake-bad-synack-ack
}

// Take each connection as it ends, so that memory does not grow with the capture,
// and stop at the first that was reset.
func ExampleAnalyze_each() {
	source, err := capture.Open("../testdata/pcaps/lab/seed-1-act-1.client.pcap.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	found := errors.New("found")
	_, err = analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{
		Each: func(c *record.Connection) error {
			if c.Close.ResetBy == "" {
				return nil
			}
			fmt.Println("connection", c.ID, "was reset in frame", c.Close.RST)
			return found
		},
	})
	if !errors.Is(err, found) {
		log.Fatal(err)
	}
}
