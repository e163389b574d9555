//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// TestWithoutPermission runs the program as a user who may not capture and may
// not read a file.
func TestWithoutPermission(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("must be root to become somebody else")
	}
	// The test's own binary is the program when it is called so; nobody must be
	// able to reach it.
	dir, err := os.MkdirTemp("", "permission")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755)
	self := filepath.Join(dir, "tcpflow-states")
	copyProgram(t, self)
	secret := filepath.Join(dir, "secret.pcap")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		args  []string
		error string
		hint  string
		live  bool
	}{
		{"a file", []string{secret}, `cannot open "` + secret + `": permission denied`, "", false},
		{"an interface", []string{"live", "-i", "lo"}, `no permission to capture on interface "lo"`,
			"sudo setcap cap_net_raw,cap_net_admin+ep " + self + " once, or: sudo " + self + " live -i lo", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.live && !capture.HasLibpcap {
				t.Skip("built without libpcap")
			}
			cmd := exec.Command(self, test.args...)
			cmd.Dir = dir
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitPermission {
				t.Fatalf("%v, want exit status %d\n%s", err, exitPermission, stderr.String())
			}
			lines := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
			if !strings.HasPrefix(lines[0], "tcpflow-states: error: "+test.error) {
				t.Errorf("error %q, want %q", lines[0], test.error)
			}
			want := 1
			if test.hint != "" {
				want = 2
				if got := lines[len(lines)-1]; got != "tcpflow-states: hint: "+test.hint {
					t.Errorf("hint %q, want %q", got, test.hint)
				}
			}
			if len(lines) != want || stdout.Len() > 0 {
				t.Errorf("%d lines of error, %q on standard output", len(lines), stdout.String())
			}
		})
	}
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, from); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
