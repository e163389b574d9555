// Package programs makes captures of real programs that talk to each other
// between network namespaces, for measuring. It needs root on Linux, and the
// programs, which are in Debian's packages of the same names or those named in
// Kind.Packages.
package programs

import (
	"fmt"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/lab"
)

// Edition is raised whenever a kind is made in another way, so that captures
// kept from earlier are not taken for those of today.
const Edition = 2

// Web is the kind that most is measured on.
const Web = "web-host"

// Kind is a sort of capture.
type Kind struct {
	Name, Title string
	Needs       []string // programs
	Packages    string   // Debian's, that have them
	Offload     bool     // segmentation and checksums are left to the links
	Loss        float64  // part of the packets that the router drops
	Delay       time.Duration
	At          lab.Vantage
	Snap        int
	Sysctls     [][2]string
	play        func(*play, int) error // makes some n packets
}

var (
	webTools   = []string{"nginx", "ab"}
	webPackage = "nginx-light, apache2-utils"
)

// Kinds are all of them.
var Kinds = []Kind{
	{Name: Web, Title: "short HTTP connections, on the server, TSO/GRO and checksum offload", Needs: webTools, Packages: webPackage, Offload: true, At: lab.AtServer, play: shortWeb},
	{Name: "web-router", Title: "short HTTP connections, on the router", Needs: webTools, Packages: webPackage, At: lab.AtRouter, play: shortWeb},
	{Name: "web-loss", Title: "short HTTP connections, 1 % of the packets lost, on the client", Needs: webTools, Packages: webPackage, At: lab.AtClient,
		Loss: 0.01, Delay: 5 * time.Millisecond, play: lossyWeb},
	{Name: "keepalive", Title: "HTTP keepalive, then short connections over 500 ports used again and again, on the client", Needs: webTools, Packages: webPackage, Offload: true, At: lab.AtClient,
		Sysctls: [][2]string{{"net.ipv4.ip_local_port_range", "40000 40499"}, {"net.ipv4.tcp_tw_reuse", "1"}}, play: keepaliveWeb},
	{Name: "tls", Title: "HTTPS, on the server, TSO/GRO and checksum offload", Needs: append([]string{"openssl"}, webTools...), Packages: webPackage + ", openssl", Offload: true, At: lab.AtServer, play: tlsWeb},
	{Name: "go-http", Title: "HTTP between a server and a client in Go, some connections kept, on the router", At: lab.AtRouter, play: goHTTP},
	{Name: "bulk-gro", Title: "four transfers, on the receiver, frames of up to 64 kB", Needs: []string{"iperf3"}, Packages: "iperf3", Offload: true, At: lab.AtServer, play: bulk(1_300)},
	{Name: "bulk-snap", Title: "the same with a snaplen of 128", Needs: []string{"iperf3"}, Packages: "iperf3", Offload: true, At: lab.AtServer, Snap: 128, play: bulk(40_000)},
	{Name: "bulk-router", Title: "four transfers, on the router", Needs: []string{"iperf3"}, Packages: "iperf3", At: lab.AtRouter, play: bulk(1_000)},
	{Name: "bulk-loss", Title: "32 transfers, 1 % of the packets lost, on the receiver", Needs: []string{"iperf3"}, Packages: "iperf3", At: lab.AtServer,
		Loss: 0.01, Delay: 5 * time.Millisecond, play: lossyBulk},
	{Name: "redis", Title: "50 connections with small requests, on the router", Needs: []string{"redis-server", "redis-benchmark"}, Packages: "redis-server, redis-tools", At: lab.AtRouter, play: redis},
	{Name: "idle", Title: "connections with one exchange each that stay open, and keepalives, on the server", Offload: true, At: lab.AtServer, play: idle,
		Sysctls: [][2]string{{"net.ipv4.ip_local_port_range", "10000 60000"}, {"net.core.somaxconn", "65535"}}},
}

// Stalls is a capture of short connections with three among them that stall. It is for
// looking at, not for measuring.
var Stalls = Kind{Name: "stalls", Title: "short HTTP connections, and three that stall: the server thinks for 6 s, the router drops everything for 5 s, the client does not read for 7 s",
	Needs: append([]string{"nft"}, webTools...), Packages: webPackage + ", nftables", At: lab.AtRouter, play: stalls}

// Find returns the kind of that name, or nil.
func Find(name string) *Kind {
	for i := range Kinds {
		if Kinds[i].Name == name {
			return &Kinds[i]
		}
	}
	if name == Stalls.Name {
		return &Stalls
	}
	return nil
}

// Missing is the error of a capture that cannot be made on this machine.
type Missing string

func (m Missing) Error() string { return string(m) }

// how says in one sentence how the kind is made, with the programs' versions.
func (k *Kind) how(versions []string, kernel string) string {
	parts := append(versions, "Linux "+kernel)
	if k.Delay > 0 {
		parts = append(parts, fmt.Sprintf("%v delay each way", k.Delay))
	}
	if k.Loss > 0 {
		parts = append(parts, fmt.Sprintf("%g %% loss", 100*k.Loss))
	}
	if k.Snap > 0 {
		parts = append(parts, fmt.Sprintf("tcpdump -s %d", k.Snap))
	}
	for _, s := range k.Sysctls {
		parts = append(parts, s[0]+" = "+s[1])
	}
	return strings.Join(parts, ", ")
}
