//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestHostileFlags echoes flags and values that would write to the terminal.
func TestHostileFlags(t *testing.T) {
	const hostile = "x\x1b[31m\n\u202e\xff"
	for arg, want := range map[string]string{
		"--" + hostile:             `unknown flag --x\x1b[31m\n\u202e\xff`,
		"-\x1b[2J":                 `unknown flag -\x1b`,
		"--limit=" + hostile:       `--limit "x\x1b[31m\n\u202e\xff": not a number`,
		"--color=" + hostile:       `--color "x\x1b[31m\n\u202e\xff": not auto, always or never`,
		hostile:                    `cannot open "x\x1b[31m\n\u202e\xff": no such file or directory`,
		"--summary-only=" + "\x9b": `--summary-only "\x9b": not a boolean (true or false)`,
	} {
		cmd := program(arg)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		cmd.Run()
		line, _, _ := bytes.Cut(stderr.Bytes(), []byte("\n"))
		if string(line) != "tcpflow-states: error: "+want {
			t.Errorf("%q: %q", arg, stderr.String())
		}
	}
}

// TestManyFiles analyses more files than the program may have open, and so opens
// them again and again, confined as it is by then.
func TestManyFiles(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	data, err := os.ReadFile("../../testdata/pcaps/kernel/half-close.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		// Records enough that no file fits into one read.
		d := data
		for len(d) < 100_000 {
			d = append(d, data[24:]...)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.pcap", i)), d, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(limit string) []byte {
		cmd := program()
		cmd.Path, cmd.Args = bash, []string{bash, "-c", limit + " exec tcpflow-states --json --summary-only " + dir + "/*.pcap"}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%s %v\n%s", limit, err, stderr.String())
		}
		return out
	}
	few, many := run("ulimit -n 40;"), run("")
	if !bytes.Equal(few, many) {
		t.Errorf("with few descriptors\n%s\nwith many\n%s", few, many)
	}
}

// TestLittleAddressSpace analyses where hardly more may be mapped than a Go program
// reserves when it starts.
func TestLittleAddressSpace(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("ulimit -v is bash's, on Linux")
	}
	cmd := program()
	cmd.Path, cmd.Args = bash, []string{bash, "-c", "ulimit -v 2097152; exec tcpflow-states --json ../../testdata/pcaps/kernel/half-close.client.pcap"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %.500s", err, stderr.String())
	}
}
