package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// SegmentCounts counts what one side sent by kind. Frames captured twice are in none.
type SegmentCounts struct {
	Data    uint64 // with payload, repetitions and probes included; Traffic.Bytes is theirs
	ACK     uint64 // with the ACK bit
	PureACK uint64 // with the ACK bit alone, but for PSH and URG, and no payload
	PSH     uint64
	SYN     uint64
	FIN     uint64
	RST     uint64
	URG     uint64
	SACK    uint64 // with SACK blocks
	DSACK   uint64 // of these, those that tell of bytes received twice (RFC 2883)

	MostSACKBlocks uint8  // in one segment
	TripleDupACKs  uint64 // runs of duplicate ACKs that reached three, as ask for a fast retransmit (RFC 5681)

	MinBytes, MaxBytes uint32 // payload of the smallest and the largest data segment; 0 without
	MinTTL, MaxTTL     uint8  // or hop limit; 0 without packets
}

// DataTimes says when one side sent its data. Without data all are 0.
type DataTimes struct {
	First, Last           fsm.Time // of its data segments
	FirstFrame, LastFrame fsm.Frame
	Idle                  Span // the longest time between two of its data segments that follow each other
}

// Rates are how fast one side's data went: bytes per second, negative where unknown.
type Rates struct {
	Throughput  float64 // all payload, by the connection's duration
	Goodput     float64 // each byte once, and those of which only the ACK was captured, likewise
	DataGoodput float64 // the same by the time from the side's first data to its last
	Resent      float64 // data segments that were retransmissions, as a share of all data segments: 0 to 1

	// Delivery is tcp_info's tcpi_delivery_rate as the kernel would have it where the
	// capture was taken (Linux: tcp_rate.c): the bytes that an ACK and those before it
	// delivered since a segment was sent, by the longer of the times that sending and
	// acknowledging them took. It is the last such rate, or the highest where all were
	// limited by the application; AppLimited says so.
	Delivery   float64
	AppLimited bool
}

// ResentTimes are the times after which segments were sent again, counted from when each
// was sent before, in seconds. Without retransmissions all are 0.
type ResentTimes struct {
	Most           uint64 // the most times that one segment was sent again
	Min, Mean, Max float64
}
