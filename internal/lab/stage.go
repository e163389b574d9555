//go:build linux

package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Scenario is one play.
type Scenario struct {
	Name   string // file name stem, kebab-case
	Title  string // what happens, one sentence
	Sees   string // what must be seen in the captures, for people who read them
	Family Family // 0 for IPv4

	Offload bool          // leave segmentation and checksums to the links
	Delay   time.Duration // one way; 0 for 5 ms
	Snap    int           // octets kept of each packet, 0 for all
	Sysctls [][2]string   // set on both hosts

	Others bool                         // capture and carry ICMP and UDP too
	Client string                       // interface that the client's capture is taken on, "" for its link
	Set    func(*Stage, *network) error // what else has to be set up
	Box    func(*Stage) BoxRules        // rules of the box, nil for no box

	Mirror *Mirror // what the router's capture is taken on, nil for all its interfaces

	OneByOne bool // of a scenario made of plans: not all at once

	Rules func(*Stage) []*Rule // what the router does to packets, nil for nothing
	Play  func(*Stage)
	Check func(*Truth) error // does the truth show what the scenario is for?
}

// Stage is where a scenario plays.
type Stage struct {
	Client, Server *Host
	Rand           *rand.Rand    // for the play, from the seed
	Luck           *rand.Rand    // for the router's rules, from the seed
	Delay          time.Duration // one way
	Service        uint16        // the port that the server listens on

	net      *network
	ctx      context.Context
	brief    bool              // transfers are short
	patience time.Duration     // bounds every single wait
	dead     atomic.Bool       // the router drops everything
	half     atomic.Bool       // it drops what a scenario calls one half of the path
	whole    *Stage            // where this one is a part of a campaign
	parts    map[uint16]string // by their service port: scenarios of a campaign
	forward  *forwarder
	mu       sync.Mutex
	sockets  []*Socket
	notes    []string
	peers    []tuple // connections of hand-made peers
	told     []told
	aliases  []alias
}

// own remembers a socket so that it is closed at the end.
func (s *Stage) own(k *Socket) {
	if s.whole != nil {
		s.whole.own(k)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sockets = append(s.sockets, k)
}

// Sleep lets time pass.
func (s *Stage) Sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
		panic(failure{s.ctx.Err()})
	}
}

// Trip waits until what was sent has arrived and been answered, and a little.
func (s *Stage) Trip() { s.Sleep(2*s.Delay + 60*time.Millisecond) }

// CutPath makes the router drop everything from now on.
func (s *Stage) CutPath() { s.dead.Store(true) }

// HealPath undoes CutPath.
func (s *Stage) HealPath() { s.dead.Store(false) }

// blackout returns the rule that CutPath puts into force.
func (s *Stage) blackout() *Rule {
	return &Rule{Name: "everything: the path is dead", Action: Drop, Match: func(*Packet) bool { return s.dead.Load() }}
}

// Port returns a random client port. Each scenario has few, so that they do
// not meet.
func (s *Stage) Port() uint16 { return uint16(40000 + s.Rand.IntN(20000)) }

// Size returns a random size between low and high.
func (s *Stage) Size(low, high int) int { return low + s.Rand.IntN(high-low+1) }

// Connect makes one connection from a client port to the listener and returns
// both ends of it.
func (s *Stage) Connect(listener *Socket, to uint16) (client, server *Socket) {
	client = s.Client.Socket(s.Port())
	client.Connect(netip.AddrPortFrom(s.Server.Addr, to))
	server = listener.Accept()
	s.Sleep(s.Delay + 20*time.Millisecond) // both ends have seen all of the handshake
	return client, server
}

// To returns the server's address with a port.
func (s *Stage) To(port uint16) netip.AddrPort { return netip.AddrPortFrom(s.Server.Addr, port) }

// Together runs the parts at the same time and returns when all are done.
func (s *Stage) Together(parts ...func()) {
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { errs[i] = attempt(part) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		panic(failure{err})
	}
}

// attempt turns the failure that f was left by into an error.
func attempt(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = failed.err
		}
	}()
	f()
	return nil
}

// hold keeps other laboratories on this machine waiting: addresses are the
// same in all, and the kernel's reports do not say whose they are.
func hold(ctx context.Context) (release func(), err error) {
	path := filepath.Join(os.TempDir(), "tcplab.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != unix.EWOULDBLOCK && err != unix.EINTR {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ErrAstray is the error of a scenario that was played and recorded, but did
// not go as intended. On a busy machine a packet can be late enough to cause
// that; then it helps to record it again.
var ErrAstray = errors.New("did not go as intended")

// hurry gives this process's threads, and so all that it starts, precedence
// over others: the router's delay has to be about what it claims to be. It
// does what it can.
func hurry() {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			unix.Setpriority(unix.PRIO_PROCESS, id, -20)
		}
	}
}

// Record plays the scenario and writes its captures and truth into dir. The
// error says so if the play did not go as the scenario intends. Cancelling ctx
// ends it early; the namespaces are deleted in any case.
func (sc *Scenario) Record(ctx context.Context, dir string, seed uint64) (truth *Truth, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("scenario %s: %w", sc.Name, err)
		}
	}()
	release, err := hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	hurry()
	net, err := newNetwork(sc.Offload, sc.Box != nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, net.close()) }()

	st := sc.stage(ctx, net, seed)
	st.net = net
	defer func() {
		for _, k := range st.sockets {
			k.Close()
		}
	}()
	for _, p := range sc.Sysctls {
		if err := errors.Join(net.client.sysctl(p[0], p[1]), net.server.sysctl(p[0], p[1])); err != nil {
			return nil, err
		}
	}
	if sc.Mirror != nil {
		if err := net.addMirror(); err != nil {
			return nil, err
		}
	}
	if sc.Set != nil {
		if err := sc.Set(st, net); err != nil {
			return nil, err
		}
	}
	truth = &Truth{
		Scenario: sc.Name, Title: sc.Title, Seed: seed, Kernel: kernelVersion(),
		Family: sc.family().String(), Offload: sc.Offload, DelayS: st.Delay.Seconds(),
		Captures: make(map[Vantage]string), Counters: make(map[string]map[string]int64),
	}
	if err := sc.observe(st, net, dir, truth); err != nil {
		return nil, err
	}
	if err := truth.Write(filepath.Join(dir, sc.Name+".truth.json")); err != nil {
		return nil, err
	}
	if sc.Check == nil {
		return truth, nil
	}
	if err := sc.Check(truth); err != nil {
		return truth, fmt.Errorf("%w: %w", ErrAstray, err)
	}
	return truth, nil
}

func (sc *Scenario) family() Family {
	if sc.Family == 0 {
		return IPv4
	}
	return sc.Family
}

// stage makes the stage for a network.
func (sc *Scenario) stage(ctx context.Context, net *network, seed uint64) *Stage {
	var name uint64
	for _, c := range sc.Name {
		name = name*31 + uint64(c)
	}
	st := &Stage{ctx: ctx, Delay: sc.Delay, Service: 80, patience: patience, Rand: rand.New(rand.NewPCG(seed, name)), Luck: rand.New(rand.NewPCG(seed, ^name))}
	if st.Delay == 0 {
		st.Delay = 5 * time.Millisecond
	}
	st.Client = &Host{Addr: clientAddrs[sc.family()], name: "client", ns: net.client, stage: st}
	st.Server = &Host{Addr: serverAddrs[sc.family()], name: "server", ns: net.server, stage: st}
	return st
}

// observe plays the scenario with everything running that watches it, and
// fills in the truth.
func (sc *Scenario) observe(st *Stage, net *network, dir string, truth *Truth) (err error) {
	rules := []*Rule{st.blackout()}
	if sc.Rules != nil {
		rules = append(rules, sc.Rules(st)...)
	}
	if sc.Box != nil {
		boxRules := sc.Box(st)
		if err := net.filter(&boxRules); err != nil {
			return err
		}
	}
	if st.forward, err = newForwarder(net, sc.Others, st.Delay, rules, sc.Mirror); err != nil {
		return err
	}
	forwarding := true
	defer func() {
		if forwarding {
			st.forward.close()
		}
	}()

	var recorders []*recorder
	stopRecorders := func() (err error) {
		for _, r := range recorders {
			err = errors.Join(err, r.stop())
		}
		recorders = nil
		return err
	}
	defer func() { err = errors.Join(err, stopRecorders()) }()
	atRouter, filter := "any", "tcp"
	if sc.Mirror != nil {
		atRouter = mirrorTap
	}
	if sc.Others {
		filter = "tcp or icmp or udp or ip[6:2] & 0x1fff != 0 or ip6[6] = 44 or (icmp6 and ip6[40] < 128)"
	}
	for _, v := range []struct {
		at    Vantage
		ns    *namespace
		iface string
	}{{AtClient, net.client, cmp.Or(sc.Client, clientLink)}, {AtServer, net.server, serverLink}, {AtRouter, net.router, atRouter}, {AtBox, net.box, "any"}} {
		if v.ns == nil {
			continue
		}
		file := sc.Name + "." + string(v.at) + ".pcap"
		filter := filter
		if v.at == AtRouter && sc.Mirror != nil {
			filter = "" // which would not look behind tags
		}
		r, err := record(v.ns, v.iface, filepath.Join(dir, file), sc.Snap, filter)
		if err != nil {
			return err
		}
		recorders = append(recorders, r)
		truth.Captures[v.at] = file
	}

	trace, err := newTracer(strings.Split(net.client.name, "-")[1])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trace.close()) }()

	played := attempt(func() {
		sc.Play(st)
		st.Trip()
		st.Trip()
	})
	// The kernel's view comes first, before the sockets that are still open are
	// closed. Then the captures end, then the network.
	reports, clock, err := trace.stop()
	if err := errors.Join(played, err); err != nil {
		return err
	}
	truth.Clock = Clock{Trace: "mono", UncertaintyS: clock.uncertainty.Seconds()}
	truth.Connections = sc.connections(st, reports)
	truth.Notes = st.notes
	for _, k := range st.sockets {
		k.tell()
	}
	truth.attach(st)
	if net.box != nil {
		if truth.Counters["box"], err = (&Host{name: "box", ns: net.box}).counters(); err != nil {
			return err
		}
	}
	for _, h := range []*Host{st.Client, st.Server} {
		left, err := h.remnants()
		if err != nil {
			return err
		}
		truth.leave(h, left)
		if truth.Counters[h.name], err = h.counters(); err != nil {
			return err
		}
	}
	// Nothing passes the router any more before the first capture ends.
	forwarding = false
	truth.Router, err = st.forward.close()
	return errors.Join(err, stopRecorders())
}

// connections sorts the kernels' reports into connections.
func (sc *Scenario) connections(st *Stage, reports []report) (all []*Connection) {
	for i := range reports {
		r := &reports[i]
		r.from, r.to = st.inside(r.from, r.time), st.inside(r.to, r.time)
	}
	seen := st.resets()
	for _, family := range []Family{IPv4, IPv6} {
		for _, client := range []netip.Addr{clientAddrs[family], secondClients[family]} {
			for _, server := range []netip.Addr{serverAddrs[family], unreachable[family], prohibited[family]} {
				all = append(all, assemble(reports, client, server, nil, seen)...)
			}
		}
	}
	all = append(all, assemble(reports, innerClient, innerServer, nil, seen)...)
	if sc.Client == "lo" {
		all = selfConnected(reports)
	}
	if len(st.peers) > 0 {
		byHand := assemble(reports, peerAddr, serverAddrs[IPv4], st.peers, seen)
		for _, c := range byHand {
			c.ByHand = true
		}
		all = append(all, byHand...)
	}
	for _, c := range all {
		c.Scenario = st.parts[c.Server.Port()]
		c.Dialled, c.ArrivedFrom = st.outside(c.Server), st.outside(c.Client)
	}
	return all
}

// resets returns the RSTs that the router saw.
func (s *Stage) resets() (seen []sighting) {
	s.forward.mu.Lock()
	defer s.forward.mu.Unlock()
	for _, p := range s.forward.rsts {
		seen = append(seen, sighting{p.Time, netip.AddrPortFrom(p.Source, p.SourcePort), netip.AddrPortFrom(p.Target, p.TargetPort)})
	}
	return seen
}

// leave notes for the last incarnation of each connection what is left of it.
func (t *Truth) leave(h *Host, left map[[2]netip.AddrPort]string) {
	last := make(map[tuple]*Connection)
	for _, c := range t.Connections {
		last[tuple{c.Client, c.Server}] = c
	}
	for k, c := range last {
		if h.name == "client" {
			c.ClientSide.Left = left[[2]netip.AddrPort{k.client, cmp.Or(c.Dialled, k.server)}]
		} else {
			c.ServerSide.Left = left[[2]netip.AddrPort{k.server, cmp.Or(c.ArrivedFrom, k.client)}]
		}
	}
}

// kernelVersion returns the first two numbers of the kernel's release.
func kernelVersion() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	numbers := strings.SplitN(unix.ByteSliceToString(u.Release[:]), ".", 3)
	if len(numbers) < 2 {
		return numbers[0]
	}
	if _, err := strconv.Atoi(numbers[1]); err != nil {
		return numbers[0]
	}
	return numbers[0] + "." + numbers[1]
}
