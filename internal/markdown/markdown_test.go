package markdown_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

func TestTable(t *testing.T) {
	var b strings.Builder
	markdown.Table(&b, [][]string{{"a", "b"}, {"×", "long"}})
	if want := "| a | b    |\n| - | ---- |\n| × | long |\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestPut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	page := "before\n<!-- other -->\nkept\n<!-- end -->\n<!-- mine -->\nold\n<!-- end -->\nbehind\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	put := func(w io.Writer) { fmt.Fprintln(w, "new") }
	if err := markdown.Put(file, "mine", put); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(file)
	if want := strings.Replace(page, "old", "new", 1); string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if err := markdown.Put(file, "nowhere", put); err == nil {
		t.Error("no error without a place")
	}
}
