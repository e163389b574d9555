//go:build linux

package lab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Campaign returns the acts of a campaign: scenarios that each play many
// connections at once, every one with parameters of its own. The same seed
// gives the same plans; what the kernels make of them is never twice the same.
// brief makes transfers shorter, for recordings that are kept.
func Campaign(seed uint64, brief bool) []*Scenario {
	luck := rand.New(rand.NewPCG(seed, 0xca3))
	sysctls := [][][2]string{
		nil,
		{{"net.ipv4.tcp_sack", "0"}},
		{{"net.ipv4.tcp_timestamps", "0"}},
		{{"net.ipv4.tcp_ecn", "1"}},
		{{"net.ipv4.tcp_recovery", "0"}},
		{{"net.ipv4.tcp_timestamps", "0"}, {"net.ipv4.tcp_sack", "0"}},
	}
	var acts []*Scenario
	for i := range 4 {
		var how [][2]string
		if i == 3 {
			how = sysctls[luck.IntN(len(sysctls))]
		}
		acts = append(acts, act(fmt.Sprintf("seed-%d-act-%d", seed, i+1), i%2 == 1, time.Duration(3000+luck.IntN(12000))*time.Microsecond, how, brief))
	}
	return acts
}

// Local returns two acts more at a local network's delay, with offload and without.
// At the far side of so short a path retransmissions are harder to tell.
func Local(seed uint64, brief bool) []*Scenario {
	luck := rand.New(rand.NewPCG(seed, 1))
	var acts []*Scenario
	for i := range 2 {
		delay := time.Duration(50+luck.IntN(500)) * time.Microsecond
		acts = append(acts, act(fmt.Sprintf("seed-%d-local-%d", seed, i+1), i%2 == 1, delay, nil, brief))
	}
	return acts
}

// act makes a scenario of all plots at once, half of them over IPv6.
func act(name string, offload bool, delay time.Duration, sysctls [][2]string, brief bool) *Scenario {
	sc := &Scenario{
		Name:  name,
		Title: "Many connections at once, each with a fate of its own.",
		Sees:  "Everything.",
		Snap:  128, Offload: offload, Delay: delay,
		Sysctls: append([][2]string{{"net.ipv4.tcp_fastopen", "3"}, {"net.ipv4.tcp_tw_reuse", "1"}}, sysctls...),
	}
	return sc.playing(slices.Concat(plots...), brief)
}

// playing makes the scenario one that plays plans, all at once or one after the
// other, each at a port of its own. brief makes transfers shorter.
func (sc *Scenario) playing(plans []*Scenario, brief bool) *Scenario {
	var parts []*Stage
	sc.Rules = func(whole *Stage) []*Rule {
		whole.parts, parts = make(map[uint16]string), nil
		var rules []*Rule
		first := whole.Rand.IntN(2)
		for i, plan := range plans {
			family := plan.Family
			if family == 0 { // the one as often as the other, and over the acts each plan over both
				family = IPv4 + 2*Family((i+first)%2)
			}
			s := whole.part(5001+uint16(i), family)
			s.brief = brief
			whole.parts[s.Service] = plan.Name
			parts = append(parts, s)
			own := []*Rule{s.blackout()}
			if plan.Rules != nil {
				own = append(own, plan.Rules(s)...)
			}
			for _, r := range own {
				r := *r
				match := r.Match
				r.Maybe = true
				r.Match = func(p *Packet) bool { return p.service() == s.Service && match(p) }
				rules = append(rules, &r)
			}
		}
		return rules
	}
	if slices.ContainsFunc(plans, func(p *Scenario) bool { return p.Box != nil }) || sc.Box != nil {
		also := sc.Box
		sc.Box = func(whole *Stage) BoxRules {
			var rules BoxRules
			if also != nil {
				rules = also(whole)
			}
			for i, plan := range plans {
				if plan.Box != nil {
					rules.add(plan.Box(parts[i]))
				}
			}
			return rules
		}
	}
	sc.Play = func(whole *Stage) {
		var run []func()
		for i, s := range parts {
			begin := time.Duration(whole.Rand.IntN(3000)) * time.Millisecond
			if sc.OneByOne {
				begin = 0
			}
			run = append(run, func() {
				s.Sleep(begin)
				if err := attempt(func() { plans[i].Play(s) }); err != nil {
					whole.note(fmt.Sprintf("%s, port %d: %v", plans[i].Name, s.Service, err))
				}
			})
		}
		if sc.OneByOne {
			for _, play := range run {
				play()
			}
		} else {
			whole.Together(run...)
		}
		whole.Sleep(300 * time.Millisecond)
	}
	return sc
}

// part makes the stage of one scenario of a campaign.
func (s *Stage) part(service uint16, family Family) *Stage {
	p := &Stage{
		ctx: s.ctx, net: s.net, Delay: s.Delay, Service: service, patience: 8 * time.Second, whole: s,
		Rand: rand.New(rand.NewPCG(s.Rand.Uint64(), 1)), Luck: rand.New(rand.NewPCG(s.Rand.Uint64(), 2)),
	}
	p.Client = &Host{Addr: clientAddrs[family], name: s.Client.name, ns: s.Client.ns, stage: p}
	p.Server = &Host{Addr: serverAddrs[family], name: s.Server.name, ns: s.Server.ns, stage: p}
	return p
}

// note writes down that something went another way than planned.
func (s *Stage) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, text)
}

// service returns the server's port.
func (p *Packet) service() uint16 {
	if p.Direction == ToServer {
		return p.TargetPort
	}
	return p.SourcePort
}
