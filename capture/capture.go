// Package capture is where packets come from: capture files (pcap and pcapng,
// plain or compressed), standard input, several files merged by time, and live
// interfaces. It knows nothing of TCP.
//
// The file readers are our own. gopacket's pcapgo, at v1.1.19, stores a link
// type in eight bits (Linux cooked v2, 276, reads as 20), divides by zero on
// some legal pcapng time resolutions and is wrong on others, ends a cut pcapng
// file as if it were whole, refuses pcap files that libpcap reads (snap length
// 0, records longer than the snap length, version 2.3, the "modified" magic)
// and allocates whatever length a record claims. Comments beside the code name
// the fault again where it is avoided.
//
// File readers allocate nothing per packet, and start no goroutine but the one of [Open].
package capture

import (
	"fmt"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Packet is one captured packet. The caller keeps one Packet and passes it to
// every Next; each field is set each time.
type Packet struct {
	Data      []byte // the captured octets, owned by the source: valid until its next Next or Close
	Time      int64  // capture time, nanoseconds since the Unix epoch, UTC; clamped to what int64 holds
	Length    int    // octets on the wire, at least len(Data)
	LinkType  int    // LINKTYPE_ value of the tcpdump group's registry; see LinkTypeName
	Interface int    // 0-based over the whole file, sections counted through; 0 where there is one only
	Source    int    // 0-based index of the file among those opened together
	Number    uint64 // 1-based number of the packet in its file, as Wireshark counts
	Untimed   bool   // its block carries no time (pcapng simple packets); Time is that of the packet before
	Comment   string // the packet's comments, joined with line feeds; raw text from the file, so escape it
	Options   []byte // pcapng's other options of the packet that a Writer keeps, as it writes them; owned by the source as Data is

	Process *process.Process // the process that the capture names for the packet; nil for none
}

// Source delivers packets one after another. A Source is for one goroutine.
type Source interface {
	// Next fills in p. It returns io.EOF after the last packet, a *CutError
	// where a file ends in the middle of a record, cannot be read or cannot be
	// followed any further, and a live interface's errors as they are. Every
	// packet before an error has been delivered. An error stays: Next then
	// repeats it.
	Next(p *Packet) error

	// Info describes each file or interface, in the order of Packet.Source.
	// It may be asked at any time between calls of Next; counts are those so far.
	Info() []Info

	// Close releases the source. The Data of its last packet is lost with it.
	Close() error
}

// Info says what a source is and what it has told of itself so far. Strings
// that come from the file are raw: escape them before they reach a terminal.
type Info struct {
	Name        string   // file name, "-" for standard input, or the interface
	Format      string   // "pcap", "pcapng", "pcap+gzip", "pcapng+zstd", "live", …
	LinkTypes   []string // such as "EN10MB (1)", in order of appearance
	Packets     uint64   // packets read; while files are merged, one of each may still wait
	Comments    []string // comments on the file's sections and interfaces
	Interfaces  []string // names, where the file tells them
	Described   [][]byte // pcapng's options of the interfaces that a Writer keeps, as it writes them; nil for other formats
	SnapLen     int      // the longest snap length stated; 0 when none or unlimited
	Nanoseconds bool     // the timestamps are finer than a microsecond
	Untimed     uint64   // packets that carry no time (pcapng simple packets); they take the time of the one before

	// Received and Dropped are the capturing host's own counters, summed over
	// its interfaces. They mean something only if HasDropCounters is set: a
	// file without counters does not say that nothing was dropped.
	Received, Dropped uint64
	HasDropCounters   bool

	// Of a live capture. Received = packets delivered + Dropped + Unread.
	Unread  uint64   // packets that the kernel held for us when reading ended
	Outages []Outage // times in which an interface was down

	Cut         string // why reading stopped before a clean end, or ""
	Interrupted bool   // that reason is Interrupt's
	Ended       bool   // it was read to its clean end

	Size int64 // size of the file in bytes, 0 if unknown (a pipe, an interface)
	Read int64 // bytes of the file read so far, for progress; compressed bytes count as such
}

// Interrupt notes that a source which has not ended is not read any further, and
// how far it was read. by is what interrupted the reading, such as "by SIGINT".
func (i *Info) Interrupt(by string) {
	if i.Ended || i.Cut != "" {
		return
	}
	i.Interrupted = true
	i.Cut = fmt.Sprintf("interrupted %s after %s", by, counted(i.Packets, "packet"))
	if i.Size > 0 {
		i.Cut += fmt.Sprintf(", at %d %% of the file", min(100, 100*i.Read/i.Size))
	}
}

// counted writes a number with its noun: "1 packet", "2 packets".
func counted[N int | uint64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
