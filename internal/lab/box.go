//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
)

// The box is a fourth machine, between the router and the server, whose kernel
// forwards, filters and translates: the firewall or the load balancer of a scene.
// It is there only where a scenario asks for it.
var (
	boxMACs  = [2]net.HardwareAddr{{2, 0, 0, 0, 0, 0x41}, {2, 0, 0, 0, 0, 0x42}} // towards client, towards server
	boxLinks = [2]string{"bxc0", "bxs0"}
)

// Addresses that only the box knows: one that it translates to the server's, one
// that it translates the client's to, and some that it has no way to.
var (
	virtualAddrs  = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.2.99"), IPv6: netip.MustParseAddr("fd77:2::99")}
	boxAddrs      = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.2.254"), IPv6: netip.MustParseAddr("fd77:2::fe")}
	unreachable   = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.9.2"), IPv6: netip.MustParseAddr("fd77:9::2")}
	prohibited    = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.9.3"), IPv6: netip.MustParseAddr("fd77:9::3")}
	secondClients = map[Family]netip.Addr{IPv4: netip.MustParseAddr("10.77.1.4"), IPv6: netip.MustParseAddr("fd77:1::4")}
)

// BoxRules are lines of nftables rules by the chain that they belong to.
type BoxRules struct {
	Untracked   []string // before connection tracking
	Forward     []string
	Destination []string // translation of destinations
	Source      []string // translation of sources
}

// add appends the lines of more.
func (r *BoxRules) add(more BoxRules) {
	r.Untracked = append(r.Untracked, more.Untracked...)
	r.Forward = append(r.Forward, more.Forward...)
	r.Destination = append(r.Destination, more.Destination...)
	r.Source = append(r.Source, more.Source...)
}

// ruleset writes the rules as nft reads them. A chain without lines is left out,
// so that connections are tracked only where rules ask for that.
func (r *BoxRules) ruleset() string {
	var b strings.Builder
	b.WriteString("table inet lab {\n")
	for _, chain := range []struct {
		hook  string
		lines []string
	}{
		{"filter hook prerouting priority raw", r.Untracked},
		{"nat hook prerouting priority dstnat", r.Destination},
		{"filter hook forward priority filter", r.Forward},
		{"nat hook postrouting priority srcnat", r.Source},
	} {
		if len(chain.lines) == 0 {
			continue
		}
		words := strings.Fields(chain.hook)
		fmt.Fprintf(&b, "chain %s_%s {\ntype %s; policy accept;\n%s\n}\n", words[0], words[2], chain.hook, strings.Join(chain.lines, "\n"))
	}
	b.WriteString("}\n")
	return b.String()
}

// addBox puts a box between the router and the server.
func (n *network) addBox(prefix string) error {
	ns, err := newNamespace(prefix + "box")
	if err != nil {
		return err
	}
	n.box = ns
	for _, p := range [][2]string{
		{"net.ipv6.conf.default.accept_dad", "0"},
		{"net.ipv6.conf.default.accept_ra", "0"},
		{"net.ipv6.conf.default.router_solicitations", "0"},
		{"net.ipv4.ip_forward", "1"},
		{"net.ipv6.conf.all.forwarding", "1"},
		{"net.ipv4.conf.all.rp_filter", "0"},
		{"net.ipv4.conf.all.send_redirects", "0"},
		{"net.ipv4.conf.default.send_redirects", "0"},
		// Every packet that is refused is told about. (A rate limit of 0 would let one
		// of the kernel's two limiters starve the other, which routes without a way use.)
		{"net.ipv4.icmp_ratemask", "0"},
		{"net.ipv6.icmp.ratelimit", "0"},
	} {
		if err := ns.sysctl(p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

// wireBox makes the link between box and server, and the box's routes. The link
// between router and box is made by then.
func (n *network) wireBox(offload bool) error {
	err := command("ip", "link", "add", serverLink, "netns", n.server.name, "address", serverMAC.String(),
		"type", "veth", "peer", "name", boxLinks[1], "netns", n.box.name, "address", boxMACs[1].String())
	if err != nil {
		return err
	}
	err = n.server.ip(fmt.Sprintf(`link set lo up
link set %[1]s up
address add 10.77.2.2/32 dev %[1]s
address add fd77:2::2/128 dev %[1]s nodad
neighbour replace 10.77.3.1 lladdr %[2]s dev %[1]s nud permanent
neighbour replace fd77:3::1 lladdr %[2]s dev %[1]s nud permanent
route add default via 10.77.3.1 dev %[1]s onlink
route add fd77:3::1/128 dev %[1]s
route add default via fd77:3::1 dev %[1]s
`, serverLink, boxMACs[1]))
	if err != nil {
		return err
	}
	err = n.box.ip(fmt.Sprintf(`link set lo up
link set %[1]s up
link set %[2]s up
address add 10.77.2.254/32 dev %[1]s
address add 10.77.3.1/32 dev %[2]s
address add fd77:2::fe/128 dev %[1]s nodad
address add fd77:3::1/128 dev %[2]s nodad
neighbour replace 10.77.2.1 lladdr %[3]s dev %[1]s nud permanent
neighbour replace fd77:2::1 lladdr %[3]s dev %[1]s nud permanent
neighbour replace 10.77.2.2 lladdr %[4]s dev %[2]s nud permanent
neighbour replace fd77:2::2 lladdr %[4]s dev %[2]s nud permanent
route add default via 10.77.2.1 dev %[1]s onlink
route add fd77:2::1/128 dev %[1]s
route add default via fd77:2::1 dev %[1]s
route add 10.77.2.2/32 dev %[2]s
route add fd77:2::2/128 dev %[2]s
route add unreachable 10.77.9.2/32
route add unreachable fd77:9::2/128
route add prohibit 10.77.9.3/32
route add prohibit fd77:9::3/128
`, boxLinks[0], boxLinks[1], routerMACs[1], serverMAC))
	if err != nil || offload {
		return err
	}
	for _, end := range [][2]string{{n.server.name, serverLink}, {n.box.name, boxLinks[0]}, {n.box.name, boxLinks[1]}} {
		if err := withoutOffload(end[0], end[1]); err != nil {
			return err
		}
	}
	return nil
}

// filter puts rules into force on the box.
func (n *network) filter(rules *BoxRules) error {
	cmd := exec.Command("ip", "netns", "exec", n.box.name, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules.ruleset())
	return run(cmd)
}
