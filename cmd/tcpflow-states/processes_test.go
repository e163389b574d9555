package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
	whose "github.com/tcpflow-states/tcpflow-states/internal/process"
)

// tellProcesses writes a capture with processes of one of its two hosts, the client's.
func tellProcesses(t *testing.T, from, to string, tell func(p *capture.Packet)) {
	t.Helper()
	source, err := capture.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	file, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := capture.NewWriter(file, source)
	if err != nil {
		t.Fatal(err)
	}
	client := ""
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		ends := string(p.Data[26:30]) // Ethernet and IPv4
		if client == "" {
			client = ends
		}
		way := uint32(1)
		if ends == client {
			way = 2
		}
		p.Options = binary.LittleEndian.AppendUint32([]byte{2, 0, 4, 0}, way)
		tell(&p)
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestProcesses tells the processes that captures name, chooses by them, and writes them
// again.
func TestProcesses(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "tcpflow-states")
	if err := os.Symlink(exe, program); err != nil {
		t.Skip("no symbolic links: ", err)
	}
	run := func(stdin string, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(program, args...)
		if stdin != "" {
			file, err := os.Open(stdin)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			cmd.Stdin = file
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, stderr.String())
		}
		return out
	}
	type told struct {
		Endpoint  *string
		PID       int
		Name      string
		Container *struct{ Name string }
		Behalf    *struct{ Name string } `json:"on_behalf_of"`
		Frame     int
		Source    string
	}
	processes := func(file string) (list [][]told) {
		t.Helper()
		var d struct{ Connections []struct{ Processes []told } }
		if err := json.Unmarshal(run("", "--json", file), &d); err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Connections {
			list = append(list, c.Processes)
		}
		return list
	}
	number := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	named := func(pid uint32, name string, kind whose.BlockKind) *whose.Process {
		block := append(number(pid), 2, 0, byte(len(name)), 0)
		block = append(block, name...)
		for len(block)%4 != 0 {
			block = append(block, 0)
		}
		return &whose.Process{PID: pid, Name: name, Block: block, Kind: kind}
	}
	curl := named(4711, "curl\x1b[31m", whose.Wireshark)
	daemon := named(501, "trustd", whose.Darwin)
	daemon.For = named(77, "Safari", whose.Darwin)
	for name, test := range map[string]struct {
		tell  func(p *capture.Packet)
		where string
		text  string
	}{
		"wireshark": {func(p *capture.Packet) {
			p.Process = curl
			p.Options = append(append(p.Options, 8, 0, 8, 0), append(number(curl.PID), number(0)...)...)
		}, `any(processes, .name startsWith "curl" && .pid == 4711)`, `client: curl\x1b[31m (4711)`},
		"darwin": {func(p *capture.Packet) { p.Process = daemon }, `any(processes, .on_behalf_of.name == "Safari")`, "client: trustd (501); on behalf of Safari (77)"},
		"ptcpdump": {func(p *capture.Packet) {
			p.Comment = "PID: 24\nCmd: /usr/bin/wget\nArgs: wget x\nContainerName: web\nContainerId: 78f1"
		}, `any(processes, .container.name == "web")`, "client: wget (24); container web; wget x"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".pcapng")
			tellProcesses(t, "../../testdata/pcaps/conversations/34-client-closes.pcap", file, test.tell)
			want := processes(file)
			if len(want) == 0 || len(want[0]) != 1 || want[0][0].Endpoint == nil || *want[0][0].Endpoint != "client" || want[0][0].Frame != 1 {
				t.Fatalf("%+v", want)
			}
			if text := run("", "--conn", "1", "--width", "200", "--color", "never", "--no-pager", file); !strings.Contains(string(text), test.text) {
				t.Errorf("%q is not in\n%s", test.text, text)
			}
			for i, stdin := range []string{"", file} {
				written := filepath.Join(dir, name+"-written.pcapng")
				input := []string{file, "-"}[i]
				run(stdin, "-q", "--where", test.where, "-w", written, input)
				if got := processes(written); !reflect.DeepEqual(got, want) {
					t.Errorf("written from %q: %+v, want %+v", input, got, want)
				}
			}
			empty := filepath.Join(dir, "none.pcapng")
			run("", "-q", "--where", "not ("+test.where+")", "-w", empty, file)
			if got := processes(empty); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}
