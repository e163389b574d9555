package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

func init() {
	programs["as-nobody"] = asNobody
	programs["serve-until-eof"] = serveUntilEOF
}

// asNobody becomes user 65534, and then the program that is named.
func asNobody() {
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(65534), syscall.Setuid(65534)} {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	fmt.Println(syscall.Exec("/proc/self/exe", os.Args[1:], os.Environ()))
	os.Exit(1)
}

// serveUntilEOF prints its port and its number, and accepts one connection, which it keeps
// until standard input ends.
func serveUntilEOF() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(l.Addr(), os.Getpid())
	conn, err := l.Accept()
	if err == nil {
		defer conn.Close()
	}
	os.Stdin.Read(make([]byte, 1))
}

// TestLiveTellsProcesses captures a connection between a process of ours and one of user
// 65534 as root, and as that user after root was given up.
func TestLiveTellsProcesses(t *testing.T) {
	if !capture.HasLibpcap || os.Geteuid() != 0 {
		t.Skip("needs libpcap and root")
	}
	name := fmt.Sprintf("whose-%d", os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("no network namespace: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "delete", name).Run() })
	if out, err := exec.Command("ip", "-n", name, "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Skipf("no loopback: %v: %s", err, out)
	}
	inside := func(args ...string) *exec.Cmd {
		t.Helper()
		path, err := exec.LookPath(args[0])
		if err != nil {
			t.Fatal(err)
		}
		return exec.Command("ip", append([]string{"netns", "exec", name, path}, args[1:]...)...)
	}
	for _, as := range []struct {
		who, env string
		args     []string
		client   bool // is seen
	}{
		{"root", "", nil, true},
		{"root that is kept", "SUDO_UID=65534 SUDO_GID=65534", []string{"--keep-root"}, true},
		{"nobody", "SUDO_UID=65534 SUDO_GID=65534", nil, false},
	} {
		t.Run(as.who, func(t *testing.T) {
			// A loaded machine may take long to look: then the connection is held for longer.
			for hold := time.Second; ; hold *= 3 {
				got, want := whoseLive(t, inside, as.env, as.args, hold)
				if !as.client {
					want["client"] = "none of 0"
				}
				if fmt.Sprint(got) == fmt.Sprint(want) {
					return
				}
				if hold > 8*time.Second {
					t.Fatalf("%v, want %v", got, want)
				}
			}
		})
	}
}

// whoseLive captures a connection that is held for a while, and returns what is said of its
// processes, and what they are.
func whoseLive(t *testing.T, inside func(args ...string) *exec.Cmd, env string, args []string, hold time.Duration) (got, want map[string]string) {
	t.Helper()
	server := inside("as-nobody", "serve-until-eof")
	holdServer, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer holdServer.Close()
	listening := start(t, server)
	line := <-listening.lines
	addr, pid, found := strings.Cut(line, " ")
	if !found {
		t.Fatal(line, listening.stderr.String())
	}
	cmd := inside(append([]string{"tcpflow-states", "live", "-i", "lo", "--json"}, args...)...)
	cmd.Env = append(os.Environ(), strings.Fields(env)...)
	live := start(t, cmd)
	if err := liverate.Await(live.cmd.Process.Pid, 1); err != nil {
		t.Fatal(err, live.stderr.String())
	}
	time.Sleep(hold / 2) // until there is somebody to ask
	client := inside("connect-until-eof", addr)
	holdClient, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	talking := start(t, client)
	clientPID := <-talking.lines
	time.Sleep(hold)
	holdClient.Close()
	holdServer.Close()
	talking.end()
	listening.end()
	time.Sleep(hold / 4) // until the last packets are read
	live.signal(syscall.SIGINT)
	live.end()
	var d struct {
		Connections []struct {
			Processes []struct {
				Endpoint, Source string
				PID              *int
				UID              int
			}
		}
	}
	if err := json.Unmarshal([]byte(live.all.String()), &d); err != nil || len(d.Connections) != 1 {
		t.Fatal(err, len(d.Connections), live.stderr.String())
	}
	got = map[string]string{}
	for _, p := range d.Connections[0].Processes {
		got[p.Endpoint] = fmt.Sprint("none of ", p.UID)
		if p.PID != nil {
			got[p.Endpoint] = fmt.Sprint(*p.PID, " of ", p.UID)
		}
		if !strings.HasPrefix(p.Source, "socket") {
			t.Error(p.Source)
		}
	}
	return got, map[string]string{"server": pid + " of 65534", "client": clientPID + " of 0"}
}

func init() { programs["connect-until-eof"] = connectUntilEOF }

// connectUntilEOF connects, prints its number, and holds the connection until standard input
// ends.
func connectUntilEOF() {
	conn, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(os.Getpid())
	os.Stdin.Read(make([]byte, 1))
	conn.Close()
}
