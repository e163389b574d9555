#!/bin/sh
# Linux 6.18: a socket that was closed answers the peer's FIN with a RST if data before
# that FIN are missing, where nothing of the data has ever come.
#
# Seen on the loopback of a namespace of its own, with a rule that drops one packet: the client closes and sends
# its FIN; the server's last 200 bytes are dropped; its FIN, which carries no data, comes with the number behind them. The
# client's kernel goes from FIN-WAIT-1 to FIN-WAIT-2 by that segment's ACK and answers with a RST whose number is
# that ACK: no duplicate ACK asks for the bytes, no TIME-WAIT follows. In a capture that lacks the dropped packet
# it looks as if the client reset an orderly close.
# A good guess is a duplicate ACK: the FIN is out of order but inside the window (RFC 9293 §3.10.7.4), and what
# asks for a RST is data that come after the close (RFC 9293 §3.6.1, SHLD-3).
# The script needs a kernel that lets a user make namespaces (or root), nft, ip and python3.
set -eu
for tool in python3 nft ip unshare; do
	command -v $tool >/dev/null || PATH=$PATH:/usr/sbin command -v $tool >/dev/null || { echo "$tool is needed"; exit 2; }
done
uname -sr
seen=$(PATH=$PATH:/usr/sbin unshare -rn sh -c '
ip link set lo up
nft add table ip t
nft "add chain ip t c { type filter hook input priority 0 ; }"
nft add rule ip t c tcp sport 8000 meta length 252 drop  # 20 of IP, 32 of TCP, 200 of data
python3 - <<PY
import socket, threading, time
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
tap.bind(("lo", 0x0800))
listener = socket.socket()
listener.bind(("127.0.0.1", 8000))
listener.listen()
def serve():
    c, _ = listener.accept()
    c.recv(100)
    c.sendall(b"x" * 150)
    c.recv(100)
    c.sendall(b"y" * 200)  # dropped
    while c.recv(100):
        pass
    c.close()
threading.Thread(target=serve, daemon=True).start()
c = socket.create_connection(("127.0.0.1", 8000))
c.sendall(b"a" * 100)
c.recv(500)
c.sendall(b"b" * 100)
time.sleep(0.1)
c.close()
time.sleep(0.1)
tap.settimeout(0.2)
first = {}
try:
    while True:
        p, at = tap.recvfrom(4096)
        if at[2] == socket.PACKET_OUTGOING:
            continue
        tcp = p[(p[0] & 15) * 4:]
        port, seq, ack, flags = int.from_bytes(tcp[:2], "big"), int.from_bytes(tcp[4:8], "big"), int.from_bytes(tcp[8:12], "big"), tcp[13]
        side, other = ("server", "client") if port == 8000 else ("client", "server")
        first.setdefault(side, seq)
        size = int.from_bytes(p[2:4], "big") - (p[0] & 15) * 4 - (tcp[12] >> 4) * 4
        names = "".join(n for bit, n in ((1, "F"), (2, "S"), (4, "R"), (16, ".")) if flags & bit)
        if flags & 5 or size == 200:
            print(side, names, "seq", seq - first[side], "ack", ack - first[other] if flags & 16 else "-", "bytes", size)
except TimeoutError:
    pass
PY')
echo "$seen"
want='server . seq 151 ack 201 bytes 200
client F. seq 201 ack 151 bytes 0
server F. seq 351 ack 202 bytes 0
client R seq 202 ack - bytes 0'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
