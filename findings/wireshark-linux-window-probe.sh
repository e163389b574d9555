#!/bin/sh
# tshark 4.0.17 and tcptrace 6.6.7: Linux's zero-window probes are taken for keepalives
# by the one, and not seen by the other.
#
# Seen: a sender whose peer's window is 0 sends segments without data whose number is one
# below what comes next, as Linux does (tcp_write_wakeup, net/ipv4/tcp_output.c). tshark
# flags each tcp.analysis.keep_alive and none tcp.analysis.zero_window_probe, and tcptrace
# counts no probe; with one byte of data that comes next, as in RFC 9293 §3.8.6.1, both see a
# probe. A good guess is that the window, which the ACK before closed, tells the two apart:
# a filter for keepalives finds a receiver that does not read, one for probes finds nothing.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

command -v tshark >/dev/null || { echo "this needs tshark"; exit 1; }
apt-get download tcptrace=6.6.7-6+b1 libpcap0.8=1.10.3-1 >/dev/null 2>&1 || { echo "tcptrace 6.6.7-6+b1 could not be had"; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
LD_LIBRARY_PATH="$(dirname "$(find "$dir" -name 'libpcap.so.*' | head -n 1)")"
export LD_LIBRARY_PATH

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
	const syn, ack, push = 2, 16, 8
	binary.Write(&file, binary.LittleEndian, []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 101}) // raw IP
	send(1, 1000, 0, syn, 64240, "")
	send(2, 5000, 1001, syn|ack, 10, "")
	send(1, 1001, 5001, ack, 64240, "")
	send(1, 1001, 5001, push|ack, 64240, "0123456789")
	send(2, 5001, 1011, ack, 0, "")
	for range 3 {
		if os.Args[1] == "linux" {
			send(1, 1010, 5001, ack, 64240, "")
		} else {
			send(1, 1011, 5001, ack, 64240, "x")
		}
		send(2, 5001, 1011, ack, 0, "")
	}
	os.Stdout.Write(file.Bytes())
}
GO
go mod init finding >/dev/null 2>&1
flagged() { tshark -r "$1" -Y "tcp.analysis.$2" 2>/dev/null | wc -l | tr -d ' '; }
seen=$(for kind in linux rfc; do
	go run . $kind >$kind.pcap
	echo "$kind: tshark: keep_alive $(flagged $kind.pcap keep_alive), zero_window_probe $(flagged $kind.pcap zero_window_probe); tcptrace:$(./usr/bin/tcptrace -l $kind.pcap 2>/dev/null | sed -n 's/.*\(zwnd probe pkts: *[0-9]*\).*zwnd.*/ \1/p' | tr -s ' ')"
done)
tshark --version 2>/dev/null | head -n 1
echo "$seen"
want='linux: tshark: keep_alive 3, zero_window_probe 0; tcptrace: zwnd probe pkts: 0
rfc: tshark: keep_alive 0, zero_window_probe 3; tcptrace: zwnd probe pkts: 3'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
