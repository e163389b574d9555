package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// TestSandbox tries, in a process of its own, what is not allowed any more.
func TestSandbox(t *testing.T) {
	if v, err := syscall.LandlockGetABIVersion(); err != nil || v < 1 {
		t.Skip("the kernel has no Landlock")
	}
	dir := t.TempDir()
	input, other := filepath.Join(dir, "input"), filepath.Join(dir, "other")
	for _, name := range []string{input, other} {
		if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("try-sandbox", input, other).CombinedOutput()
	if err != nil || string(out) != "input true, other false, write false, system true\n" {
		t.Errorf("%s%v", out, err)
	}
}

func init() { programs["try-sandbox"] = trySandbox }

// trySandbox is the program of TestSandbox.
func trySandbox() {
	input, other := os.Args[1], os.Args[2]
	if err := sandbox([]string{input}); err != nil {
		fmt.Println(err)
	}
	can := func(name string, flags int) bool {
		f, err := os.OpenFile(name, flags, 0o600)
		f.Close()
		return err == nil
	}
	fmt.Printf("input %v, other %v, write %v, system %v\n", can(input, os.O_RDONLY), can(other, os.O_RDONLY),
		can(input, os.O_WRONLY) || can(other+"2", os.O_WRONLY|os.O_CREATE), can("/etc/passwd", os.O_RDONLY))
}
