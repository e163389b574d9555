package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// schemaNode is a JSON Schema as far as ours uses it. Members keep their order.
type schemaNode struct {
	Description          string
	Type                 any // a name, or a list of names
	Enum                 []any
	Ref                  string `json:"$ref"`
	Defs                 members
	Properties           members
	Items                *schemaNode
	AdditionalProperties any
	AnyOf                []*schemaNode
	OneOf                []*schemaNode
	AllOf                []*schemaNode
	Const                any
	Format               string
}

type member struct {
	name string
	node *schemaNode
}

// members are an object's members in the order of the file.
type members []member

func (m *members) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := d.Token(); err != nil { // {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		n := new(schemaNode)
		if err := d.Decode(n); err != nil {
			return err
		}
		*m = append(*m, member{name.(string), n})
	}
	return nil
}

// fieldTable lists every field of the JSON with its type and what it means, a table
// for each object that has a name in the schema.
func fieldTable(t *testing.T, _ string) string {
	t.Helper()
	out, err := program("schema").Output()
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs members `json:"$defs"`
	}
	if err := json.Unmarshal(out, &schema); err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{}
	var order []string
	for _, d := range schema.Defs {
		var b strings.Builder
		describeFields(&b, "", d.node)
		text := fmt.Sprintf("### %s\n\n%s\n", d.name, cell.Replace(strings.Join(append([]string{d.node.Description}, parents(d.node)...), " ")))
		if b.Len() > 0 {
			text += "\n| field | type | meaning |\n| --- | --- | --- |\n" + b.String()
		}
		tables[d.name] = text
		order = append(order, d.name)
	}
	// The documents themselves come first.
	for _, top := range []string{"ndjson_line", "document"} {
		if i := slices.Index(order, top); i >= 0 {
			order = slices.Insert(slices.Delete(order, i, i+1), 0, top)
		}
	}
	var parts []string
	for _, name := range order {
		parts = append(parts, tables[name])
	}
	return strings.Join(parts, "\n")
}

// parents says what a definition takes over from others.
func parents(n *schemaNode) []string {
	var out []string
	for _, a := range n.AllOf {
		if a.Ref != "" {
			out = append(out, "All fields of "+typeName(a)+", and:")
		}
	}
	var one []string
	for _, a := range n.OneOf {
		if a.Ref != "" {
			one = append(one, typeName(a))
		}
	}
	if len(one) > 0 {
		out = append(out, "One of "+strings.Join(one, ", ")+".")
	}
	return out
}

// describeFields writes a row for each field below a node, those of objects without
// a name with the path that leads to them.
func describeFields(b *strings.Builder, path string, n *schemaNode) {
	for _, alternatives := range [][]*schemaNode{n.AnyOf, n.OneOf, n.AllOf} {
		for _, a := range alternatives {
			describeFields(b, path, a)
		}
	}
	for _, p := range n.Properties {
		name := path + p.name
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, typeName(p.node), cell.Replace(p.node.Description))
		describeFields(b, name+".", p.node)
		if p.node.Items != nil {
			describeFields(b, name+"[].", p.node.Items)
		}
	}
}

// typeName writes a field's type in a few words, a named one as a link.
func typeName(n *schemaNode) string {
	switch {
	case n.Ref != "":
		name := n.Ref[strings.LastIndex(n.Ref, "/")+1:]
		return "[" + name + "](#" + name + ")"
	case n.Const != nil:
		return fmt.Sprintf("`%v`", n.Const)
	case len(n.Enum) > 0:
		var values []string
		for _, v := range n.Enum {
			if v == nil {
				v = "null"
			}
			values = append(values, fmt.Sprintf("`%v`", v))
		}
		return strings.Join(values, ", ")
	case n.Items != nil:
		return "list of " + typeName(n.Items)
	case len(n.AnyOf)+len(n.OneOf) > 0:
		var names []string
		for _, a := range append(slices.Clone(n.AnyOf), n.OneOf...) {
			names = append(names, typeName(a))
		}
		slices.Sort(names)
		return strings.Join(slices.Compact(names), " or ")
	}
	switch t := n.Type.(type) {
	case string:
		return t
	case []any:
		var names []string
		for _, v := range t {
			names = append(names, fmt.Sprint(v))
		}
		return strings.Join(names, " or ")
	}
	return ""
}
