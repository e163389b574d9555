#!/bin/sh
# Linux 6.18: with tcp_syncookies=2 a server that has reset a connection accepts it once more
# when a segment of the client that follows the handshake comes behind the RST.
#
# Seen on the loopback of a namespace of its own, with a rule that drops the server's RSTs, as where they cross
# what the client sends: the server accepts and aborts (SO_LINGER 0), then the client sends its first 100 bytes. The listener
# takes these for the handshake's last ACK, since their acknowledgment is a valid cookie and their sequence number
# fits to it: accept() returns a second socket with the same two addresses, which acknowledges the data and
# reads them. In a capture the server goes on after its own RST, as if somebody else had sent that.
# With tcp_syncookies=1, and no queue that has overflowed, the data are answered with a RST.
# A good guess is that RST for both: an acknowledgment that arrives in LISTEN is answered with one (RFC 9293 §3.10.7.2). Cookies
# are known to keep nothing of a half-open connection (RFC 4987 §3.6); here they bring back one that was open and is over.
# The script needs a kernel that lets a user make namespaces (or root), nft, ip and python3.
set -eu
for tool in python3 nft ip unshare; do
	command -v $tool >/dev/null || PATH=$PATH:/usr/sbin command -v $tool >/dev/null || { echo "$tool is needed"; exit 2; }
done
uname -sr
play() {
	PATH=$PATH:/usr/sbin unshare -rn sh -c '
ip link set lo up
nft add table ip t
nft "add chain ip t c { type filter hook input priority 0 ; }"
nft add rule ip t c tcp sport 8000 tcp flags rst drop
echo $1 >/proc/sys/net/ipv4/tcp_syncookies
python3 - <<PY
import socket, struct, threading, time
listener = socket.socket()
listener.bind(("127.0.0.1", 8000))
listener.listen()
accepted = []
def serve():
    while True:
        c, peer = listener.accept()
        accepted.append((c, peer))
        if len(accepted) == 1:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            c.close()
threading.Thread(target=serve, daemon=True).start()
c = socket.create_connection(("127.0.0.1", 8000))
time.sleep(0.2)
c.sendall(b"x" * 100)
time.sleep(0.3)
same = len({peer for _, peer in accepted})
print("accepted", len(accepted), "times from", same, "address and port", end="")
if len(accepted) > 1:
    second = accepted[1][0]
    second.settimeout(1)
    print(", the second time with", len(second.recv(500)), "bytes", end="")
print()
PY' sh "$1"
}
seen="tcp_syncookies=1: $(play 1)
tcp_syncookies=2: $(play 2)"
echo "$seen"
want='tcp_syncookies=1: accepted 1 times from 1 address and port
tcp_syncookies=2: accepted 2 times from 1 address and port, the second time with 100 bytes'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
