//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// HealthyPlay is real programs that talk to each other as they should, over one family of
// addresses and a path that loses so much.
type HealthyPlay struct {
	Family Family
	Loss   int // percent of the packets of either direction

	Services bool // the further programs
}

// HealthyPlays are those that the laboratory plays.
var HealthyPlays = []HealthyPlay{{Family: IPv4}, {Family: IPv6}, {Family: IPv4, Loss: 1}, {Family: IPv6, Loss: 1}}

// Name is the play's: a file name's stem.
func (h HealthyPlay) Name() string {
	if h.Loss == 0 {
		return fmt.Sprintf("healthy-%s", h.Family)
	}
	return fmt.Sprintf("healthy-%s-loss-%d", h.Family, h.Loss)
}

// HealthyRecording is what was recorded of a play.
type HealthyRecording struct {
	Captures map[Vantage]string // by place: the file
	Ran      []string           // the programs that took part
	Absent   []string           // those that are not installed
	Failed   []string           // what a program complained about
}

// Record lets the programs talk, each scale times as often as the least, and writes what
// passed at the client's and the server's side into dir.
func (h HealthyPlay) Record(ctx context.Context, dir string, seed uint64, scale int) (rec *HealthyRecording, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", h.Name(), err)
		}
	}()
	release, err := hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	net, err := newNetwork(false, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, net.close()) }()
	forward, err := newForwarder(net, false, 5*time.Millisecond, h.rules(seed), nil)
	if err != nil {
		return nil, err
	}
	forwarding := true
	defer func() {
		if forwarding {
			forward.close()
		}
	}()
	rec = &HealthyRecording{Captures: map[Vantage]string{}}
	var recorders []*recorder
	defer func() {
		for _, r := range recorders {
			err = errors.Join(err, r.stop())
		}
	}()
	for _, v := range []struct {
		at    Vantage
		ns    *namespace
		iface string
	}{{AtClient, net.client, clientLink}, {AtServer, net.server, serverLink}} {
		file := filepath.Join(dir, h.Name()+"."+string(v.at)+".pcap")
		r, err := record(v.ns, v.iface, file, 0, "tcp")
		if err != nil {
			return nil, err
		}
		recorders = append(recorders, r)
		rec.Captures[v.at] = file
	}
	scratch, err := os.MkdirTemp("", "tcplab-healthy-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil { // some servers change their user
		return nil, err
	}
	t := &troupe{ctx: ctx, net: net, rec: rec, dir: scratch, server: serverAddrs[h.Family], scale: scale}
	list := programs
	if h.Services {
		list = services
	}
	for _, p := range list {
		if ctx.Err() != nil {
			break
		}
		t.play(&p)
	}
	time.Sleep(time.Second) // what the servers' ends brought about
	forwarding = false
	_, ferr := forward.close()
	return rec, errors.Join(ctx.Err(), ferr)
}

// rules are the router's.
func (h HealthyPlay) rules(seed uint64) []*Rule {
	if h.Loss == 0 {
		return nil
	}
	luck := rand.New(rand.NewPCG(seed, uint64(h.Loss)))
	return []*Rule{{
		Name: fmt.Sprintf("%d %% of all packets", h.Loss), Action: Drop,
		Match: func(*Packet) bool { return luck.IntN(100) < h.Loss },
	}}
}
