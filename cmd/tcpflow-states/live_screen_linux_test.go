package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// The screen of a live capture loses no packet while it is looked at, sorted, paused and
// resized. SCREEN_FOR=1m sends for longer, at SCREEN_RATE packets a second.
func TestLiveScreenLosesNothing(t *testing.T) {
	n := wires(t)
	self, err := exec.LookPath("tcpflow-states")
	if err != nil {
		t.Fatal(err)
	}
	long, rate := 2*time.Second, 10_000.0
	if d, err := time.ParseDuration(os.Getenv("SCREEN_FOR")); err == nil {
		long = d
	}
	if r, err := strconv.ParseFloat(os.Getenv("SCREEN_RATE"), 64); err == nil {
		rate = r
	}
	lines := os.Getenv("SCREEN_NOT") != "" // to compare: without the screen
	command := strings.Join(n.Enter(self, "live", "-i", "captures", "--tui").Args, " ")
	if lines {
		command = strings.Join(n.Enter(self, "live", "-i", "captures", "--duration", (long+4*time.Second).String()).Args, " ")
	}
	x := onTerminal(t, 120, 30, command)
	x.tmux("set-option", "-g", "history-limit", "50000")
	if !lines {
		x.shows("no connection is open", "capturing")
	}
	time.Sleep(500 * time.Millisecond)
	tr := traffic(t, "uneven", 100_000)
	sent := make(chan int, 1)
	go n.Do(func() error {
		k, err := tr.Send("sends", rate, long)
		if err != nil {
			t.Error(err)
		}
		sent <- k
		return err
	})
	packets := 0
	for at := 0; packets == 0; at++ {
		select {
		case packets = <-sent:
		case <-time.After(200 * time.Millisecond):
			if !lines {
				x.keys([]string{"j", "s", "G", "Space", "Space", "2", "pgdown", "1", "r", "g"}[at%10])
			}
			if at%8 == 7 {
				x.tmux("resize-window", "-x", strconv.Itoa(90+at%50), "-y", "30")
			}
		}
	}
	if !lines {
		time.Sleep(2 * time.Second)
		x.keys("1")
		screen := x.shows("[1 Open]", "ended")
		t.Log(strings.SplitN(screen, "\n", 2)[0])
		x.keys("q")
	}
	x.shows("exit code 0")
	report := x.tmux("capture-pane", "-p", "-J", "-S", "-50000")
	if !lines && !strings.Contains(report, phrase.Counted(packets, "packet", "packets")) {
		t.Errorf("not all of the %d packets sent were analysed", packets)
	}
	found := regexp.MustCompile(`[0-9,]+ connections`).FindAllString(report, -1)
	t.Logf("%d packets sent, %d connections and more in the report: %v", packets, len(found), found[:min(3, len(found))])
	if dropped := regexp.MustCompile(`[0-9,]+ (packets )?dropped`).FindString(report); dropped != "" {
		t.Errorf("%s of %d", dropped, packets)
	}
}
