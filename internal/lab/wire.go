//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strconv"
	"time"
)

// WireOptions say what lies between the two hosts of a Wire.
type WireOptions struct {
	Offload bool          // leave segmentation and checksums to the links
	Delay   time.Duration // one way; with neither Delay nor Loss the router's kernel forwards
	Loss    float64       // the part of packets that the router drops
	Sysctls [][2]string   // set on both hosts
}

// Wire is two hosts with a router between them, for programs to run on and to
// be captured. It plays no scenario and knows no truth.
type Wire struct {
	net     *network
	forward *forwarder // nil where the kernel forwards
	release func()
}

// NewWire builds the namespaces. It waits until no other laboratory is in use on
// this machine. The caller closes the Wire.
func NewWire(ctx context.Context, opt WireOptions) (w *Wire, err error) {
	w = new(Wire)
	if w.release, err = hold(ctx); err != nil {
		return nil, err
	}
	if w.net, err = newNetwork(opt.Offload, false); err != nil {
		w.release()
		return nil, err
	}
	if err := w.prepare(opt); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Wire) prepare(opt WireOptions) (err error) {
	for _, p := range opt.Sysctls {
		if err := errors.Join(w.net.client.sysctl(p[0], p[1]), w.net.server.sysctl(p[0], p[1])); err != nil {
			return err
		}
	}
	if opt.Delay == 0 && opt.Loss == 0 {
		return w.net.router.sysctl("net.ipv4.ip_forward", "1")
	}
	luck := rand.New(rand.NewPCG(1, 1)) // used with the forwarder's lock held
	lose := &Rule{Name: "loss", Action: Drop, Match: func(*Packet) bool { return luck.Float64() < opt.Loss }}
	w.forward, err = newForwarder(w.net, false, opt.Delay, []*Rule{lose}, nil)
	return err
}

// Address is where a host is reached.
func (w *Wire) Address(at Vantage) netip.Addr {
	if at == AtClient {
		return clientAddrs[IPv4]
	}
	return serverAddrs[IPv4]
}

func (w *Wire) namespace(at Vantage) (*namespace, string) {
	switch at {
	case AtClient:
		return w.net.client, clientLink
	case AtServer:
		return w.net.server, serverLink
	}
	return w.net.router, routerLinks[0]
}

// Command prepares a program that runs on a host.
func (w *Wire) Command(ctx context.Context, at Vantage, name string, args ...string) *exec.Cmd {
	ns, _ := w.namespace(at)
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns.name, name}, args...)...)
}

// Do runs f on a thread that is on a host: sockets that f makes belong there.
func (w *Wire) Do(at Vantage, f func() error) error {
	ns, _ := w.namespace(at)
	return ns.do(f)
}

// Record begins to capture TCP at a host, or on the router's link to the client,
// with each packet cut to snap bytes, 0 for whole ones. It returns a function
// that ends it; that is an error if packets are missing.
func (w *Wire) Record(at Vantage, file string, snap int) (stop func() error, err error) {
	ns, link := w.namespace(at)
	r, err := startRecorder(ns, link, file, "tcp", "-s", strconv.Itoa(snap), "-B", "262144")
	if err != nil {
		return nil, err
	}
	return func() error {
		time.Sleep(2 * time.Second) // tcpdump gets packets in blocks, the last one after a second
		return r.stop()
	}, nil
}

// Close ends forwarding and removes the namespaces. Whatever runs in them is to
// be ended before.
func (w *Wire) Close() (err error) {
	if w.forward != nil {
		_, err = w.forward.close()
	}
	err = errors.Join(err, w.net.close())
	w.release()
	if err != nil {
		return fmt.Errorf("wire: %w", err)
	}
	return nil
}
