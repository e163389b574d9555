#!/bin/sh
# tshark 4.0.17: pcapng's custom blocks, journal entries and sysdig's events take frame
# numbers as packets do; capinfos 4.0.17 and tcpdump 4.99.3 count packets only.
#
# Seen: behind one such block of two the first packet of a file is tshark's frame 2, and
# frame.number == 1 finds a block of another protocol (data, systemd_journal, sysdig); an
# unknown block, or sysdig's event with flags (0x208), takes no number. capinfos says
# "Number of packets: 1" of every one of these files, and tcpdump -# numbers its packet 1.
# A reader that does not know a block is to skip it (draft-ietf-opsawg-pcapng), and a good
# guess is that such blocks are skipped in numbering as well. Who hands frame numbers to Wireshark has to count as it does.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

command -v tshark >/dev/null && command -v capinfos >/dev/null || { echo "this needs tshark and capinfos"; exit 1; }
apt-get download tcpdump=4.99.3-1 libpcap0.8=1.10.3-1 >/dev/null 2>&1 || { echo "tcpdump 4.99.3-1 could not be had"; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
tshark --version 2>/dev/null | head -n 1
libraries=$(dirname "$(find "$dir" -name 'libpcap.so.*' | head -n 1)")

word() { # as four octets, little-endian
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}
block() { # TYPE FILE: what FILE holds, filled up to four octets, as the body of a block
	size=$(wc -c <"$2")
	fill=$(((4 - size % 4) % 4))
	word "$1" && word $((12 + size + fill)) && cat "$2" && head -c "$fill" /dev/zero && word $((12 + size + fill))
}
{ word 0x1a2b3c4d && printf '\001\0\0\0\377\377\377\377\377\377\377\377'; } >section
printf '\001\0\0\0\0\0\4\0' >interface
{ # an ARP request, at 1,700,000,000 s
	word 0 && word 0x60a24 && word 0x181e4000 && word 42 && word 42
	printf '\377\377\377\377\377\377\002\0\0\0\0\001\010\006\0\001\010\0\006\004\0\001\002\0\0\0\0\001\012\0\0\001\0\0\0\0\0\0\012\0\0\002\0\0'
} >packet
{ word 32473 && printf 'text'; } >custom # the number for examples (RFC 5612)
printf '__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=hello\n\n' >journal
{ # version 1: processor, time, thread, length and type of an event, and two octets more for the block's end
	printf '\001\0' && word 0x2a9f8000 && word 0x17979cfe && word 77 && word 0 && word 26 && printf '\0\0'
} >event
{ printf '\001\0' && word 0 && tail -c +3 event; } >flagged

seen=$(while read -r kind name; do
	{ block 0x0a0d0d0a section && block 1 interface && block "$kind" "$name" && block 6 packet; } >file.pcapng
	frame=$(tshark -r file.pcapng -Y arp -T fields -e frame.number 2>/dev/null)
	first=$(tshark -r file.pcapng -Y 'frame.number == 1' -T fields -e _ws.col.Protocol -e frame.protocols 2>/dev/null | sed 's/.*	//')
	count=$(capinfos -Mc file.pcapng | sed -n 's/^Number of packets: *//p')
	number=$(LD_LIBRARY_PATH=$libraries ./usr/bin/tcpdump -t#nr file.pcapng 2>/dev/null | awk '{ print $1 }')
	echo "$kind $name: tshark's frame $frame, whose first is $first; capinfos: $count; tcpdump's $number"
done <<'KINDS'
0x0bad custom
0x40000bad custom
9 journal
0x204 event
0x208 flagged
0x1234 custom
KINDS
)
echo "$seen"
want="0x0bad custom: tshark's frame 2, whose first is data; capinfos: 1; tcpdump's 1
0x40000bad custom: tshark's frame 2, whose first is data; capinfos: 1; tcpdump's 1
9 journal: tshark's frame 2, whose first is systemd_journal; capinfos: 1; tcpdump's 1
0x204 event: tshark's frame 2, whose first is sysdig; capinfos: 1; tcpdump's 1
0x208 flagged: tshark's frame 1, whose first is eth:ethertype:arp; capinfos: 1; tcpdump's 1
0x1234 custom: tshark's frame 1, whose first is eth:ethertype:arp; capinfos: 1; tcpdump's 1"
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
