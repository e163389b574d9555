package explain_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/explain"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// connections analyses a capture and keeps what explanations need.
func connections(name string, judge func(fsm.Frame) bool) ([]*record.Connection, error) {
	source, err := capture.Open(name)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	r, err := analyzer.Analyze(context.Background(), []capture.Source{source}, analyzer.Options{
		Segments: func(uint64) bool { return true },
		Judge:    judge,
	})
	if err != nil {
		return nil, err
	}
	return r.Connections, nil
}

// The story of a connection that the server refuses, step by step.
func ExampleStory() {
	all, err := connections("../../testdata/pcaps/conversations/29-refused.pcap", nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, step := range explain.Story(all[0], false) {
		fmt.Printf("frame %d: %s\n", step.First.Number(), step.Text)
		for _, t := range step.Transitions {
			fmt.Printf("  %v: %v to %v\n", t.Side, t.From, t.To)
		}
	}
	// Output:
	// frame 1: The client asks for a connection: a SYN with its initial sequence number 1000, which counts as 0 from here on. It offers segments of up to 1,460 bytes. This proves only that the client sent it; whether it arrives, the server's answer will show.
	//   client: CLOSED to SYN-SENT
	// frame 2: The server refuses: the RST acknowledges the SYN, so it is an answer to it. This proves that the SYN reached a host, or a firewall, that answers, and that nothing listens on the port.
	//   client: SYN-SENT to CLOSED
}

// How the RST of frame 4 was judged for the server, which had answered an old
// duplicate SYN.
func ExampleFrame() {
	frame := fsm.NewFrame(0, 4)
	all, err := connections("../../testdata/pcaps/conversations/52-old-duplicate-syn.pcap", func(f fsm.Frame) bool { return f == frame })
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range all {
		e := explain.Frame(c, frame)
		if e == nil {
			continue
		}
		for _, test := range e.Tests {
			if test.Result != fsm.NotApplied {
				fmt.Printf("%v %s: %s\n", test.Result, test.Name, test.Text)
			}
		}
		fmt.Println(e.Outcome)
		for _, text := range e.Evidence {
			fmt.Println(text)
		}
	}
	// Output:
	// passed copy of an earlier frame: No earlier frame has the same addresses, numbers, flags, length and IP identification within a few milliseconds, the TTL equal or less.
	// passed control bits: [R] is a combination that endpoints send.
	// passed RST: SEG.SEQ −909 = RCV.NXT as the server has acknowledged it: the connection is reset at once.
	// It resets the connection at the server.
	// Frame 6 proves that it reached the server.
}
