package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// endStates returns the states that the endpoints of each connection end in, by
// connection and address. Who is the client is another matter: each tap of a
// simultaneous open sees another SYN first.
func endStates(t *testing.T, args ...string) map[[2]string]string {
	t.Helper()
	out, err := program(append([]string{"--json"}, args...)...).Output()
	if err != nil {
		t.Fatalf("%s: %v", args, err)
	}
	var report struct {
		Connections []struct {
			Client, Server struct {
				IP   string
				Port int
			}
			Incarnation int
			State       struct{ Client, Server string }
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	states := make(map[[2]string]string)
	for _, c := range report.Connections {
		id := fmt.Sprint(min(c.Client.Port, c.Server.Port), max(c.Client.Port, c.Server.Port), c.Incarnation)
		states[[2]string{id, c.Client.IP}] = c.State.Client
		states[[2]string{id, c.Server.IP}] = c.State.Server
	}
	return states
}

// TestMergedStates: with both taps each endpoint ends in the state that the
// capture beside it shows, however many segments were lost in between.
func TestMergedStates(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/pcaps/lab/*.client.pcap.gz")
	if len(files) < 12 {
		t.Fatalf("only %d recordings", len(files))
	}
	compared := 0
	for _, client := range files {
		server := strings.Replace(client, ".client.", ".server.", 1)
		merged := endStates(t, "--merge", client, server)
		for file, net := range map[string][]string{client: {"10.77.1.", "fd77:1::"}, server: {"10.77.2.", "fd77:2::"}} {
			for id, want := range endStates(t, file) {
				if !strings.HasPrefix(id[1], net[0]) && !strings.HasPrefix(id[1], net[1]) {
					continue // the far endpoint
				}
				compared++
				if merged[id] != want {
					t.Errorf("%s: %s ends in %s, beside it %s was seen", filepath.Base(file), id, merged[id], want)
				}
			}
		}
	}
	if compared < 900 {
		t.Errorf("only %d endpoints compared", compared)
	}
}
