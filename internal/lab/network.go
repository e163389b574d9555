//go:build linux

package lab

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// The addresses are the same in every network: only one exists at a time (see
// hold), and a capture is easier to read when they are known.
var (
	clientMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 0x11}
	routerMACs  = [2]net.HardwareAddr{{2, 0, 0, 0, 0, 0x21}, {2, 0, 0, 0, 0, 0x22}} // towards client, towards server
	serverMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 0x31}
	clientAddrs = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.1.2"), IPv6: netip.MustParseAddr("fd77:1::2")}
	serverAddrs = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.2.2"), IPv6: netip.MustParseAddr("fd77:2::2")}
)

// Names of the interfaces inside the namespaces.
const (
	clientLink = "cli0"
	serverLink = "srv0"
)

var routerLinks = [2]string{"rtc0", "rts0"} // towards client, towards server

// network is the namespaces and the links between them.
type network struct {
	client, router, server *namespace
	box                    *namespace // nil without one
}

// newNetwork builds the namespaces, addresses and routes. The router's kernel
// forwards nothing: that is the forwarder's work. Without offload every packet
// on the links is one that a wire could carry, with its checksum filled in.
func newNetwork(offload, box bool) (*network, error) {
	var suffix [4]byte
	rand.Read(suffix[:]) // never fails
	prefix := "tcplab-" + hex.EncodeToString(suffix[:]) + "-"
	n := new(network)
	for _, part := range []struct {
		name string
		to   **namespace
	}{{"client", &n.client}, {"router", &n.router}, {"server", &n.server}} {
		ns, err := newNamespace(prefix + part.name)
		if err != nil {
			return nil, errors.Join(err, n.close())
		}
		*part.to = ns
	}
	if box {
		if err := n.addBox(prefix); err != nil {
			return nil, errors.Join(err, n.close())
		}
	}
	if err := n.wire(offload); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// wire makes the links, addresses, routes and parameters.
func (n *network) wire(offload bool) error {
	for _, ns := range []*namespace{n.client, n.router, n.server} {
		for _, p := range [][2]string{
			// Nothing but the scenario's own packets: no address detection, no advertisements.
			{"net.ipv6.conf.default.accept_dad", "0"},
			{"net.ipv6.conf.default.accept_ra", "0"},
			{"net.ipv6.conf.default.router_solicitations", "0"},
			{"net.ipv4.ip_forward", "0"},
			{"net.ipv6.conf.all.forwarding", "0"},
		} {
			if err := ns.sysctl(p[0], p[1]); err != nil {
				return err
			}
		}
	}
	for i, far := range []struct {
		ns   *namespace
		link string
		mac  net.HardwareAddr
	}{{n.client, clientLink, clientMAC}, {n.server, serverLink, serverMAC}} {
		if i == 1 && n.box != nil {
			far.ns, far.link, far.mac = n.box, boxLinks[0], boxMACs[0]
		}
		err := command("ip", "link", "add", far.link, "netns", far.ns.name, "address", far.mac.String(),
			"type", "veth", "peer", "name", routerLinks[i], "netns", n.router.name, "address", routerMACs[i].String())
		if err != nil {
			return err
		}
		// Neighbours are fixed, so that no connection waits for their discovery.
		net4, net6 := fmt.Sprintf("10.77.%d", i+1), fmt.Sprintf("fd77:%d:", i+1)
		if i == 0 || n.box == nil {
			err = far.ns.ip(fmt.Sprintf(`link set lo up
link set %[1]s up
address add %[2]s.2/24 dev %[1]s
address add %[3]s:2/64 dev %[1]s nodad
neighbour replace %[2]s.1 lladdr %[4]s dev %[1]s nud permanent
neighbour replace %[3]s:1 lladdr %[4]s dev %[1]s nud permanent
route add default via %[2]s.1
route add default via %[3]s:1
`, far.link, net4, net6, routerMACs[i]))
			if err != nil {
				return err
			}
		}
		if i == 0 {
			if err := n.client.ip(fmt.Sprintf("address add %s/24 dev %[2]s\naddress add %[3]s/64 dev %[2]s nodad\n", secondClients[IPv4], clientLink, secondClients[IPv6])); err != nil {
				return err
			}
		}
		err = n.router.ip(fmt.Sprintf(`link set lo up
link set %[1]s up
address add %[2]s.1/24 dev %[1]s
address add %[3]s:1/64 dev %[1]s nodad
neighbour replace %[2]s.2 lladdr %[4]s dev %[1]s nud permanent
neighbour replace %[3]s:2 lladdr %[4]s dev %[1]s nud permanent
`, routerLinks[i], net4, net6, far.mac))
		if err != nil {
			return err
		}
		if offload {
			continue
		}
		for _, end := range [][2]string{{far.ns.name, far.link}, {n.router.name, routerLinks[i]}} {
			if err := withoutOffload(end[0], end[1]); err != nil {
				return err
			}
		}
	}
	if n.box != nil {
		// What the box knows no way to is not for the router's kernel to refuse.
		if err := n.router.ip("route add blackhole default\nroute add blackhole ::/0\n"); err != nil {
			return err
		}
		return n.wireBox(offload)
	}
	return nil
}

// withoutOffload makes an interface of a namespace send what a wire could carry.
func withoutOffload(ns, link string) error {
	return command("ip", "netns", "exec", ns, "ethtool", "-K", link, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
}

// close deletes the namespaces, as many as were made.
func (n *network) close() error {
	var errs []error
	for _, ns := range []*namespace{n.client, n.router, n.server, n.box} {
		if ns != nil {
			errs = append(errs, ns.delete())
		}
	}
	return errors.Join(errs...)
}
