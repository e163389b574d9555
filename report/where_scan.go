package report

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// scanner takes what is wanted out of JSON that the encoder wrote, which is right and has
// no blanks.
type scanner struct {
	text []byte
	at   int
}

// object reads an object into m: the parts that are wanted.
func (s *scanner) object(shape *shape, w *wanted, m map[string]any) {
	delete(m, nullMark)
	for name, want := range w.parts { // what is not there is unknown
		if part := shape.part(name); part != nil {
			m[name] = part.unknownIn(want, m[name])
		}
	}
	s.at++ // {
	for s.text[s.at] != '}' {
		key := s.key()
		part, want := shape.part(key), w.parts[key]
		switch {
		case part == nil || want == nil && !w.all():
			s.skip()
		case want != nil: // key is not for keeping: its memory is used again
			m[want.name] = s.value(part, want, m[want.name])
		default:
			m[strings.Clone(key)] = s.value(part, &wanted{}, nil)
		}
		if s.text[s.at] == ',' {
			s.at++
		}
	}
	s.at++
}

// key reads a name and its colon. It is valid as long as the text.
func (s *scanner) key() string {
	begin := s.at + 1
	s.skipText()
	key := s.text[begin : s.at-1]
	s.at++ // :
	return unsafe.String(unsafe.SliceData(key), len(key))
}

// value reads any value. Objects are read into the one that was there before.
func (s *scanner) value(shape *shape, w *wanted, before any) any {
	switch c := s.text[s.at]; {
	case c == 'n':
		s.at += len("null")
		return shape.unknownIn(w, before)
	case c == '{':
		m, _ := before.(map[string]any)
		if m == nil || w.all() {
			m = map[string]any{}
		}
		s.object(shape, w, m)
		return m
	case c == '[':
		return s.list(shape)
	case c == '"':
		begin := s.at
		s.skipText()
		var text string
		if err := json.Unmarshal(s.text[begin:s.at], &text); err != nil {
			return ""
		}
		return text
	case c == 't' || c == 'f':
		s.skip()
		return c == 't'
	}
	begin := s.at
	s.skip()
	x, err := strconv.ParseFloat(string(s.text[begin:s.at]), 64)
	if err != nil {
		return math.NaN()
	}
	return x
}

func (s *scanner) list(shape *shape) any {
	list := []any{}
	each := shape.each
	if each == nil {
		each = shape
	}
	s.at++ // [
	for s.text[s.at] != ']' {
		list = append(list, s.value(each, &wanted{}, nil))
		if s.text[s.at] == ',' {
			s.at++
		}
	}
	s.at++
	return list
}

// skip goes past a value.
func (s *scanner) skip() {
	depth := 0
	for {
		switch s.text[s.at] {
		case '"':
			s.skipText()
			if depth == 0 {
				return
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return // it ends what the value stands in
			}
			if depth--; depth == 0 {
				s.at++
				return
			}
		case ',':
			if depth == 0 {
				return
			}
		}
		s.at++
	}
}

// skipText goes past a text in quotation marks.
func (s *scanner) skipText() {
	for s.at++; s.text[s.at] != '"'; s.at++ {
		if s.text[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// keys returns the names of an object.
func (s *scanner) keys() map[string]bool {
	list := map[string]bool{}
	for s.at++; s.text[s.at] != '}'; {
		list[s.key()] = true
		s.skip()
		if s.text[s.at] == ',' {
			s.at++
		}
	}
	return list
}

// part returns the shape of a part of an object, nil if it has none of that name.
func (s *shape) part(name string) *shape {
	if p := s.parts[name]; p != nil {
		return p
	}
	return s.rest
}

// unknown is what stands for null.
func (s *shape) unknown() any {
	switch s.kind {
	case numeric:
		return math.NaN()
	case textual:
		return ""
	case listing:
		return []any{}
	case mapping:
		m := map[string]any{nullMark: nil}
		for name, part := range s.parts {
			m[name] = part.unknown()
		}
		return m
	}
	return nil
}

// unknownIn does the same in an object's place, with the parts that are wanted.
func (s *shape) unknownIn(w *wanted, before any) any {
	if s.kind != mapping || w.all() {
		return s.unknown()
	}
	m, _ := before.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	m[nullMark] = nil
	for name, want := range w.parts {
		if part := s.part(name); part != nil {
			m[name] = part.unknownIn(want, m[name])
		}
	}
	return m
}
