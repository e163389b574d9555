#!/bin/sh
# gopacket v1.1.19, package reassembly: where sequence numbers pass 2^32, a
# retransmission that carries more than the first sending has one byte of the
# stream delivered twice.
#
# Seen: Sequence.Difference(0xffffffff, 0) is 0 in reassembly (1 in tcpassembly, and 1
# in the fork github.com/gopacket/gopacket v1.7.7): it adds 2^32-1 for a turn of the
# number space. "klmnopqrst" sent again together with "uvwxyz" then gives
# "...rsttuv..." if the numbers pass 2^32 in between, and the right text otherwise. A
# good guess is that a library for reassembly counts modulo 2^32 (RFC 9293 §3.4).
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/reassembly"
)

type stream struct{ data []byte }

func (s *stream) Accept(*layers.TCP, gopacket.CaptureInfo, reassembly.TCPFlowDirection, reassembly.Sequence, *bool, reassembly.AssemblerContext) bool {
	return true
}

func (s *stream) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	n, _ := sg.Lengths()
	s.data = append(s.data, sg.Fetch(n)...)
}

func (s *stream) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }

func (s *stream) New(_, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return s
}

type context gopacket.CaptureInfo

func (c *context) GetCaptureInfo() gopacket.CaptureInfo { return gopacket.CaptureInfo(*c) }

func main() {
	fmt.Println("difference", reassembly.Sequence(0xffffffff).Difference(0))
	for _, isn := range []uint32{1000, 0xfffffff0} {
		s := &stream{}
		a := reassembly.NewAssembler(reassembly.NewStreamPool(s))
		ends, _ := gopacket.FlowFromEndpoints(layers.NewIPEndpoint(net.IP{10, 0, 0, 1}), layers.NewIPEndpoint(net.IP{10, 0, 0, 2}))
		send := func(seq uint32, syn bool, data string) {
			t := &layers.TCP{SrcPort: 1000, DstPort: 80, Seq: seq, SYN: syn, ACK: !syn}
			buf := gopacket.NewSerializeBuffer()
			if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, t, gopacket.Payload(data)); err != nil {
				panic(err)
			}
			var d layers.TCP
			if err := d.DecodeFromBytes(buf.Bytes(), gopacket.NilDecodeFeedback); err != nil {
				panic(err)
			}
			a.AssembleWithContext(ends, &d, &context{Timestamp: time.Unix(1, 0)})
		}
		send(isn, true, "")
		send(isn+1, false, "abcdefghijklmnopqrst")
		send(isn+1+10, false, "klmnopqrstuvwxyz")
		a.FlushAll()
		fmt.Printf("%#x %s\n", isn, s.data)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/google/gopacket@v1.1.19 golang.org/x/net@v0.62.0 golang.org/x/sys@v0.49.0 >/dev/null 2>&1
seen=$(go run .)
echo "$seen"
want='difference 0
0x3e8 abcdefghijklmnopqrstuvwxyz
0xfffffff0 abcdefghijklmnopqrsttuvwxyz'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
