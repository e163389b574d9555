package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

// wires returns a namespace with a pair of interfaces, or skips the test where that
// cannot be made.
func wires(t *testing.T) *liverate.Net {
	t.Helper()
	if !capture.HasLibpcap {
		t.Skip("built without libpcap")
	}
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	n, err := liverate.NewNet()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// liveOn starts live in the namespace and waits until it captures on so many
// interfaces.
func liveOn(t *testing.T, n *liverate.Net, sockets int, args ...string) *process {
	t.Helper()
	self, err := exec.LookPath("tcpflow-states")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, n.Enter(append([]string{self, "live"}, args...)...))
	if err := liverate.Await(p.cmd.Process.Pid, sockets); err != nil {
		t.Fatal(err, p.stderr.String())
	}
	return p
}

func traffic(t *testing.T, kind string, packets int) *liverate.Traffic {
	t.Helper()
	tr, err := liverate.NewTraffic(kind, packets, false)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func sendAll(t *testing.T, n *liverate.Net, iface string, tr *liverate.Traffic) (sent uint64) {
	t.Helper()
	err := n.Do(func() error {
		s, err := tr.SendAll(iface)
		sent = uint64(s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sent
}

// liveDocument is what the tests read of a live capture's JSON.
type liveDocument struct {
	Capture struct {
		Packets, Segments uint64
		Skipped           map[string]uint64
		Sources           []struct {
			Packets, Received, Dropped, Unread uint64
			Interfaces                         []string
			Outages                            []struct {
				Interface string
				To        *string
				Gone      bool
			}
		}
		Quality struct{ Faults []string }
	}
}

func (p *process) document() (d liveDocument) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.all.String()), &d); err != nil {
		p.t.Fatal(err, p.stderr.String())
	}
	return d
}

// balanced checks that every packet received is in one figure.
func (d *liveDocument) balanced(t *testing.T, received uint64) {
	t.Helper()
	s := d.Capture.Sources[0]
	sum := d.Capture.Segments
	for _, n := range d.Capture.Skipped {
		sum += n
	}
	if s.Received != received || s.Received != sum+s.Dropped+s.Unread || sum != d.Capture.Packets {
		t.Errorf("sent %d; received %d, analysed or skipped %d, dropped %d, unread %d", received, s.Received, sum, s.Dropped, s.Unread)
	}
}

// TestLiveBalance ends captures in the middle of traffic that comes faster than it
// is analysed: what came is analysed, skipped, dropped or left unread, exactly.
func TestLiveBalance(t *testing.T) {
	n := wires(t)
	tr := traffic(t, "web", 100_000)
	for _, c := range []struct {
		name string
		args []string
		all  bool // every packet is analysed
	}{
		{"all", nil, true},
		{"little memory", []string{"-B", "256"}, false},
		{"count", []string{"-c", "1000"}, false},
		{"filter", []string{"tcp"}, true},
		{"host", []string{"--host", "10.100.0.1", "--no-promiscuous-mode"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.name != "all" && c.name != "little memory" {
				t.Skip("as the others")
			}
			p := liveOn(t, n, 1, append([]string{"-i", "captures", "--json", "--summary-only"}, c.args...)...)
			stop := c.name == "little memory"
			if stop {
				p.signal(syscall.SIGSTOP)
			}
			sent := sendAll(t, n, "sends", tr)
			if stop {
				p.signal(syscall.SIGCONT)
			}
			if c.name != "count" {
				p.signal(os.Interrupt)
			}
			if code := p.end(); code != exitOK {
				t.Errorf("exit code %d\n%s", code, p.stderr.String())
			}
			d := p.document()
			s := d.Capture.Sources[0]
			if c.name == "count" { // it ends before all is sent
				d.balanced(t, s.Received)
				if d.Capture.Packets != 1000 {
					t.Errorf("%d packets", d.Capture.Packets)
				}
				return
			}
			d.balanced(t, sent)
			if all := s.Dropped == 0 && s.Unread == 0; all != c.all {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestLiveDuration ends by itself while packets come.
func TestLiveDuration(t *testing.T) {
	n := wires(t)
	tr := traffic(t, "small", 200_000) // takes a while, of which the capture's time must not be
	p := liveOn(t, n, 1, "-i", "captures", "--json", "--summary-only", "--duration", "1500ms")
	var sent int
	if err := n.Do(func() (err error) { sent, err = tr.Send("sends", 50_000, 2*time.Second); return err }); err != nil {
		t.Fatal(err)
	}
	if code := p.end(); code != exitOK {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	d := p.document()
	s := d.Capture.Sources[0]
	d.balanced(t, s.Received)
	if s.Unread != 0 || s.Received == 0 || s.Received >= uint64(sent) {
		t.Errorf("sent %d, %+v", sent, s)
	}
}

// TestLiveInterfaces captures on several interfaces and on any: each packet's
// interface is known, and each packet is there once.
func TestLiveInterfaces(t *testing.T) {
	n := wires(t)
	for _, args := range [][]string{{"-i", "sends", "-i", "captures"}, {"-i", "sends,captures", "tcp"}, {"-i", "any"}, {"-i", "any", "tcp port 80"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			kept := filepath.Join(t.TempDir(), "kept.pcapng")
			sockets := 2
			if args[1] == "any" {
				sockets = 1
			}
			p := liveOn(t, n, sockets, append([]string{"--json", "--summary-only", "-w", kept}, args...)...)
			sent := sendAll(t, n, "sends", traffic(t, "web", 5000))
			p.signal(os.Interrupt)
			if code := p.end(); code != exitOK {
				t.Errorf("exit code %d\n%s", code, p.stderr.String())
			}
			d := p.document()
			d.balanced(t, 2*sent) // it leaves one and enters the other
			if d.Capture.Sources[0].Dropped != 0 || d.Capture.Segments != 2*sent {
				t.Errorf("%+v", d.Capture)
			}
			names := slices.Sorted(slices.Values(d.Capture.Sources[0].Interfaces))
			if !slices.Equal(names, []string{"captures", "sends"}) {
				t.Errorf("interfaces %q", names)
			}
			count := map[string]uint64{}
			last := int64(0)
			s, err := capture.Open(kept)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var k capture.Packet
			for s.Next(&k) == nil {
				count[s.Info()[0].Interfaces[k.Interface]]++
				if k.Time < last {
					t.Fatalf("packet %d is %d ns earlier than the one before", k.Number, last-k.Time)
				}
				last = k.Time
			}
			if count["sends"] != sent || count["captures"] != sent || len(count) != 2 {
				t.Errorf("by interface: %v, sent %d", count, sent)
			}
		})
	}
}

// TestLiveVLAN captures frames whose VLAN tag the kernel keeps beside them.
func TestLiveVLAN(t *testing.T) {
	n := wires(t)
	for _, args := range [][]string{{"-i", "captures"}, {"-i", "captures", "vlan 5 and tcp"}, {"-i", "any"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			p := liveOn(t, n, 1, append([]string{"--json", "--timelines", "0"}, args...)...)
			tr := traffic(t, "web", 100)
			tr.Tag(5)
			sent := sendAll(t, n, "sends", tr)
			p.signal(os.Interrupt)
			if code := p.end(); code != exitOK {
				t.Errorf("exit code %d\n%s", code, p.stderr.String())
			}
			if d := p.document(); d.Capture.Segments < sent {
				t.Errorf("sent %d, %+v", sent, d.Capture)
			}
			if !strings.Contains(p.all.String(), "vlan 5") && !strings.Contains(p.all.String(), `"vlan`) {
				t.Errorf("no VLAN in %.2000s", p.all.String())
			}
		})
	}
}

// TestLiveOutage takes the interface down and up again: what came before and after
// is analysed, and the outage is told. Then it is removed.
func TestLiveOutage(t *testing.T) {
	n := wires(t)
	kept := filepath.Join(t.TempDir(), "kept.pcapng")
	p := liveOn(t, n, 1, "-i", "captures", "--json", "--summary-only", "-w", kept)
	tr := traffic(t, "web", 3000)
	sent := sendAll(t, n, "sends", tr)
	time.Sleep(200 * time.Millisecond) // the kernel drops what is under way between the two
	check := func(command string) {
		t.Helper()
		if err := n.IP(command); err != nil {
			t.Fatal(err)
		}
	}
	check("link set captures down")
	eventually(t, "the outage told", func() bool { return strings.Contains(p.stderr.String(), "went down") })
	check("link set captures up")
	eventually(t, "its end told", func() bool { return strings.Contains(p.stderr.String(), "up again") })
	sent += sendAll(t, n, "sends", tr)
	time.Sleep(200 * time.Millisecond)
	check("link delete captures")
	if code := p.end(); code != exitInput || !strings.Contains(p.stderr.String(), "no longer") {
		t.Errorf("exit code %d\n%s", code, p.stderr.String())
	}
	d := p.document()
	d.balanced(t, sent)
	o := d.Capture.Sources[0].Outages
	if len(o) != 2 || o[0].To == nil || o[0].Gone || o[1].To != nil || !o[1].Gone || len(d.Capture.Quality.Faults) < 2 {
		t.Errorf("outages %+v, faults %q", o, d.Capture.Quality.Faults)
	}
	again, err := program(kept, "--json", "--summary-only").Output()
	if err != nil {
		t.Fatal(err)
	}
	var k liveDocument
	if err := json.Unmarshal(again, &k); err != nil {
		t.Fatal(err)
	}
	if k.Capture.Packets != sent {
		t.Errorf("the file has %d of %d packets", k.Capture.Packets, sent)
	}
}
