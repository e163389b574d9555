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

// ChangePlay is a web server and its clients, with at most one thing that is not as it
// should be: what was changed, or what has changed by itself.
type ChangePlay struct {
	Name   string
	Title  string
	Loss   int           // percent of the packets of either direction
	Slow   time.Duration // by which the server takes longer for an answer
	Reset  int           // percent of the clients' segments with data that the firewall answers by a RST
	Window int           // octets of the clients' receive buffers; 0 for the usual
}

// ChangePlays are those that the laboratory plays. In the first nothing is changed.
var ChangePlays = []ChangePlay{
	{Name: "nothing", Title: "nothing but chance"},
	{Name: "loss", Title: "1 % loss", Loss: 1},
	{Name: "slow-server", Title: "a server 20 ms slower", Slow: 20 * time.Millisecond},
	{Name: "resets", Title: "a firewall that resets", Reset: 5},
	{Name: "window", Title: "a smaller receive window", Window: 16 << 10},
}

// changeClients is what the clients do: four at a time fetch five pages on a connection, twenty
// connections each.
const changeClients = `for w in 1 2 3 4; do
	(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		curl -s -o /dev/null -o /dev/null -o /dev/null -o /dev/null -o /dev/null http://{url}:8082/1 http://{url}:8082/2 http://{url}:8082/3 http://{url}:8082/4 http://{url}:8082/5
	done; true) &
done
wait`

// Record plays it and writes what passed at the client's side into a file.
func (c ChangePlay) Record(ctx context.Context, file string, seed uint64) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", c.Name, err)
		}
	}()
	release, err := hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	hurry()
	net, err := newNetwork(false, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.close()) }()
	if err := c.arrange(net); err != nil {
		return err
	}
	luck := rand.New(rand.NewPCG(seed, uint64(len(c.Name))))
	lost := &Rule{Name: "lost", Action: Drop, Match: func(*Packet) bool { return luck.IntN(100) < c.Loss }}
	forward, err := newForwarder(net, false, 5*time.Millisecond, []*Rule{lost}, nil)
	if err != nil {
		return err
	}
	defer func() {
		_, ferr := forward.close()
		err = errors.Join(err, ferr)
	}()
	r, err := record(net.client, clientLink, file, 96, "tcp port 8082")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	scratch, err := os.MkdirTemp("", "tcplab-changes-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	t := &troupe{ctx: ctx, net: net, rec: new(HealthyRecording), dir: scratch, server: serverAddrs[IPv4], scale: 1}
	t.play(&program{name: "node", needs: []string{"node", "curl", "sh"}, port: 8082, begin: c.begin, uses: []use{{1, []string{"sh", "-c", changeClients}}}})
	if len(t.rec.Absent) > 0 {
		return errors.New("needs the programs node and curl")
	}
	if len(t.rec.Failed) > 0 {
		return errors.New(t.rec.Failed[0])
	}
	time.Sleep(200 * time.Millisecond) // what the server's end brought about
	return ctx.Err()
}

// arrange changes what is to be changed of the hosts.
func (c ChangePlay) arrange(net *network) error {
	var rules BoxRules
	if c.Reset > 0 {
		rules.Forward = []string{fmt.Sprintf("tcp dport 8082 tcp flags & psh == psh numgen random mod 100 < %d reject with tcp reset", c.Reset)}
	}
	if err := net.filter(&rules); err != nil {
		return err
	}
	if c.Window == 0 {
		return nil
	}
	return net.client.sysctl("net.ipv4.tcp_rmem", fmt.Sprintf("4096 %d %d", c.Window, c.Window))
}

func (c ChangePlay) begin(t *troupe) ([]string, error) {
	return []string{"node", filepath.Join(t.dir, "server.js")}, t.file("server.js", fmt.Sprintf(
		`const page = "x".repeat(30000);
require("http").createServer((q, r) => setTimeout(() => r.end(page), %d)).listen(8082, "::");`, 2+c.Slow.Milliseconds()))
}
