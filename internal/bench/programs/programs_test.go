package programs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestMain lets the test's own program be one side of idle connections.
func TestMain(m *testing.M) {
	if !Side(os.Args[1:]) {
		os.Exit(m.Run())
	}
}

// TestKinds holds that each kind is whole, and that Missing says what to install.
func TestKinds(t *testing.T) {
	for _, k := range Kinds {
		if k.play == nil || k.Title == "" || k.At == "" || len(k.Needs) > 0 && k.Packages == "" {
			t.Errorf("%s is not complete", k.Name)
		}
		if Find(k.Name).Title != k.Title {
			t.Errorf("%s stands there twice", k.Name)
		}
	}
	if Find(Web) == nil || Find("nothing") != nil {
		t.Error("Find does not find what is there, or finds what is not")
	}
}

// TestMake makes the capture that needs no other programs, where it can be made.
func TestMake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "capture.pcap")
	how, err := Find("go-http").Make(t.Context(), file, 300)
	var missing Missing
	if errors.As(err, &missing) {
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Size() < 300*60 || how == "" {
		t.Errorf("%d bytes, made with %q; %v", info.Size(), how, err)
	}
}

// TestMissing says which package has the program that is not there.
func TestMissing(t *testing.T) {
	k := Kind{Name: "x", Needs: []string{"no-such-program"}, Packages: "some-package"}
	var missing Missing
	if _, err := k.Make(context.Background(), "x", 1); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}
