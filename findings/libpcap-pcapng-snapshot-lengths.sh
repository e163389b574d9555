#!/bin/sh
# libpcap 1.10.3 (tcpdump 4.99.3, of Debian 12): a pcapng file is refused at the first
# packet behind an interface whose snapshot length differs from the first one's, even if
# the link types are the same, and even in a later section.
#
# Seen: "an interface has a snapshot length 262144 different from the snapshot length of
# the first interface", exit code 1, and nothing of the packets behind. Such files are
# ordinary: dumpcap takes a snapshot length for each interface (-i eth0 -s 96 -i lo), and
# pcapng (draft-ietf-opsawg-pcapng, section 4.2) has it per interface. A good guess is
# that only different link types are a problem, since a snapshot length of 0 ("no limit")
# beside 262144 is taken (libpcap makes both 262144), and packets are far shorter.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

apt-get download tcpdump=4.99.3-1 libpcap0.8=1.10.3-1 >/dev/null 2>&1 || { echo "tcpdump 4.99.3-1 could not be had"; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH="$(dirname "$(find . -name 'libpcap.so.*' | head -n 1)")"

section='\012\015\015\012\034\0\0\0\115\074\053\032\001\0\0\0\377\377\377\377\377\377\377\377\034\0\0\0'
interface() { printf '\001\0\0\0\024\0\0\0\001\0\0\0'"$1"'\024\0\0\0'; } # Ethernet
packet() { # an ARP request's first 42 bytes, on the interface of that number
	printf '\006\0\0\0\114\0\0\0\00'"$1"'\0\0\0\0\0\0\0\0\0\0\0\052\0\0\0\052\0\0\0'
	printf '\377\377\377\377\377\377\002\0\0\0\0\001\010\006\0\001\010\0\006\004\0\001\002\0\0\0\0\001\012\0\0\001\0\0\0\0\0\0\012\0\0\002\0\0\114\0\0\0'
}
cut96='\140\0\0\0' limit='\0\0\004\0' none='\0\0\0\0'
{ printf "$section"; interface "$cut96"; packet 0; interface "$limit"; packet 1; } >interfaces.pcapng
{ printf "$section"; interface "$limit"; packet 0; printf "$section"; interface "$cut96"; packet 0; } >sections.pcapng
{ printf "$section"; interface "$none"; packet 0; interface "$limit"; packet 1; } >unlimited.pcapng

seen=$(for file in interfaces sections unlimited; do
	./usr/bin/tcpdump -tnr $file.pcapng 2>"$dir/said" | sed "s/^/$file: /"
	sed -n "s/^.*pcap_loop: /$file: /p" "$dir/said"
done)
echo "$seen"
want='interfaces: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
interfaces: an interface has a snapshot length 262144 different from the snapshot length of the first interface
sections: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
sections: an interface has a snapshot length 96 different from the snapshot length of the first interface
unlimited: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28
unlimited: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
