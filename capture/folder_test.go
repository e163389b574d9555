package capture

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLookInto(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := sample()
	want := []string{
		put("a", plain),
		put("b.txt", gzipped(t, plain)),
		put("deep/er/trace.pcap7", packedSample(t, "xz")),
	}
	put("notes.pcap", []byte("not what its name says\n"))
	put("empty.pcap", nil)
	put("text.gz", gzipped(t, []byte("some text")))
	cut := put("cut.pcap", plain[:10])
	if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
		t.Log("without a link:", err)
	}
	got := LookInto(dir)
	if !slices.Equal(got.Captures, want) || got.Others != 3 {
		t.Errorf("%+v, want %v and 3 others", got, want)
	}
	if len(got.Errs) != 1 {
		t.Errorf("errors %v, want one for %s", got.Errs, cut)
	}
	if got := LookInto(filepath.Join(dir, "none")); len(got.Errs) != 1 || len(got.Captures) != 0 {
		t.Errorf("a folder that is not there: %+v", got)
	}
}

// A file that has standard input's name is a file.
func TestLookIntoDash(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("-", sample(), 0o666); err != nil {
		t.Fatal(err)
	}
	got := LookInto(".")
	if len(got.Captures) != 1 || got.Captures[0] == "-" || len(got.Errs) > 0 {
		t.Errorf("%+v", got)
	}
}

// The folder that is named may be a link.
func TestLookIntoLink(t *testing.T) {
	dir := t.TempDir()
	at := filepath.Join(dir, "captures")
	if err := os.Mkdir(at, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "a"), sample(), 0o666); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(at, link); err != nil {
		t.Skip("without a link:", err)
	}
	if got := LookInto(link); !slices.Equal(got.Captures, []string{filepath.Join(link, "a")}) || len(got.Errs) > 0 {
		t.Errorf("%+v", got)
	}
}
