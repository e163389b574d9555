#!/bin/sh
# gopacket v1.1.19, package ip4defrag: fragments of two protocols that carry the
# same identification are put into one datagram, or none of the two comes whole.
#
# Seen: a TCP segment and a UDP datagram between the same hosts, each in two
# fragments with identification 7, interleaved: no datagram ever comes out. TCP's first followed by
# UDP's last give a "whole" UDP datagram made of both, if the offsets meet. The rule: RFC 791
# §3.2 assembles what has the same identification, source, destination and protocol; a
# sender may number each protocol by itself (RFC 6864 §4.2 asks for no more than that
# the four together are unique). The key here is the addresses and the identification. The
# fork github.com/gopacket/gopacket v1.7.7 yields both datagrams.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"

	"github.com/google/gopacket"
	"github.com/google/gopacket/ip4defrag"
	"github.com/google/gopacket/layers"
)

func fragment(p layers.IPProtocol, offset int, more bool, data string) *layers.IPv4 {
	ip := &layers.IPv4{Version: 4, TTL: 64, Id: 7, Protocol: p, FragOffset: uint16(offset / 8), SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
	if more {
		ip.Flags = layers.IPv4MoreFragments
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, gopacket.Payload(data)); err != nil {
		panic(err)
	}
	d := &layers.IPv4{}
	if err := d.DecodeFromBytes(buf.Bytes(), gopacket.NilDecodeFeedback); err != nil {
		panic(err)
	}
	return d
}

func assemble(fragments ...*layers.IPv4) {
	d := ip4defrag.NewIPv4Defragmenter()
	for _, f := range fragments {
		out, err := d.DefragIPv4(f)
		switch {
		case err != nil:
			fmt.Println(f.Protocol, f.FragOffset*8, err)
		case out == nil:
			fmt.Println(f.Protocol, f.FragOffset*8, "nothing yet")
		default:
			fmt.Printf("%s %d whole: %s %s\n", f.Protocol, f.FragOffset*8, out.Protocol, out.Payload)
		}
	}
}

func main() {
	const tcp, udp = layers.IPProtocolTCP, layers.IPProtocolUDP
	fmt.Println("interleaved")
	assemble(
		fragment(tcp, 0, true, "tcp-tcp-"),
		fragment(udp, 0, true, "udp-udp-udp-udp-"),
		fragment(udp, 16, false, "udp-the-end"),
		fragment(tcp, 8, false, "tcp-the-end"))
	fmt.Println("the last of one, then the other")
	assemble(
		fragment(tcp, 0, true, "tcp-tcp-"),
		fragment(udp, 8, false, "udp-the-end"),
		fragment(tcp, 8, false, "tcp-the-end"))
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/google/gopacket@v1.1.19 golang.org/x/net@v0.62.0 golang.org/x/sys@v0.49.0 >/dev/null 2>&1
seen=$(go run .)
echo "$seen"
want='interleaved
TCP 0 nothing yet
UDP 0 nothing yet
UDP 16 nothing yet
TCP 8 nothing yet
the last of one, then the other
TCP 0 nothing yet
UDP 8 whole: UDP tcp-tcp-udp-the-end
TCP 8 nothing yet'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
