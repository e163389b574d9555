#!/bin/sh
# tshark 4.0.17: after a RST that its receiver must discard, since its number is outside the
# window, every data segment of that side is called a retransmission.
#
# Seen: five data segments follow a RST whose number is 1,000,000 too high, each sent once
# and acknowledged; one is flagged out-of-order and four tcp.analysis.retransmission. Without
# the RST none is. RFC 9293 §3.10.7.4 has such a RST dropped silently, and the ACKs of the
# data show that it was. A good guess is that a packet without
# data does not move the number from which on data is new: one stray RST, as a scanner or an
# injector sends it, makes a clean transfer look as if all of it had been sent twice.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

command -v tshark >/dev/null || { echo "this needs tshark"; exit 1; }

cat >main.go <<'GO'
package main

import (
	"bytes"
	"encoding/binary"
	"os"
)

var (
	file bytes.Buffer
	now  uint32
)

func sum(b []byte) uint16 {
	s := uint32(0)
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

// send writes a segment of host 1 or 2.
func send(from byte, seq, ack uint32, flags byte, window uint16, data string) {
	ports := map[byte][]byte{1: {0x9c, 0x40, 0, 80}, 2: {0, 80, 0x9c, 0x40}}[from]
	ends := []byte{10, 0, 0, from, 10, 0, 0, 3 - from}
	tcp := append([]byte{}, ports...)
	tcp = binary.BigEndian.AppendUint32(tcp, seq)
	tcp = binary.BigEndian.AppendUint32(tcp, ack)
	tcp = append(tcp, 5<<4, flags)
	tcp = binary.BigEndian.AppendUint16(tcp, window)
	tcp = append(append(tcp, 0, 0, 0, 0), data...)
	pseudo := append(append(append([]byte{}, ends...), 0, 6, 0, byte(len(tcp))), tcp...)
	binary.BigEndian.PutUint16(tcp[16:], sum(append(pseudo, 0)))
	ip := append([]byte{0x45, 0, 0, byte(20 + len(tcp)), 0, 1, 0x40, 0, 64, 6, 0, 0}, ends...)
	binary.BigEndian.PutUint16(ip[10:], sum(ip))
	packet := append(ip, tcp...)
	now++
	binary.Write(&file, binary.LittleEndian, []uint32{1700000000 + now, 0, uint32(len(packet)), uint32(len(packet))})
	file.Write(packet)
}

func main() {
	const syn, rst, push, ack = 2, 4, 8, 16
	binary.Write(&file, binary.LittleEndian, []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 101}) // raw IP
	send(1, 1000, 0, syn, 64240, "")
	send(2, 5000, 1001, syn|ack, 64240, "")
	send(1, 1001, 5001, ack, 64240, "")
	send(1, 1001, 5001, push|ack, 64240, "request 12")
	send(2, 5001, 1011, ack, 64240, "")
	if os.Args[1] == "rst" {
		send(2, 1005001, 0, rst, 0, "")
	}
	for i := range uint32(5) {
		send(2, 5001+10*i, 1011, ack, 64240, "0123456789")
		send(1, 1011, 5011+10*i, ack, 64240, "")
	}
	os.Stdout.Write(file.Bytes())
}
GO
go mod init finding >/dev/null 2>&1
flagged() { tshark -r "$1" -Y "tcp.analysis.$2" 2>/dev/null | wc -l | tr -d ' '; }
seen=$(for kind in without rst; do
	go run . $kind >$kind.pcap
	echo "$kind: out of order $(flagged $kind.pcap out_of_order), retransmissions $(flagged $kind.pcap retransmission)"
done)
tshark --version 2>/dev/null | head -n 1
echo "$seen"
want='without: out of order 0, retransmissions 0
rst: out of order 1, retransmissions 4'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
