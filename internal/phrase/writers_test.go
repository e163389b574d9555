package phrase_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// exempt are the files that write numbers by themselves, and why they may.
var exempt = map[string]string{
	"report/cells.go":       "knows units so that a line does not end between a number and its unit",
	"report/json_encode.go": "numbers of JSON, which scripts read",
	"report/junit.go":       "seconds of JUnit's XML, which scripts read",
	"report/zeek.go":        "fields of Zeek's conn.log, which scripts read",
}

// own are signs that a string literal writes what this package writes.
var own = []*regexp.Regexp{
	regexp.MustCompile(`%[-+# 0]*[0-9]*(\.[0-9]+)?[eEfFgG]`), // a number with a point
	regexp.MustCompile(`%[0-9]*d ?(ns|µs|us|ms|s|min|h|d|B|kB|MB|GB|%%|percent|bytes?|octets?)([^0-9A-Za-z]|$)`),
	regexp.MustCompile(`%[0-9]*d ([a-z]+ )?(packet|segment|connection|frame|probe|time|SYN|SYN-ACK|FIN|RST|ACK|retransmission|step|tick|hop|attempt|handshake|warning|error|finding|check)s([^A-Za-z]|$)`), // "1 connections"
	regexp.MustCompile(`^ ?(ns|µs|us|ms|min|kB|MB|GB|TB)$`),
}

// TestOneWriter holds that what is printed takes its durations, sizes, shares and
// counts from this package: no other file of the program formats a float, or puts
// a unit or a plural behind a number. (capture knows no TCP and so cannot take part; it
// writes only parts of files.)
func TestOneWriter(t *testing.T) {
	const root = "../.."
	files := 0
	for _, dir := range []string{"analyzer", "cmd", "fsm", "report"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			files++
			if exempt[filepath.ToSlash(name)] == "" {
				writes(t, path, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("%d files seen: where is the program?", files)
	}
}

// writes reports what a file writes by itself.
func writes(t *testing.T, path, name string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	complain := func(at token.Pos, what string) {
		t.Errorf("%s:%d: %s: let internal/phrase write it", name, set.Position(at).Line, what)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "strconv" && (n.Sel.Name == "FormatFloat" || n.Sel.Name == "AppendFloat") {
				complain(n.Pos(), "strconv."+n.Sel.Name)
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind != token.STRING || err != nil {
				break
			}
			for _, sign := range own {
				if sign.MatchString(text) {
					complain(n.Pos(), n.Value)
					break
				}
			}
		}
		return true
	})
}
