package analyzer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	// Output:
	// connection 3 was reset in frame 58
}

// Analyse packets as they come, from a source of your own or a live capture.
func ExampleNew() {
	source, err := capture.Open("../testdata/pcaps/conversations/01-synack-bad-ack.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	a := analyzer.New(analyzer.Options{
		Immediate: true, // tell of each connection as soon as its end is certain
		Each: func(c *record.Connection) error {
			_, err := fmt.Println("connection", c.ID, "ended:", c.Verdict.Code)
			return err
		},
	})
	var packet capture.Packet
	err = source.Next(&packet)
	for ; err == nil; err = source.Next(&packet) {
		a.Packet(&packet)
	}
	if err != io.EOF {
		log.Print(err) // what was read is worth a report all the same
	}
	report, err := a.Finish(source.Info()...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Summary.Connections, "connection,", report.Capture.Packets, "packets")
	// Output:
	// connection 1 ended: handshake-bad-number
	// 1 connection, 3 packets
}

// Compare the captures of two taps, and analyse both together.
func ExampleCompare() {
	open := func() (first, second capture.Source) {
		first, err := capture.Open("../testdata/pcaps/kernel/lost-last-ack.client.pcap")
		if err != nil {
			log.Fatal(err)
		}
		second, err = capture.Open("../testdata/pcaps/kernel/lost-last-ack.server.pcap")
		if err != nil {
			log.Fatal(err)
		}
		return first, second
	}
	ctx := context.Background()
	client, server := open()
	taps, err := analyzer.Compare(ctx, client, server, analyzer.Options{})
	if err := errors.Join(err, client.Close(), server.Close()); err != nil {
		log.Fatal(err)
	}
	both := taps.Source(open())
	defer both.Close()
	report, err := analyzer.Analyze(ctx, []capture.Source{both}, analyzer.Options{Taps: taps})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range report.Connections {
		sent := c.Between.Dir[fsm.Client]
		fmt.Println("client:", sent.Sent, "segments sent,", sent.Arrived, "arrived,", sent.Lost, "lost")
	}
	// Output:
	// client: 8 segments sent, 7 arrived, 1 lost
}
