package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Where is an expression over a connection's JSON, such as
//
//	verdict.code == "reset-injected" || traffic.client.rtt.p95_s > 0.2
//
// that is true of some connections. The names are those of the schema; what may be null
// there is unknown here: every comparison with an unknown number is false, and
// x == nil and known(x) tell. The language is that of github.com/expr-lang/expr.
// A Where is safe for concurrent use.
type Where struct {
	program *vm.Program
	names   wanted      // all that it looks at
	looksAt wanted      // what of that is taken from the JSON
	quick   []quickSlot // and from the record
	multi   bool
	scope   *scope
	trying  sync.Pool // of *trial
}

// trial is one use of an expression at a time.
type trial struct {
	machine vm.VM
	excerpt excerpt
}

// WhereError says what is wrong with an expression.
type WhereError struct {
	Message string
	Column  int    // in characters, from 1; 0 if it is about the whole
	Near    string // the expression from there on

	Unknown string   // the name that there is not, if that is it
	Names   []string // those that there are in its place
}

func (e *WhereError) Error() string {
	if e.Column == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s at column %d: %s", e.Message, e.Column, e.Near)
}

// ParseWhere reads an expression; multi says that there are several files, so that frames
// have one. The error is a *WhereError.
func ParseWhere(text string, multi bool) (*Where, error) {
	schema := connectionShape()
	program, err := expr.Compile(text, expr.Env(addQuick(schema.types().(types.Map))), expr.AsBool(), expr.MaxNodes(1000), expr.Patch(quickNames{}), expr.Patch(&nilTests{}),
		expr.Function("known", func(args ...any) (any, error) { return known(args[0]), nil }, new(func(any) bool)))
	if err != nil {
		return nil, whereError(text, err)
	}
	w := &Where{program: program, multi: multi}
	node := program.Node()
	ast.Walk(&node, &wanting{w})
	w.scope = scopeOf(node)
	w.trying.New = func() any { return w.newTrial() }
	return w, nil
}

func (w *Where) newTrial() *trial {
	t := &trial{excerpt: newExcerpt(w.multi)}
	t.excerpt.wanted = w.looksAt
	return t
}

// Match reports whether the expression is true of the connection. One that cannot be
// evaluated, as it asks an unknown text for its length, is not.
func (w *Where) Match(c *record.Connection) bool {
	t := w.trying.Get().(*trial)
	defer w.trying.Put(t)
	w.read(t, c)
	return t.run(w.program)
}

// read reads what the expression looks at.
func (w *Where) read(t *trial, c *record.Connection) {
	if w.looksAt.parts != nil {
		t.excerpt.read(c)
	}
	for i := range w.quick {
		w.quick[i].read(c, t.excerpt.values)
	}
}

func (t *trial) run(program *vm.Program) bool {
	result, err := t.machine.Run(program, t.excerpt.values)
	return err == nil && result == true
}

// MatchJSON reports whether the expression is true of a connection whose JSON, without
// blanks, is text.
func (w *Where) MatchJSON(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' || !json.Valid(text) {
		return false
	}
	t := w.trying.Get().(*trial)
	defer w.trying.Put(t)
	s := scanner{text: text}
	s.object(connectionShape(), &w.names, t.excerpt.values)
	for i := range w.quick {
		name := w.quick[i].name
		t.excerpt.values[name] = follow(t.excerpt.values, strings.Split(name, "."))
	}
	return t.run(w.program)
}

// known reports whether a value was not null in the JSON.
func known(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case float64:
		return !math.IsNaN(v)
	case string:
		return v != ""
	case map[string]any:
		_, null := v[nullMark]
		return v != nil && !null
	}
	return true
}

// nilTests makes x == nil ask whether x is known.
type nilTests struct{}

func (*nilTests) Visit(node *ast.Node) {
	n, ok := (*node).(*ast.BinaryNode)
	if !ok || n.Operator != "==" && n.Operator != "!=" {
		return
	}
	asked := n.Left
	if _, isNil := n.Left.(*ast.NilNode); isNil {
		asked = n.Right
	} else if _, isNil := n.Right.(*ast.NilNode); !isNil {
		return
	}
	var test ast.Node = &ast.CallNode{Callee: &ast.IdentifierNode{Value: "known"}, Arguments: []ast.Node{asked}}
	if n.Operator == "==" {
		test = &ast.UnaryNode{Operator: "not", Node: test}
	}
	ast.Patch(node, test)
}

// wanting notes what an expression looks at.
type wanting struct{ in *Where }

// Visit takes chains of names such as traffic.client.rtt, which stand at a node; the
// shorter ones below are then wanted too, as parts of it.
func (w *wanting) Visit(node *ast.Node) {
	path := chain(*node)
	if path == nil {
		return
	}
	w.in.names.add(path)
	name := strings.Join(path, ".")
	slot := quickSlot{name, quickNumbers[name], quickWords[name]}
	switch {
	case slot.number == nil && slot.word == nil:
		w.in.looksAt.add(path)
	case !slices.ContainsFunc(w.in.quick, func(q quickSlot) bool { return q.name == name }):
		w.in.quick = append(w.in.quick, slot)
	}
}

// chain returns the names of a chain, nil if the node is none.
func chain(node ast.Node) []string {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		return strings.Split(n.Value, ".")
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if before := chain(n.Node); ok && before != nil {
			return append(before, name.Value)
		}
	case *ast.ChainNode:
		return chain(n.Node)
	}
	return nil
}

var unknownName = regexp.MustCompile(`^unknown (?:name|field) (\S+)`)

// whereError makes one line of what the library says.
func whereError(text string, err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return &WhereError{Message: inJSONsWords(strings.Split(err.Error(), "\n")[0])}
	}
	w := &WhereError{Message: inJSONsWords(at.Message), Column: at.Column + 1}
	runes := []rune(text)
	w.Near = string(runes[min(at.Column, len(runes)):])
	if m := unknownName.FindStringSubmatch(at.Message); m != nil {
		w.Message, w.Unknown = "there is no "+m[1], m[1]
		w.Names = namesBehind(string(runes[:min(at.Column, len(runes))]))
	}
	return w
}

// jsonsTypes names types as the schema does, and not as Go.
var jsonsTypes = strings.NewReplacer("map[string]interface {}", "object", "[]interface {}", "list", "float64", "number", "int", "number", "bool", "boolean")

// inJSONsWords returns the expression library's message without Go's types in it.
func inJSONsWords(message string) string {
	if got, ok := strings.CutPrefix(message, "expected bool, but got "); ok {
		return "the expression is of type " + jsonsTypes.Replace(got) + ", and no condition (true or false)"
	}
	if at := strings.Index(message, "(mismatched type"); at >= 0 {
		return message[:at] + jsonsTypes.Replace(message[at:])
	}
	return message
}

var chainBefore = regexp.MustCompile(`(\w+(?:\.\w+)*)\.$`)

// namesBehind returns the names that can stand behind the beginning of an expression: the
// parts of what it ends with, if that is known.
func namesBehind(text string) (names []string) {
	in := connectionShape()
	if m := chainBefore.FindStringSubmatch(text); m != nil {
		for _, part := range strings.Split(m[1], ".") {
			if in != nil {
				in = in.part(part)
			}
		}
		if in != nil && in.kind == mapping {
			return slices.Sorted(maps.Keys(in.parts))
		}
	}
	connectionShape().walk(func(name string) { names = append(names, name) })
	slices.Sort(names)
	return slices.Compact(names)
}
