package house

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write api.txt anew")

// faces are the packages that users import. The names of plain are data or the
// protocol's own words and are as many as these need; the others are to have few.
var faces, plain = []string{"analyzer", "analyzer/change", "analyzer/explain", "analyzer/record", "capture", "fsm", "report"}, []string{"analyzer/change", "analyzer/record", "fsm"}

// mostNames bounds the exported top-level names outside the plain packages.
const mostNames = 100

// api lists what a package exports, a line for each name, method and field. Every
// file counts, whatever system it is for.
type api struct {
	pkg   string
	files *token.FileSet
	lines map[string]bool
	names map[string]bool // top-level
}

func readAPI(t *testing.T, pkg string) *api {
	a := &api{pkg: pkg, files: token.NewFileSet(), lines: map[string]bool{}, names: map[string]bool{}}
	paths, err := filepath.Glob(filepath.Join("../..", pkg, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files of %s: %v", pkg, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(a.files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			a.decl(d)
		}
	}
	return a
}

func (a *api) decl(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() {
			return
		}
		signature := strings.TrimPrefix(a.source(d.Type), "func")
		if d.Recv == nil {
			a.top("func", d.Name.Name, signature)
		} else if of := a.source(d.Recv.List[0].Type); ast.IsExported(strings.TrimPrefix(of, "*")) {
			a.line("method (" + of + ") " + d.Name.Name + signature)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						kind := ""
						if s.Type != nil {
							kind = " " + a.source(s.Type)
						}
						a.top(d.Tok.String(), n.Name, kind)
					}
				}
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					a.typeSpec(s)
				}
			}
		}
	}
}

func (a *api) typeSpec(s *ast.TypeSpec) {
	var fields *ast.FieldList
	switch kind := s.Type.(type) {
	case *ast.StructType:
		a.top("type", s.Name.Name, " struct")
		fields = kind.Fields
	case *ast.InterfaceType:
		a.top("type", s.Name.Name, " interface")
		fields = kind.Methods
	default:
		a.top("type", s.Name.Name, " "+a.source(s.Type))
		return
	}
	for _, f := range fields.List {
		if len(f.Names) == 0 {
			a.line("field " + s.Name.Name + "." + a.source(f.Type))
		}
		for _, n := range f.Names {
			if n.IsExported() {
				a.line("field " + s.Name.Name + "." + n.Name + " " + a.source(f.Type))
			}
		}
	}
}

func (a *api) top(kind, name, rest string) {
	a.names[name] = true
	a.line(kind + " " + name + rest)
}

func (a *api) line(text string) { a.lines["pkg "+a.pkg+", "+text] = true }

// source writes a type as the code does, on one line.
func (a *api) source(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, a.files, n); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// TestAPI holds what the public packages export against api.txt.
func TestAPI(t *testing.T) {
	const file = "../../api.txt"
	var lines []string
	names, each := 0, ""
	for _, pkg := range faces {
		a := readAPI(t, pkg)
		lines = slices.AppendSeq(lines, maps.Keys(a.lines))
		each += fmt.Sprintf(" %s %d", pkg, len(a.names))
		if !slices.Contains(plain, pkg) {
			names += len(a.names)
		}
	}
	t.Logf("%d exported top-level names outside %v:%s", names, plain, each)
	if names > mostNames {
		t.Errorf("%d exported top-level names outside %v, at most %d are to be:%s", names, plain, mostNames, each)
	}
	slices.Sort(lines)
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept := strings.Split(strings.TrimSpace(string(text)), "\n")
	changed := false
	for _, l := range kept {
		if _, found := slices.BinarySearch(lines, l); !found {
			t.Errorf("gone:  %s", l)
			changed = true
		}
	}
	for _, l := range lines {
		if !slices.Contains(kept, l) {
			t.Errorf("added: %s", l)
			changed = true
		}
	}
	if changed {
		t.Error("the exported names have changed. If they were meant to: go test ./internal/house -run TestAPI -update, and a line in CHANGELOG.md for what users must change")
	}
}
