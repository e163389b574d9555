package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestManyErrors holds that of many files with a fault the first are told one by one.
func TestManyErrors(t *testing.T) {
	var errs []error
	for i := range 10_000 {
		errs = append(errs, fmt.Errorf("file %d", i))
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	(&app{stderr: file}).fail(errors.Join(errs...))
	out, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != mostFaults+1 || lines[0] != "tcpflow-states: error: file 0" || lines[mostFaults] != "tcpflow-states: error: 9,990 more errors, not shown" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}
