package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeWireshark puts a program of that name before the others, and returns the file that it
// writes when it runs.
func fakeWireshark(t *testing.T, script string) (env []string, ran string) {
	t.Helper()
	dir := t.TempDir()
	for p := dir; p != "/" && p != os.TempDir(); p = filepath.Dir(p) {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ran = filepath.Join(dir, "tmp", "ran")
	if err := os.Mkdir(filepath.Dir(ran), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(ran), 0o777); err != nil {
		t.Fatal(err)
	}
	text := "#!/bin/sh\nid -u > " + ran + ".new; echo \"$HOME\" >> " + ran + ".new; stat -c %u:%a \"$2\" >> " + ran + ".new; mv " + ran + ".new " + ran + "\n" + script
	if err := os.WriteFile(filepath.Join(dir, "wireshark"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "DISPLAY=:0", "TMPDIR="+filepath.Dir(ran)), ran
}

// left lists the folders that were made for packets.
func left(t *testing.T, ran string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(filepath.Dir(ran), "tcpflow-states-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestWiresharkOfTheInvoker starts Wireshark as who lent root, in their home, on a file of theirs.
func TestWiresharkOfTheInvoker(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("must be root")
	}
	env, ran := fakeWireshark(t, "")
	file, err := filepath.Abs("../../testdata/pcaps/kernel/refused.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	cmd := program("wireshark", file, "--conn", "1")
	cmd.Env = append(env, "SUDO_UID=65534", "SUDO_GID=65534", "HOME=/root")
	p := start(t, cmd)
	if code := p.end(); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	text, err := os.ReadFile(ran)
	if lines := strings.Fields(string(text)); err != nil || len(lines) != 3 || lines[0] != "65534" || lines[1] == "/root" || !strings.HasPrefix(lines[2], "65534:") {
		t.Errorf("%q, %v", text, err)
	}
	if l := left(t, ran); len(l) > 0 {
		t.Error(l)
	}
}

// TestWiresharkEndsWithUs ends the program while Wireshark is shown: by a signal that it can
// take, and by one that it cannot.
func TestWiresharkEndsWithUs(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		env, ran := fakeWireshark(t, "exec sleep 0.7")
		cmd := program("wireshark", filepath.Join(root, "testdata/pcaps/kernel/refused.client.pcap"))
		cmd.Env = env
		began := time.Now()
		p := start(t, cmd)
		for range 500 {
			if _, err := os.Stat(ran); err == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if len(left(t, ran)) != 1 {
			t.Errorf("%v: %q", sig, left(t, ran))
		}
		cmd.Process.Signal(sig)
		p.end()
		for range 500 { // Wireshark, which the shell waits for
			if len(left(t, ran)) == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if l := left(t, ran); len(l) > 0 {
			t.Errorf("%v: %q is left after %v", sig, l, time.Since(began))
		}
	}
}
