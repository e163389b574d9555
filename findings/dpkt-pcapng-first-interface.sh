#!/bin/sh
# dpkt 1.9.8 (Python): its pcapng.Reader reads all packets of a file as the first interface
# has them, and what stands behind a section of the other byte order not at all.
#
# Seen: the packet of a second interface, whose if_tsresol is 9 (nanoseconds), comes in the
# year 55840 beside a first one in microseconds; its link type is not told (datalink() is the
# first one's, so raw IP is taken for Ethernet); behind a second section in the other byte
# order iterating ends as at the end of the file, without an error, since the section's
# length is read in the old order. The rule: resolution and link type belong to the interface
# that the packet names, and a section header may change the byte order
# (draft-ietf-opsawg-pcapng). A good guess is that the reader refuses what it does not do;
# mergecap writes files of several interfaces, and concatenated files have several sections.
set -eu
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT && cd "$dir"

apt-get download python3-dpkt=1.9.8-1 >/dev/null 2>&1 || { echo "python3-dpkt 1.9.8-1 could not be had"; exit 1; }
dpkg -x ./*.deb .

cat >main.py <<'PYTHON'
import datetime, io, struct, sys

sys.path.insert(0, "usr/lib/python3/dist-packages")
import dpkt

def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)

def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

def interface(order, link, resolution):
    options = struct.pack(order + "HHB3xHH", 9, 1, resolution, 0, 0)
    return block(order, 1, struct.pack(order + "HHI", link, 0, 262144) + options)

def packet(order, number, time, data):
    return block(order, 6, struct.pack(order + "IIIII", number, time >> 32, time & 0xFFFFFFFF, len(data), len(data)) + data)

arp = bytes.fromhex("ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002")
ip = bytes.fromhex("4500001400010000400066e40a0000010a000002")
T = 1_700_000_000
first = section("<") + interface("<", 1, 6) + packet("<", 0, T * 10**6, arp)
files = {
    "two interfaces": first + interface("<", 101, 9) + packet("<", 1, (T + 1) * 10**9, ip) + packet("<", 0, (T + 2) * 10**6, arp),
    "two sections": first + section("<") + interface("<", 101, 9) + packet("<", 0, (T + 1) * 10**9, ip),
    "two byte orders": first + section(">") + interface(">", 1, 6) + packet(">", 0, (T + 1) * 10**6, arp),
}
for name, data in files.items():
    reader = dpkt.pcapng.Reader(io.BytesIO(data))
    for time, octets in reader:
        # A year of 365.2425 days: Python's dates end before.
        print("%s: year %d, link type %d, %d octets" % (name, 1970 + time / 86400 / 365.2425, reader.datalink(), len(octets)))
PYTHON

seen=$(python3 main.py)
echo "$seen"
want='two interfaces: year 2023, link type 1, 42 octets
two interfaces: year 55840, link type 1, 20 octets
two interfaces: year 2023, link type 1, 42 octets
two sections: year 2023, link type 1, 42 octets
two sections: year 55840, link type 1, 20 octets
two byte orders: year 2023, link type 1, 42 octets'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
