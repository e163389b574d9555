#!/bin/sh
# gopacket v1.1.19: layers.LinkType has 8 bits, so the reader of pcapgo takes the link type
# 276 (LINUX_SLL2), which `tcpdump -i any -w` writes since 4.99, for 20, and says nothing.
#
# Seen: Reader.LinkType() is 20, and each packet a decoding failure of a type that the file
# does not have; 257 (PROFIBUS_DL) is taken for 1 and decoded as Ethernet. The fork
# github.com/gopacket/gopacket v1.7.7 has 16 bits. A link type is a number of 16 bits in
# pcap's file header (draft-ietf-opsawg-pcap, section 4) and in pcapng's interface block;
# a good guess is that NewReader fails on a number that it cannot hold.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

cat >main.go <<'GO'
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"
)

func main() {
	for _, link := range []uint32{113, 257, 276} {
		var file bytes.Buffer
		binary.Write(&file, binary.LittleEndian, []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 262144, link})
		r, err := pcapgo.NewReader(&file)
		if err != nil {
			fmt.Println(link, err)
			continue
		}
		p := gopacket.NewPacket(make([]byte, 64), r.LinkType(), gopacket.Default)
		fmt.Printf("%d is read as %d, decoded as %v\n", link, int(r.LinkType()), p.Layers()[0].LayerType())
	}
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
want='113 is read as 113, decoded as Linux SLL
257 is read as 1, decoded as Ethernet
276 is read as 20, decoded as DecodeFailure'
[ "$google" = "$want" ] && [ "$(echo "$fork" | tail -n 1)" = "276 is read as 276, decoded as Linux SLL2" ] || { echo "this has changed"; exit 1; }
