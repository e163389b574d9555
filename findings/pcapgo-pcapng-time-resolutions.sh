#!/bin/sh
# pcapgo.NgReader (github.com/google/gopacket v1.1.19, and the fork
# github.com/gopacket/gopacket v1.7.7) returns wrong times for pcapng's binary
# resolutions and for whole seconds.
#
# if_tsresol says how fine an interface's timestamps are: 10^-n, or 2^-n with the top
# bit set. One instant, 1800000000.25 s (.0 for whole seconds), written in several resolutions:
#   10^-6, 10^-3  right
#   2^-10         128 ns early
#   2^-20         0.18 ms early
#   2^-30         18 ms late, which is more than a round trip on most networks
#   10^-0         1970: seconds are taken for microseconds
# A good guess is that a reader which heeds if_tsresol at all gets the legal values
# right; tshark 4.0.17 reads all of them as what they say. v1.1.19 also stores a link type in
# eight bits: 276 (Linux cooked v2, what "-i any" gives) reads as 20; the fork does not.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket/pcapgo"
)

var le = binary.LittleEndian

func block(kind uint32, body []byte) []byte {
	n := uint32(12 + len(body))
	b := le.AppendUint32(le.AppendUint32(nil, kind), n)
	return le.AppendUint32(append(b, body...), n)
}

// file is a section with one interface and one packet of 20 bytes.
func file(link uint16, resolution byte, stamp uint64) []byte {
	section := le.AppendUint32(nil, 0x1a2b3c4d)
	section = le.AppendUint64(append(section, 1, 0, 0, 0), ^uint64(0))
	face := le.AppendUint32(le.AppendUint16(le.AppendUint16(nil, link), 0), 65535)
	face = append(face, 9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0)
	packet := le.AppendUint32(nil, 0)
	packet = le.AppendUint32(le.AppendUint32(packet, uint32(stamp>>32)), uint32(stamp))
	packet = le.AppendUint32(le.AppendUint32(packet, 20), 20)
	packet = append(packet, make([]byte, 20)...)
	return append(append(block(0x0a0d0d0a, section), block(1, face)...), block(6, packet)...)
}

func main() {
	const s = 1_800_000_000
	for _, f := range []struct {
		name string
		data []byte
	}{
		{"10^-6", file(1, 6, s*1e6+25e4)},
		{"10^-3", file(1, 3, s*1e3+250)},
		{"2^-10", file(1, 0x8a, s<<10+1<<8)},
		{"2^-20", file(1, 0x94, s<<20+1<<18)},
		{"2^-30", file(1, 0x9e, s<<30+1<<28)},
		{"10^-0", file(1, 0, s)},
		{"link type 276", file(276, 6, s*1e6+25e4)},
	} {
		r, err := pcapgo.NewNgReader(bytes.NewReader(f.data), pcapgo.DefaultNgReaderOptions)
		if err != nil {
			panic(err)
		}
		_, ci, err := r.ReadPacketData()
		if err != nil {
			panic(err)
		}
		fmt.Println(f.name, ci.Timestamp.UTC().Format("2006-01-02T15:04:05.000000000"), uint(r.LinkType()))
	}
}
GO
run() { # module link-type
	rm -f go.mod go.sum
	sed -i "s#\"github.com/.*/pcapgo\"#\"${1%@*}/pcapgo\"#" main.go
	go mod init finding >/dev/null 2>&1
	go get "$1" golang.org/x/net@v0.62.0 golang.org/x/sys@v0.49.0 >/dev/null 2>&1
	seen=$(go run .)
	echo "$1"
	echo "$seen"
	want="10^-6 2027-01-15T08:00:00.250000000 1
10^-3 2027-01-15T08:00:00.250000000 1
2^-10 2027-01-15T08:00:00.249999872 1
2^-20 2027-01-15T08:00:00.249823232 1
2^-30 2027-01-15T08:00:00.268435456 1
10^-0 1970-01-01T00:30:00.000000000 1
link type 276 2027-01-15T08:00:00.250000000 $2"
	[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
}
run github.com/google/gopacket@v1.1.19 20
run github.com/gopacket/gopacket@v1.7.7 276
