package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// terminal is a terminal of tmux's, with a command in it.
type terminal struct {
	t      *testing.T
	socket string
}

// onTerminal runs a command line on a terminal of that size, or skips the test where there
// is no tmux.
func onTerminal(t *testing.T, width, height int, command string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("needs tmux")
	}
	x := &terminal{t, filepath.Join(t.TempDir(), "tmux")}
	x.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), command+`; echo "exit code $?"; exec sleep 60`)
	t.Cleanup(func() { exec.Command("tmux", "-S", x.socket, "kill-server").Run() })
	return x
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

func (x *terminal) screen() string { return x.tmux("capture-pane", "-p") }

func (x *terminal) keys(keys ...string) {
	x.t.Helper()
	x.tmux(append([]string{"send-keys"}, keys...)...)
}

// shows waits until the screen has all texts.
func (x *terminal) shows(texts ...string) string {
	x.t.Helper()
	end := time.Now().Add(20 * time.Second)
	for {
		screen := x.screen()
		missing := slices.IndexFunc(texts, func(text string) bool { return !strings.Contains(screen, text) })
		if missing < 0 {
			return screen
		}
		if time.Now().After(end) {
			x.t.Fatalf("no %q on the screen:\n%s", texts[missing], screen)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestBrowseOnATerminal(t *testing.T) {
	dir := t.TempDir()
	x := onTerminal(t, 80, 24, "cd "+dir+" && tcpflow-states browse "+absolute(t, "testdata/pcaps/kernel/fast-retransmit.client.pcap"))
	x.shows("1 connection", "10.77.1.2:58134", "normal close", "? help  q quit")
	x.keys("Enter")
	x.shows("[1 Timeline]", "The client closed first")
	x.keys("n")
	x.shows("note fast-retransmit")
	x.keys("Enter")
	x.shows("Frame 73", "Tests")
	x.keys("q", "2")
	x.shows("What the server sent", "60 kB", "R")
	x.tmux("resize-window", "-x", "120", "-y", "40")
	wide := regexp.MustCompile(`\n.*\[2 Sequence\].{50,} connection 1\n`)
	for end := time.Now().Add(10 * time.Second); !wide.MatchString(x.screen()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not as wide as the terminal:\n%s", x.screen())
		}
	}
	x.keys("1", "/")
	x.keys("-l", "LAST-ACK")
	x.keys("Enter")
	x.shows("CLOSE-WAIT", "LAST-ACK")
	x.keys("w")
	x.shows("write 1 connection to:")
	x.keys("-l", "out.pcapng")
	x.keys("Enter")
	x.shows("77 packets written to out.pcapng")
	x.keys("?")
	x.shows("Moving", "write the packets")
	x.keys("q", "q", "q")
	x.shows("exit code 0")
	if out, err := program("-q", "--fail-on", "error", filepath.Join(dir, "out.pcapng")).CombinedOutput(); err != nil {
		t.Errorf("what was written: %v: %s", err, out)
	}
}

func TestBrowseWithoutColour(t *testing.T) {
	x := onTerminal(t, 100, 30, "NO_COLOR=1 tcpflow-states browse "+absolute(t, "testdata/pcaps/conversations"))
	x.shows("with warnings")
	for _, key := range []string{"Enter", "2", "1", "q", "2"} {
		x.keys(key)
		time.Sleep(100 * time.Millisecond)
		if found := regexp.MustCompile("\x1b\\[[0-9;]*(3[0-7]|4[0-7]|38|48)[;m]").FindString(x.tmux("capture-pane", "-pe")); found != "" {
			t.Errorf("after %s there is the colour %q", key, found)
		}
	}
	x.keys("Q")
	x.shows("exit code 0")
}

// A signal ends it, and the terminal is as it was.
func TestBrowseEndsBySignal(t *testing.T) {
	x := onTerminal(t, 80, 24, "tcpflow-states browse "+absolute(t, "testdata/pcaps/kernel/lost-fin.client.pcap")+" & trap '' TERM; sleep 1; kill -TERM $!; wait $!")
	x.shows("exit code")
}

// absolute returns the path of a file of the project.
func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// A capture of 100,000 connections scrolls without delay.
func TestBrowseManyConnections(t *testing.T) {
	const connections = 100_000
	path := filepath.Join(t.TempDir(), "many.pcap")
	if err := os.WriteFile(path, manyConnections(connections), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	x := onTerminal(t, 140, 40, "tcpflow-states browse "+path)
	x.shows("→")
	first := time.Since(began)
	x.shows("100,000 connections", "1/100,000")
	t.Logf("first row after %v, all after %v", first, time.Since(began))
	x.keys("s") // by number
	x.shows("by number", "▶    1 10.0.0.1")
	var took []time.Duration
	for i := 2; i < 40; i++ { // what asking tmux costs is in it
		at := time.Now()
		if i%2 == 0 {
			x.keys("G")
			x.shows("▶  100000 10.0")
		} else {
			x.keys("g")
			x.shows("▶    1 10.0.0.1")
		}
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	median := took[len(took)/2]
	t.Logf("from a key to what it shows: median %v, most %v", median, took[len(took)-1])
	if median > 200*time.Millisecond {
		t.Errorf("from a key to what it shows it takes %v", median)
	}
	x.keys("/")
	x.keys("-l", ":40077")
	x.keys("Enter")
	x.shows("10.0.0.1:40077")
}

// manyConnections is a capture of connections that are refused, half a millisecond apart.
func manyConnections(n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0)
	segment := func(i int, micros int, back bool) {
		client, server := [4]byte{10, 0, byte(i / 50000 / 250), byte(1 + i/50000)}, [4]byte{10, 1, 0, 1}
		ports := [2]uint16{uint16(10000 + i%50000), 80}
		seq, ack, flags := uint32(i), uint32(0), byte(2)
		if back {
			client, server, ports, seq, ack, flags = server, client, [2]uint16{80, ports[0]}, 0, uint32(i)+1, 0x14
		}
		p := []byte{0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0}
		p = append(append(p, client[:]...), server[:]...)
		p = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(p, ports[0]), ports[1])
		p = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(p, seq), ack)
		p = append(p, 0x50, flags, 0xfa, 0, 0, 0, 0, 0)
		at := i*500 + micros
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(1_700_000_000+at/1_000_000)), uint32(at%1_000_000))
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(len(p))), uint32(len(p)))
		b = append(b, p...)
	}
	for i := range n {
		segment(i, 0, false)
		segment(i, 200, true)
	}
	return b
}
