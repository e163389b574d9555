#!/bin/sh
# Linux 6.18, TCP_INFO: the two ends of one connection count its SYN and FIN
# otherwise, so that bytes_acked of one is not what the other's program has read.
#
# Seen on the loopback: the client sends 1000 bytes and a FIN, the server 300. The client's
# tcpi_bytes_acked is 1002: SYN and FIN are in it. The server's is 300: its SYN is not, as it was acknowledged
# before there was a socket. tcpi_bytes_received of the server is 1001, with the client's FIN, that of the client 300.
# tcpi_bytes_sent (1000, 300) has neither. tcpi_segs_out of the server is 3 where a capture shows it send 4: the
# SYN-ACK is missing, while tcpi_segs_in has the SYN. tcpi_delivered counts SYN and SYN-ACK.
# A good guess is that both ends count alike, and bytes as RFC 4898 does, whose
# tcpEStatsAppHCThruOctetsAcked and -Received these fields are named after in linux/tcp.h.
set -eu
command -v python3 >/dev/null || { echo "python3 is needed"; exit 2; }
uname -sr
seen=$(python3 - <<'PY'
import socket, struct, time

def info(s):  # offsets as in linux/tcp.h
    b = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    acked, received = struct.unpack_from("=2Q", b, 120)
    segs_out, segs_in = struct.unpack_from("=2I", b, 136)
    delivered, = struct.unpack_from("=I", b, 192)
    sent, = struct.unpack_from("=Q", b, 200)
    return f"bytes sent {sent} acked {acked} received {received}, segments out {segs_out} in {segs_in}, delivered {delivered}"

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
client = socket.create_connection(listener.getsockname())
server, _ = listener.accept()
client.sendall(b"x" * 1000)
server.recv(2000)
time.sleep(0.2)  # past the delayed ACK
server.sendall(b"y" * 300)
client.recv(2000)
time.sleep(0.2)
client.shutdown(socket.SHUT_WR)
server.recv(1)
time.sleep(0.2)
print("client", info(client))
print("server", info(server))
PY
)
echo "$seen"
want='client bytes sent 1000 acked 1002 received 300, segments out 5 in 4, delivered 3
server bytes sent 300 acked 300 received 1001, segments out 3 in 5, delivered 2'
[ "$seen" = "$want" ] || { echo "this has changed"; exit 1; }
