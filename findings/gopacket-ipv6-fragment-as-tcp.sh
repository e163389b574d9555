#!/bin/sh
# gopacket v1.1.19 and its fork github.com/gopacket/gopacket v1.7.7: a DecodingLayerParser
# with IPv6ExtensionSkipper decodes bytes from the middle of a stream as a TCP header.
#
# Seen: the last fragment of an IPv6 packet, at offset 1432, holds data only. NewPacket
# says so (IPv6, IPv6Fragment, Fragment); the parser says IPv6, IPv6Fragment, TCP, with ports
# 18245 and 21536, which are the letters "GET ", and no error. For IPv4 both ways say Fragment. The
# rule: RFC 8200 §4.5: the upper-layer header stands in the first fragment; the Next
# Header of the others repeats what the fragmented part begins with. The skipper is what the
# package offers to a parser for IPv6 with extension headers.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

func main() {
	const data = "GET /index. P HTTP/1.1, from the middle of a stream"
	fragment := []byte{6, 0, 1432 >> 8, 1432 & 0xf8, 0, 0, 0, 1} // TCP, offset 1432, no more fragments
	ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolIPv6Fragment, SrcIP: net.ParseIP("fd00::1"), DstIP: net.ParseIP("fd00::2")}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, ip, gopacket.Payload(append(fragment, data...))); err != nil {
		panic(err)
	}

	fmt.Print("NewPacket:")
	for _, l := range gopacket.NewPacket(buf.Bytes(), layers.LayerTypeIPv6, gopacket.Default).Layers() {
		fmt.Print(" ", l.LayerType())
	}
	fmt.Println()

	var ip6 layers.IPv6
	var skipper layers.IPv6ExtensionSkipper
	var tcp layers.TCP
	var payload gopacket.Payload
	var rest gopacket.Fragment
	var got []gopacket.LayerType
	err := gopacket.NewDecodingLayerParser(layers.LayerTypeIPv6, &ip6, &skipper, &tcp, &payload, &rest).DecodeLayers(buf.Bytes(), &got)
	fmt.Println("parser:", got, "error", err, "ports", uint16(tcp.SrcPort), uint16(tcp.DstPort))
}
GO
want='NewPacket: IPv6 IPv6Fragment Fragment
parser: [IPv6 IPv6Fragment TCP Payload] error <nil> ports 18245 21536'
for module in google/gopacket@v1.1.19 gopacket/gopacket@v1.7.7; do
	rm -f go.mod go.sum
	sed "s#github.com/[a-z]*/gopacket#github.com/${module%@*}#" main.go >main.new && mv main.new main.go
	go mod init finding >/dev/null 2>&1
	go get "github.com/$module" golang.org/x/net@v0.62.0 golang.org/x/sys@v0.49.0 >/dev/null 2>&1
	seen=$(go run .)
	printf '%s\n%s\n' "$module" "$seen"
	[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
done
