// Package lab plays real TCP connections between three network namespaces
// (client, router, server), captures them at each, and writes down what the
// kernel itself says happened. It is the measure the analyzer is held against.
//
// It needs root on Linux with ip, ethtool, tcpdump and tracefs; Available says
// what is missing. Nothing leaves the namespaces, and all of them are deleted
// when a scenario ends.
package lab

// Vantage names a place that a scenario is captured at.
type Vantage string

// The places. At the router the capture is taken on "any", so that each
// forwarded packet shows twice: once coming in and once going out.
const (
	AtClient Vantage = "client"
	AtServer Vantage = "server"
	AtRouter Vantage = "router"
	AtBox    Vantage = "box" // in a scene with a firewall or load balancer: on "any" too
)

// Family is an IP version.
type Family int

// The two IP versions.
const (
	IPv4 Family = 4
	IPv6 Family = 6
)

// String writes the family as "ipv4" or "ipv6".
func (f Family) String() string {
	if f == IPv6 {
		return "ipv6"
	}
	return "ipv4"
}
