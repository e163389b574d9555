package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

// hosts are two namespaces with a link between them. The server has an address for each
// thing that may happen to it.
type hosts struct{ client, server string }

func newHosts(t *testing.T) *hosts {
	t.Helper()
	if !capture.HasLibpcap || os.Geteuid() != 0 {
		t.Skip("needs libpcap and root")
	}
	h := &hosts{fmt.Sprintf("hang-%d-c", os.Getpid()), fmt.Sprintf("hang-%d-s", os.Getpid())}
	t.Cleanup(func() {
		exec.Command("ip", "netns", "delete", h.client).Run()
		exec.Command("ip", "netns", "delete", h.server).Run()
	})
	for _, args := range []string{
		"netns add " + h.client,
		"netns add " + h.server,
		"-n " + h.client + " link add eth0 type veth peer name eth0 netns " + h.server,
		"-n " + h.client + " addr add 10.77.0.1/24 dev eth0",
		"-n " + h.server + " addr add 10.77.0.2/24 dev eth0",
		"-n " + h.server + " addr add 10.77.0.3/24 dev eth0",
		"-n " + h.client + " link set eth0 up",
		"-n " + h.server + " link set eth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v: %s", args, err, out)
		}
	}
	return h
}

// lose has the client send what is for an address to no card at all, or to the server's
// again.
func (h *hosts) lose(t *testing.T, address string, lost bool) {
	t.Helper()
	args := "-n " + h.client + " neigh del " + address + " dev eth0"
	if lost {
		args = "-n " + h.client + " neigh replace " + address + " lladdr 02:00:00:00:00:99 dev eth0 nud permanent"
	}
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", args, err, out)
	}
}

// serve has the server answer connections to a port.
func (h *hosts) serve(t *testing.T, port string, serve func(net.Conn)) {
	t.Helper()
	var l net.Listener
	err := liverate.Inside(h.server, func() (err error) {
		l, err = net.Listen("tcp4", "0.0.0.0:"+port)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
}

func (h *hosts) dial(t *testing.T, address string) net.Conn {
	t.Helper()
	var c net.Conn
	err := liverate.Inside(h.client, func() (err error) {
		c, err = net.Dial("tcp4", address)
		return err
	})
	if err != nil {
		t.Error(err)
		return nil
	}
	return c
}

// noticed is a line of NDJSON about a finding, and when it came.
type noticed struct {
	Type, Name string
	Connection int
	Server     struct{ Port int }
	Open       *bool
	Lasted     *float64 `json:"lasted_s"`
	Message    string
	at         time.Time
}

// TestLiveTellsWhatHangs has three of many connections hang, of real programs: the server
// thinks for 6 s, packets are lost for 5 s, the client does not read for 7 s. Each is told
// within 2 s of being true, and that it is over within 2 s of that; nothing is told twice,
// and nothing of the others.
func TestLiveTellsWhatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("short: takes ten seconds of real time")
	}
	h := newHosts(t)
	const thinks, loses, fills, sound = "7001", "7002", "7003", "7004"
	h.serve(t, thinks, func(c net.Conn) {
		c.Read(make([]byte, 100))
		time.Sleep(6 * time.Second)
		fmt.Fprintln(c, "answer")
	})
	h.serve(t, loses, func(c net.Conn) { io.Copy(c, c) })
	h.serve(t, fills, func(c net.Conn) {
		c.Write(make([]byte, 16<<20))
	})
	h.serve(t, sound, func(c net.Conn) { io.Copy(c, c) })

	self, err := exec.LookPath("tcpflow-states")
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exec.Command("ip", "netns", "exec", h.client, self, "live", "-i", "eth0", "--ndjson"))
	if err := liverate.Await(p.cmd.Process.Pid, 1); err != nil {
		t.Fatal(err, p.stderr.String())
	}
	var lines []noticed
	var read sync.WaitGroup
	read.Go(func() {
		for line := range p.lines {
			n := noticed{at: time.Now()}
			if err := json.Unmarshal([]byte(line), &n); err != nil {
				t.Error(err)
			} else if n.Type == "anomaly" && n.Open != nil {
				lines = append(lines, n)
			}
		}
	})

	begin, end := map[string]time.Time{}, map[string]time.Time{}
	var play sync.WaitGroup
	hang := func(port string, f func()) {
		begin[port] = time.Now()
		play.Go(f)
	}
	var mu sync.Mutex
	over := func(port string) {
		mu.Lock()
		defer mu.Unlock()
		end[port] = time.Now()
	}
	ask := func(c net.Conn) {
		fmt.Fprintln(c, "question")
		c.Read(make([]byte, 100))
	}
	cut := h.dial(t, "10.77.0.3:"+loses)
	ask(cut)
	stop := make(chan struct{})
	for range 3 {
		play.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(50 * time.Millisecond):
					c := h.dial(t, "10.77.0.2:"+sound)
					ask(c)
					ask(c)
					c.Close()
				}
			}
		})
	}
	hang(thinks, func() {
		c := h.dial(t, "10.77.0.2:"+thinks)
		ask(c)
		over(thinks)
		c.Close()
	})
	hang(loses, func() {
		h.lose(t, "10.77.0.3", true)
		time.AfterFunc(5*time.Second, func() { h.lose(t, "10.77.0.3", false) })
		ask(cut)
		over(loses)
		cut.Close()
	})
	hang(fills, func() {
		c := h.dial(t, "10.77.0.2:"+fills)
		time.Sleep(7 * time.Second)
		over(fills)
		io.Copy(io.Discard, c)
		c.Close()
	})
	time.Sleep(4 * time.Second)
	p.signal(syscall.SIGUSR1)
	eventually(t, "an answer to SIGUSR1", func() bool { return strings.Contains(p.stderr.String(), "problems\n  #") })
	time.Sleep(5 * time.Second)
	close(stop)
	play.Wait()
	time.Sleep(3 * time.Second) // for the records, which come 2 s after the ends
	p.signal(os.Interrupt)
	read.Wait()
	if err := p.cmd.Wait(); err != nil {
		t.Error(err, p.stderr.String())
	}

	holdNotices(t, lines, p.stderr.String(), begin, end)
	seen := map[string]bool{}
	for _, n := range lines {
		key := fmt.Sprint(n.Connection, n.Name, *n.Open)
		if seen[key] {
			t.Errorf("told twice: %+v", n)
		}
		if seen[key] = true; n.Server.Port == 7004 {
			t.Errorf("told of a sound connection: %s", n.Message)
		}
	}
}

// holdNotices holds what was told of the three against when they began and ended.
func holdNotices(t *testing.T, lines []noticed, asked string, begin, end map[string]time.Time) {
	t.Helper()
	for _, tt := range []struct {
		port    int
		name    string
		after   time.Duration // its beginning it is true
		atLeast float64       // seconds that it lasts
		atMost  float64
	}{
		{7001, "slow-answer", time.Second, 5.9, 6.3},
		{7002, "data-unacknowledged", 1500 * time.Millisecond, 4.9, 8},
		{7003, "zero-window-duration", time.Second, 6, 7.3},
	} {
		if !slices.ContainsFunc(analyzer.Checks(), func(c record.CheckDoc) bool { return string(c.Name) == tt.name }) {
			continue
		}
		port := fmt.Sprint(tt.port)
		if !strings.Contains(asked, tt.name+"\n") {
			t.Errorf("%s is missing in the answer to SIGUSR1:\n%s", tt.name, asked)
		}
		of := slices.DeleteFunc(slices.Clone(lines), func(n noticed) bool { return n.Server.Port != tt.port || n.Name != tt.name })
		if len(of) != 2 || !*of[0].Open || *of[1].Open {
			t.Errorf("%s: told %+v, want it once when found and once when over", tt.name, of)
			continue
		}
		t.Logf("%s: told after %v, over %v after its end, lasted %.2f s: %s", tt.name, of[0].at.Sub(begin[port]), of[1].at.Sub(end[port]), *of[1].Lasted, of[0].Message)
		if late := of[0].at.Sub(begin[port]) - tt.after; late > 2*time.Second {
			t.Errorf("%s is told %v late", tt.name, late)
		}
		if late := of[1].at.Sub(end[port]); late > 2*time.Second {
			t.Errorf("%s is told to be over %v late", tt.name, late)
		}
		if l := of[1].Lasted; l == nil || *l < tt.atLeast || *l > tt.atMost {
			t.Errorf("%s lasted %v s, not %v to %v", tt.name, *l, tt.atLeast, tt.atMost)
		}
	}
}
