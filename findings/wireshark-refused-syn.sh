#!/bin/sh
# tshark 4.0.17: a SYN that the other side refuses with a challenge ACK, as RFC 9293
# §3.10.7.4 asks for in a synchronized state, begins a new tcp.stream; the rest of the old
# connection is counted there.
#
# Seen: of 17 packets of one connection, with such a SYN as the sixth, 5 are in stream 0 and
# 12 in stream 1, whose relative acknowledgment numbers are about 4,290,000,000, and whose
# tcp.completeness of 13 has no SYN-ACK. The ACK that answers the SYN acknowledges what the
# old connection sent, and the data goes on there; a half-open peer or a forged SYN looks
# like that. A good guess is that a stream begins when the SYN is accepted: whoever follows
# or exports stream 0 gets the request without the answer.
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
	const syn, push, ack = 2, 8, 16
	binary.Write(&file, binary.LittleEndian, []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 101}) // raw IP
	send(1, 1000, 0, syn, 64240, "")
	send(2, 5000, 1001, syn|ack, 64240, "")
	send(1, 1001, 5001, ack, 64240, "")
	send(1, 1001, 5001, push|ack, 64240, "request 12")
	send(2, 5001, 1011, ack, 64240, "")
	send(1, 5001000, 0, syn, 64240, "")
	send(2, 5001, 1011, ack, 64240, "")
	for i := range uint32(5) {
		send(2, 5001+10*i, 1011, ack, 64240, "0123456789")
		send(1, 1011, 5011+10*i, ack, 64240, "")
	}
	os.Stdout.Write(file.Bytes())
}
GO
go mod init finding >/dev/null 2>&1
go run . >syn.pcap
tshark --version 2>/dev/null | head -n 1
seen=$(for stream in 0 1; do
	tshark -r syn.pcap -Y "tcp.stream == $stream" -T fields -e tcp.completeness -e tcp.ack 2>/dev/null |
		awk -v s=$stream '{ n++; c = $1; if ($2 > most) most = $2 } END { print "stream " s ": " n " packets, completeness " c ", acknowledgment numbers up to " most }'
done)
echo "$seen"
want='stream 0: 5 packets, completeness 15, acknowledgment numbers up to 11
stream 1: 12 packets, completeness 13, acknowledgment numbers up to 4289967307'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
