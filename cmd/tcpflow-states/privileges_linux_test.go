package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestGivesUpRoot runs the program as root in the name of others: who lent root is
// gone back to, and where that cannot be told the program refuses.
func TestGivesUpRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("must be root")
	}
	file, err := filepath.Abs("../../testdata/pcaps/kernel/half-close.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		env  string
		args string
		code int
	}{
		{"", "", exitOK},
		{"SUDO_UID=65534 SUDO_GID=65534", "", exitOK},
		{"SUDO_UID=65534 SUDO_GID=0", "", exitUsage},
		{"SUDO_UID=65534 SUDO_GID=0", "--keep-root", exitOK},
		{"SUDO_UID=65534", "", exitUsage},
		{"SUDO_UID=-1 SUDO_GID=65534", "", exitUsage},
		{"SUDO_UID=4294967296 SUDO_GID=65534", "", exitUsage},
		{"SUDO_UID=nobody SUDO_GID=65534", "", exitUsage},
		{"DOAS_USER=nobody", "", exitOK},
		{"DOAS_USER=no-such-user", "", exitUsage},
		{"DOAS_USER=root", "", exitUsage},
		{"PKEXEC_UID=65534", "", exitOK},
		{"PKEXEC_UID=99999999", "", exitUsage},
		{"SUDO_UID=1 SUDO_GID=1 PKEXEC_UID=65534", "", exitUsage},
	} {
		cmd := program(append(strings.Fields(c.args), "-q", file)...)
		cmd.Env = append(os.Environ(), strings.Fields(c.env)...)
		p := start(t, cmd)
		if code := p.end(); code != c.code {
			t.Errorf("%s %s: exit code %d, want %d\n%s", c.env, c.args, code, c.code, p.stderr.String())
		}
	}
}

// TestCreateFile follows our own links and root's, no others.
func TestCreateFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	check := func(name string, want bool) {
		t.Helper()
		f, err := createFile(name)
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			f.Close()
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(at("sub"), 0o755))
	must(os.Symlink("sub", at("ours")))
	must(os.Symlink(at("sub/target"), at("file")))
	must(os.WriteFile(at("full"), []byte("text"), 0o644))
	must(os.Symlink("loop", at("loop")))
	check(at("plain"), true)
	check(at("ours/inside"), true)
	check(at("file"), true)
	check(at("loop"), false)
	check(at("missing/inside"), false)
	check(at("plain/inside"), false)
	check(dir, false)
	check(at("full"), true)
	if st, err := os.Stat(at("full")); err != nil || st.Size() != 0 {
		t.Errorf("%v, %v", st, err)
	}
	r, w, err := os.Pipe()
	must(err)
	defer r.Close()
	defer w.Close()
	check("/dev/fd/"+strconv.Itoa(int(w.Fd())), true)

	if os.Geteuid() != 0 {
		t.Skip("links of another user need root")
	}
	must(os.Symlink("sub", at("theirs")))
	must(os.Lchown(at("theirs"), 65534, 65534))
	must(os.Symlink("full", at("bait")))
	must(os.Lchown(at("bait"), 65534, 65534))
	must(os.Symlink("theirs/inside", at("through")))
	check(at("theirs/inside"), false)
	check(at("bait"), false)
	check(at("through"), false)

	must(os.Mkdir(at("all"), 0o777))
	must(os.Chmod(at("all"), 0o777|os.ModeSticky))
	must(os.Link(at("full"), at("all/name")))
	check(at("all/name"), false)
}

// TestCreateMask makes files as the umask has it.
func TestCreateMask(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	name := filepath.Join(t.TempDir(), "new")
	f, err := createFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
}

// TestDefaultsOfInvoker reads a file of defaults with the rights of who called sudo, and
// the capture with root's, as ever.
func TestDefaultsOfInvoker(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("must be root")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	data, err := os.ReadFile("../../testdata/pcaps/kernel/half-close.client.pcap")
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o755), os.WriteFile(at("root.pcap"), data, 0o600),
		os.WriteFile(at("secret"), []byte("secret = of-root\n"), 0o600),
		os.MkdirAll(at("tcpflow-states"), 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, int) {
		p := start(t, program(append(args, "--summary-only", at("root.pcap"))...))
		code := p.end()
		return p.all.String() + p.stderr.String(), code
	}
	t.Setenv("SUDO_UID", "65534")
	t.Setenv("SUDO_GID", "65534")
	t.Setenv("XDG_CONFIG_HOME", dir)
	usual := at("tcpflow-states/config")
	if err := os.WriteFile(usual, []byte("msl = 30s\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, code := run(); code != 0 || !strings.Contains(out, "msl=30s") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if err := os.Remove(usual); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("secret"), usual); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--config", at("secret")}, {"--keep-root"}} {
		if out, code := run(args...); code != exitPermission || strings.Contains(out, "of-root") || !strings.Contains(out, "permission denied") {
			t.Errorf("%q: exit code %d\n%s", args, code, out)
		}
	}
	if out, code := run("--no-config"); code != 0 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}
