package analyzer_test

import (
	"fmt"
	"log"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/decode"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Analyse a capture file and print each connection's states and findings.
func Example() {
	a := analyzer.New(analyzer.Options{})
	source, err := capture.Open("../testdata/pcaps/conversations/01-synack-bad-ack.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	var p capture.Packet
	for source.Next(&p) == nil {
		a.Packet(&decode.Raw{
			Data: p.Data, Time: fsm.Time(p.Time), Frame: fsm.NewFrame(p.Source, p.Number),
			Length: p.Length, LinkType: p.LinkType,
		})
	}
	for _, c := range a.Finish().Connections {
		fmt.Println(c.Client.IP, c.Server.IP, c.State[fsm.Client].State, c.State[fsm.Server].State)
		for _, anomaly := range c.Anomalies {
			fmt.Println(anomaly.Severity, anomaly.Name)
		}
	}
	// Output:
	// 10.0.0.1 10.0.0.2 SYN-SENT LISTEN
	// error handshake-bad-synack-ack
}
