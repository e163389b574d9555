package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/expr-lang/expr/types"
)

// shape is what the schema says of a value.
type shape struct {
	kind  shapeKind
	whole bool              // of a number: an integer
	parts map[string]*shape // of an object
	rest  *shape            // of an object: of names that it does not list; nil: there are none
	each  *shape            // of a list
}

type shapeKind uint8

const (
	anything shapeKind = iota
	numeric            // an unknown one is NaN
	textual            // an unknown one is ""
	logical
	mapping // an unknown one has nullMark, and only unknown parts
	listing
)

// nullMark stands in an object that is null in the JSON.
const nullMark = ""

// connectionShape is that of a connection's object.
var connectionShape = sync.OnceValue(func() *shape {
	var doc map[string]any
	if err := json.Unmarshal(schema, &doc); err != nil {
		panic("report: schema.json: " + err.Error())
	}
	defs := doc["$defs"].(map[string]any)
	return shapeOf(defs["connection"].(map[string]any), defs)
})

// shapeOf reads a part of the schema. It uses a few of JSON Schema's words.
func shapeOf(s, defs map[string]any) *shape {
	if ref, ok := s["$ref"].(string); ok {
		return shapeOf(defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), defs)
	}
	if list, ok := s["anyOf"].([]any); ok { // something or null, in either order
		for _, one := range list {
			if one := one.(map[string]any); one["type"] != "null" {
				return shapeOf(one, defs)
			}
		}
	}
	if values, ok := s["enum"].([]any); ok {
		if _, isText := values[0].(string); isText {
			return &shape{kind: textual}
		}
		return &shape{}
	}
	nullable := false
	kind, _ := s["type"].(string)
	if list, ok := s["type"].([]any); ok {
		kind, nullable = fmt.Sprint(list[0]), true
		if kind == "null" {
			kind = fmt.Sprint(list[1])
		}
	}
	switch kind {
	case "integer", "number":
		return &shape{kind: numeric, whole: kind == "integer"}
	case "string":
		return &shape{kind: textual}
	case "boolean":
		if nullable {
			return &shape{}
		}
		return &shape{kind: logical}
	case "array":
		items, _ := s["items"].(map[string]any)
		return &shape{kind: listing, each: shapeOf(items, defs)}
	case "object":
		o := &shape{kind: mapping, parts: map[string]*shape{}}
		parts, _ := s["properties"].(map[string]any)
		for name, part := range parts {
			o.parts[name] = shapeOf(part.(map[string]any), defs)
		}
		if rest, ok := s["additionalProperties"].(map[string]any); ok {
			o.rest = shapeOf(rest, defs)
		}
		return o
	}
	return &shape{}
}

// types returns the shape as the expression library has it.
func (s *shape) types() types.Type {
	switch s.kind {
	case numeric:
		return types.Float64
	case textual:
		return types.String
	case logical:
		return types.Bool
	case listing:
		return types.Array(s.each.types())
	case mapping:
		m := types.Map{}
		for name, part := range s.parts {
			m[name] = part.types()
		}
		if s.rest != nil {
			m[types.Extra] = s.rest.types()
		}
		return m
	}
	return types.Any
}

// walk calls f with the name of each part, and of theirs.
func (s *shape) walk(f func(name string)) {
	for name, part := range s.parts {
		f(name)
		part.walk(f)
	}
	if s.each != nil {
		s.each.walk(f)
	}
}
