package house

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fork is a maintained fork of gopacket. It sets the fields of an IPv4 header only
// when it likes the whole of it, options included.
const fork, forkVersion = "github.com/gopacket/gopacket", "v1.7.7"

// TestDecodingWithAFork builds a copy of the tree with the fork in place of gopacket
// and runs the tests of the decoder and of the capture files: what we read from packets depends on
// nothing that versions of the library do differently.
func TestDecodingWithAFork(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: it builds another library")
	}
	const original = "github.com/google/gopacket"
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", "analyzer/internal/appdata", "analyzer/internal/decode", "analyzer/internal/testdata", "capture", "fsm", "internal"} {
		copyTree(t, filepath.Join("../..", name), filepath.Join(dir, name), func(text []byte) []byte {
			return bytes.ReplaceAll(text, []byte(`"`+original), []byte(`"`+fork))
		})
	}
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(testdata, filepath.Join(dir, "testdata")); err != nil {
		t.Skip("left out: no symbolic link can be made: ", err)
	}

	run := func(limit time.Duration, arguments ...string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		command := exec.CommandContext(ctx, "go", arguments...)
		command.Dir = dir
		command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		return command.CombinedOutput()
	}
	if out, err := run(30*time.Second, "get", fork+"@"+forkVersion); err != nil {
		t.Skipf("left out: %s %s could not be had, as without a network: %v: %s", fork, forkVersion, err, out)
	}
	if out, err := run(10*time.Second, "mod", "edit", "-droprequire="+original); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := run(5*time.Minute, "test", "-skip=Live", "./analyzer/internal/decode", "./capture"); err != nil {
		t.Errorf("with %s %s in place of %s: %v\n%s", fork, forkVersion, original, err, out)
	}
}

// copyTree copies the Go files, and what else a package's tests read, through change.
func copyTree(t *testing.T, from, to string, change func([]byte) []byte) {
	t.Helper()
	if _, err := os.Stat(from); os.IsNotExist(err) {
		return
	}
	err := filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".go") {
			text = change(text)
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
