package capture_test

import (
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// Read a capture file to its end. One that was cut short delivers what it has, and
// then says so.
func ExampleOpen() {
	source, err := capture.Open("../testdata/pcaps/conversations/01-synack-bad-ack.pcap")
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	var packet capture.Packet // used again and again; Data is valid until the next call
	size := 0
	for {
		err := source.Next(&packet)
		if err == io.EOF {
			break
		}
		if cut := new(capture.CutError); errors.As(err, &cut) {
			fmt.Println("cut short:", cut)
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		size += len(packet.Data)
	}
	info := source.Info()[0]
	fmt.Println(info.Format, info.LinkTypes, info.Packets, "packets,", size, "bytes")
	// Output:
	// pcap [EN10MB (1)] 3 packets, 170 bytes
}

// Read several files as one, in the order of their packets' times.
func ExampleOpenFiles() {
	source, err := capture.OpenFiles([]string{
		"../testdata/pcaps/conversations/01-synack-bad-ack.pcap",
		"../testdata/pcaps/conversations/09-rst-in-window.pcap",
	})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	var packet capture.Packet
	for err = source.Next(&packet); err == nil; err = source.Next(&packet) {
		if packet.Number == 1 {
			fmt.Println("file", packet.Source+1, "begins")
		}
	}
	if err != io.EOF {
		log.Fatal(err)
	}
	// Output:
	// file 1 begins
	// file 2 begins
}

// Merge sources of any kind; closing the result closes them.
func ExampleMerge() {
	var sources []capture.Source
	for _, name := range []string{"lost-last-ack.client.pcap", "lost-last-ack.server.pcap"} {
		source, err := capture.Open("../testdata/pcaps/kernel/" + name)
		if err != nil {
			log.Fatal(err)
		}
		sources = append(sources, source)
	}
	both := capture.Merge(sources...)
	defer both.Close()
	var packet capture.Packet
	var last int64
	err := both.Next(&packet)
	for ; err == nil; err = both.Next(&packet) {
		if packet.Time < last {
			fmt.Println("out of order")
		}
		last = packet.Time
	}
	if err != io.EOF {
		log.Fatal(err)
	}
	fmt.Println(len(both.Info()), "sources")
	// Output:
	// 2 sources
}
