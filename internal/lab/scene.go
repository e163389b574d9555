//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"slices"
)

// Scenes returns what explains a connection from beside it: ICMP errors, boxes
// that translate, forget or reset, paths too narrow, second subflows, and hosts
// that do what looks wrong and is not. Each scene is played as often as plays
// says, at ports of its own, and the truth names it at each connection. slow
// lets pauses be as long as hosts' and boxes' real limits, a minute and more.
func Scenes(plays int, slow bool) []*Scenario {
	var acts []*Scenario
	for _, a := range []struct {
		of    Scenario
		plans []*Scenario
	}{
		{Scenario{Name: "scenes-rejecting", Title: "Connections that a firewall or a router rejects by ICMP.", Box: noRules}, scenesRejecting},
		{Scenario{Name: "scenes-path-mtu", Title: "A path narrower than its ends, told by ICMP.", Set: narrowPath, OneByOne: true, Box: noRules}, scenesPathMTU},
		{Scenario{Name: "scenes-black-hole", Title: "A path narrower than its ends, of which nothing is told.", Box: noRules}, scenesBlackHole},
		{Scenario{Name: "scenes-probing", Title: "The same with tcp_mtu_probing.", Box: noRules, Sysctls: [][2]string{{"net.ipv4.tcp_mtu_probing", "1"}}}, scenesProbing},
		{Scenario{Name: "scenes-translating", Title: "Boxes that translate, forget, or answer in the server's name.", Set: strictBox, Box: noRules}, scenesTranslating(slow)},
		{Scenario{Name: "scenes-numbers", Title: "Boxes that choose numbers of their own, and a host that answers beside the server."}, scenesNumbers},
		{Scenario{Name: "scenes-time-wait", Title: "Clients behind one address that meet another's TIME-WAIT.", Set: strictBox, Box: noRules}, scenesTimeWait},
		{Scenario{Name: "scenes-rfc1337", Title: "The same with tcp_rfc1337.", Set: strictBox, Box: noRules, Sysctls: [][2]string{{"net.ipv4.tcp_rfc1337", "1"}}}, scenesRFC1337},
		{Scenario{Name: "scenes-hosts", Title: "Hosts that do what looks wrong and is not.", Sysctls: hostsSysctls(slow)}, scenesHosts(slow)},
		{Scenario{Name: "scenes-fast-open", Title: "Fast Open with and without a cookie, and refused.", Sysctls: [][2]string{{"net.ipv4.tcp_fastopen", "3"}}}, scenesFastOpen},
		{Scenario{Name: "scenes-mptcp", Title: "Multipath TCP with two subflows.", Set: multipathHosts}, scenesMultipath},
		{Scenario{Name: "scenes-mptcp-stripped", Title: "Multipath TCP through a box that takes its options off.", Set: multipathHosts}, multipathFallbacks},
		{Scenario{Name: "scenes-self", Title: "Sockets connected to themselves.", Client: "lo"}, scenesSelf},
		{Scenario{Name: "scenes-mirrors", Title: "A tap that two mirror ports feed.", Mirror: &Mirror{}}, scenesMirrored},
		{Scenario{Name: "scenes-vlan", Title: "A tap that sees each packet in two VLANs.", Mirror: &Mirror{Tags: [2]uint16{11, 12}}}, scenesTagged},
		{Scenario{Name: "scenes-vxlan", Title: "A VXLAN tunnel over a path too narrow for it: outer fragments.", Set: tunnelHosts}, scenesTunnel},
	} {
		sc := a.of
		sc.Sees = "See each plan."
		sc.Snap, sc.Others = 160, true
		var plans []*Scenario
		for _, plan := range a.plans {
			for i := range plays {
				p := *plan
				if p.Family == 0 {
					p.Family = []Family{IPv4, IPv6}[i%2] // as often the one as the other
				}
				plans = append(plans, &p)
			}
		}
		acts = append(acts, sc.playing(plans, true))
	}
	return acts
}

// SceneNames returns the names of all scenes with what happens in each.
func SceneNames() (names, titles []string) {
	for _, p := range slices.Concat(scenesRejecting, scenesPathMTU, scenesBlackHole, scenesProbing, scenesTranslating(false), scenesNumbers,
		scenesTimeWait, scenesRFC1337, scenesHosts(false), scenesFastOpen, scenesMultipath, multipathFallbacks, scenesMirrored, scenesTagged, scenesSelf, scenesTunnel) {
		names, titles = append(names, p.Name), append(titles, p.Title)
	}
	return names, titles
}

// noRules is a box that only forwards.
func noRules(*Stage) BoxRules { return BoxRules{} }

// family returns the stage's IP version.
func (s *Stage) family() Family {
	if s.Client.Addr.Is6() {
		return IPv6
	}
	return IPv4
}

// proto is how nftables calls the stage's IP version.
func (s *Stage) proto() string { return map[Family]string{IPv4: "ip", IPv6: "ip6"}[s.family()] }

// toServer and toClient begin a rule of the box for the stage's packets.
func (s *Stage) toServer() string {
	return fmt.Sprintf("meta nfproto %s tcp dport %d ", s.family(), s.Service)
}
func (s *Stage) toClient() string {
	return fmt.Sprintf("meta nfproto %s tcp sport %d ", s.family(), s.Service)
}

// at is the same machine by another of its addresses.
func (h *Host) at(a netip.Addr) *Host { return &Host{Addr: a, name: h.name, ns: h.ns, stage: h.stage} }
