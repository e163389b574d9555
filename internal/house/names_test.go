package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// constant is one of record's names for what the analysis says.
type constant struct{ kind, name, value string }

// constants returns those of record's types that are text.
func constants(t *testing.T) (list []constant) {
	t.Helper()
	paths, err := filepath.Glob("../../analyzer/record/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			kind, typed := v.Type.(*ast.Ident)
			literal, has := v.Values[0].(*ast.BasicLit)
			if !typed || !has || literal.Kind != token.STRING {
				return true
			}
			if value, err := strconv.Unquote(literal.Value); err == nil {
				list = append(list, constant{kind.Name, v.Names[0].Name, value})
			}
			return true
		})
	}
	return list
}

// sources calls each for every file of the program's code below the folders.
func sources(t *testing.T, each func(files *token.FileSet, path string, file *ast.File), dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err == nil {
				each(files, filepath.ToSlash(path), file)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestNamesAreConstants looks for names of checks, labels, verdicts and kinds of
// close that are written out where record has a constant, so that a name that no
// longer exists does not compile. Single words, which are ordinary English too, are
// left out, and so are tests, which say what scripts will read.
func TestNamesAreConstants(t *testing.T) {
	named := map[string][]string{}
	for _, c := range constants(t) {
		named[c.value] = append(named[c.value], "record."+c.name)
	}
	others := map[string]string{ // that mean something else
		"half-closed": "report/timeline_head.go", // the words for it
		"mptcp-join":  "report/json_segment.go",  // an option's name
	}
	sources(t, func(files *token.FileSet, path string, file *ast.File) {
		if strings.Contains(path, "analyzer/record/") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err == nil && strings.Contains(text, "-") && named[text] != nil && "../../"+others[text] != path {
				t.Errorf("%s: %q: use %s", files.Position(literal.Pos()), text, strings.Join(named[text], " or "))
			}
			return true
		})
	}, "analyzer", "report", "cmd")
}

// TestNamesAreGiven wants each of the constants to be used by what judges, and the
// catalogues to have exactly the names that there are.
func TestNamesAreGiven(t *testing.T) {
	used := map[string]bool{}
	sources(t, func(_ *token.FileSet, _ string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				used[s.Sel.Name] = true
			}
			return true
		})
	}, "analyzer/internal", "internal/series")
	kinds := map[string]map[string]bool{}
	for _, c := range constants(t) {
		if !used[c.name] {
			t.Errorf("record.%s, %q: nothing gives it", c.name, c.value)
		}
		if kinds[c.kind] == nil {
			kinds[c.kind] = map[string]bool{}
		}
		if kinds[c.kind][c.value] {
			t.Errorf("%s %q: there twice", c.kind, c.value)
		}
		kinds[c.kind][c.value] = true
	}
	for kind, least := range map[string]int{"CheckName": 130, "Label": 30, "VerdictCode": 35, "CloseKind": 11} {
		if len(kinds[kind]) < least {
			t.Errorf("only %d constants of type %s", len(kinds[kind]), kind)
		}
	}
	checks := analyzer.Checks()
	for _, c := range checks {
		if !kinds["CheckName"][string(c.Name)] {
			t.Errorf("check %q is no constant of record", c.Name)
		}
	}
	if len(checks) != len(kinds["CheckName"]) {
		t.Errorf("%d checks, %d names", len(checks), len(kinds["CheckName"]))
	}
	for _, d := range record.VerdictDocs {
		if !kinds["VerdictCode"][string(d.Code)] {
			t.Errorf("verdict %q is no constant of record", d.Code)
		}
	}
	if len(record.VerdictDocs) != len(kinds["VerdictCode"]) {
		t.Errorf("%d verdicts, %d codes", len(record.VerdictDocs), len(kinds["VerdictCode"]))
	}
}
