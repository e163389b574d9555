package report

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// fields takes some values out of a connection's JSON: those at paths such as
// traffic.client.rtt.p95_s, and anomalies.name for that of each anomaly.
type fields struct {
	excerpt
	paths [][]string
}

func newFields(list []string, multi bool) *fields {
	f := &fields{excerpt: newExcerpt(multi)}
	for _, field := range list {
		path := strings.Split(field, ".")
		f.paths = append(f.paths, path)
		f.wanted.add(untilList(path)).whole = true
	}
	return f
}

// untilList returns the path up to the first list on it, which is wanted whole.
func untilList(path []string) []string {
	in := connectionShape()
	for i, name := range path {
		if in = in.part(name); in == nil || in.kind != mapping {
			return path[:i+1]
		}
	}
	return path
}

// shapeAt returns the shape of a value of one's own, nil for one in a list.
func shapeAt(field string) *shape {
	in := connectionShape()
	for _, name := range strings.Split(field, ".") {
		if in = in.part(name); in == nil {
			return nil
		}
	}
	return in
}

// UnknownField returns the first of some fields that a connection's JSON does not have, or
// "", and the names that there are in place of what is unknown of it.
func UnknownField(list []string) (field string, names []string) {
	for _, field := range list {
		in := connectionShape()
		for i, name := range strings.Split(field, ".") {
			if in.kind == listing {
				in = in.each
			}
			if in = in.part(name); in == nil {
				return field, namesBehind(strings.Join(append(strings.Split(field, ".")[:i], ""), "."))
			}
		}
	}
	return "", nil
}

// at returns the value of the nth field: nil, a float64, text, a bool, a list or an object.
func (f *fields) at(n int) any { return follow(f.values, f.paths[n]) }

func follow(v any, path []string) any {
	for i, name := range path {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			list := make([]any, len(in))
			for k := range in {
				list[k] = follow(in[k], path[i:])
			}
			return list
		default:
			return nil
		}
	}
	return v
}

// appendValue appends a value as JSON.
func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		if math.IsNaN(v) {
			break
		}
		return appendNumber(b, v)
	case string:
		if v == "" {
			break
		}
		return appendString(b, v)
	case []any:
		b = append(b, '[')
		for i := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, v[i])
		}
		return append(b, ']')
	case map[string]any:
		if _, null := v[nullMark]; null {
			break
		}
		b = append(b, '{')
		n := 0
		for _, name := range sortedNames(v) {
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = append(appendString(b, name), ':')
			b = appendValue(b, v[name])
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func sortedNames(m map[string]any) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// cellOf writes a value for a table: nothing for what is unknown, lists with blanks
// between, and no control characters.
func cellOf(v any) string {
	switch v := v.(type) {
	case string:
		return escape(v)
	case float64:
		if math.IsNaN(v) {
			return ""
		}
	case nil:
		return ""
	case []any:
		var list []string
		for i := range v {
			list = append(list, cellOf(v[i]))
		}
		return strings.Join(list, " ")
	}
	return string(appendValue(nil, v))
}
