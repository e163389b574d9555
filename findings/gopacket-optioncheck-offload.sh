#!/bin/sh
# gopacket v1.1.19, package reassembly: TCPOptionCheck, which its own example program
# asks in Stream.Accept, refuses data that every receiver takes.
#
# Seen: after a handshake with an MSS of 1460 a segment of 2920 bytes is an error
# ("2920 > mss (1460)"). Captures on the sending or receiving host are full of such
# segments, since the capture point lies before segmentation offload, or behind GRO: of a
# bulk transfer nearly nothing is left. And a retransmission that carries new bytes behind
# the old ones is an error too ("Re-emitted packet"), so that the new bytes are lost
# unless they come again; RFC 9293 §3.10.7.4 has the receiver trim what is old and take
# the rest. The fork github.com/gopacket/gopacket v1.7.7 has mended the second, not the
# first. A good guess is that a check of options refuses what a receiver would.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"fmt"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/reassembly"
)

func main() {
	check := reassembly.NewTCPOptionCheck()
	const client, server = reassembly.TCPDirClientToServer, reassembly.TCPDirServerToClient
	start := false
	accept := func(what string, t layers.TCP, length int, dir reassembly.TCPFlowDirection, next reassembly.Sequence) {
		t.Window, t.Payload = 64240, make([]byte, length)
		fmt.Printf("%s: %v\n", what, check.Accept(&t, gopacket.CaptureInfo{}, dir, next, &start))
	}
	mss := []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{1460 >> 8, 1460 & 255}}}
	accept("SYN", layers.TCP{Seq: 1000, SYN: true, Options: mss}, 0, client, -1)
	accept("SYN-ACK", layers.TCP{Seq: 5000, SYN: true, ACK: true, Options: mss}, 0, server, -1)
	accept("1460 bytes", layers.TCP{Seq: 1001, ACK: true}, 1460, client, 1001)
	accept("2920 bytes, before segmentation", layers.TCP{Seq: 2461, ACK: true}, 2920, client, 2461)
	accept("100 bytes again and 200 new ones", layers.TCP{Seq: 2361, ACK: true}, 300, client, 2461)
}
GO
seen() {
	go mod init finding >/dev/null 2>&1
	go get "$1" golang.org/x/net@v0.62.0 golang.org/x/sys@v0.49.0 >/dev/null 2>&1
	go run .
}
google=$(seen github.com/google/gopacket@v1.1.19)
sed -i 's#github.com/google/gopacket#github.com/gopacket/gopacket#' main.go && rm -f go.mod go.sum
fork=$(seen github.com/gopacket/gopacket@v1.7.7)
printf '%s\n\nthe fork:\n%s\n' "$google" "$fork"
want='SYN: <nil>
SYN-ACK: <nil>
1460 bytes: <nil>
2920 bytes, before segmentation: 2920 > mss (1460)
100 bytes again and 200 new ones: Re-emitted packet (diff:-100,seq:2361,rev-ack:2461)'
[ "$google" = "$want" ] && [ "$fork" = "${want% Re-emitted*} <nil>" ] || { echo "this has changed"; exit 1; }
