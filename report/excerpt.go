package report

import (
	"sync"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// excerpt takes what is wanted out of the JSON of one connection after another. Only the
// parts of the JSON that hold it are made.
type excerpt struct {
	wanted wanted
	blocks []func(*encoder, *record.Connection) // nil before the first reading
	values map[string]any                       // by name: nil, a float64, text, a bool, a list or such a map
	e      encoder
}

func newExcerpt(multi bool) excerpt {
	return excerpt{values: map[string]any{}, e: encoder{files: multi}}
}

// read reads the connection's values.
func (x *excerpt) read(c *record.Connection) {
	if x.blocks == nil {
		x.blocks = blocksOf(&x.wanted)
	}
	e := &x.e
	e.buf = e.buf[:0]
	e.untimed = c.Quality.Untimed
	e.open('{')
	for _, block := range x.blocks {
		block(e, c)
	}
	e.close('}')
	s := scanner{text: e.buf}
	s.object(connectionShape(), &x.wanted, x.values)
}

// wanted is a part of the JSON that is looked at.
type wanted struct {
	name  string
	parts map[string]*wanted // of an object; nil: all of it, if it is one
	whole bool               // all of it, whatever parts says
}

// add wants what is at a path, and returns it.
func (w *wanted) add(path []string) *wanted {
	for _, name := range path {
		if w.parts == nil {
			w.parts = map[string]*wanted{}
		}
		if w.parts[name] == nil {
			w.parts[name] = &wanted{name: name}
		}
		w = w.parts[name]
	}
	return w
}

// all reports whether all of an object is wanted.
func (w *wanted) all() bool { return w.whole || w.parts == nil }

// objectPart is a part of a connection's object, and the names that it writes.
type objectPart struct {
	block func(*encoder, *record.Connection)
	names map[string]bool
}

// objectParts are all of them.
var objectParts = sync.OnceValue(func() (list []objectPart) {
	for _, block := range append([]func(*encoder, *record.Connection){(*encoder).identity}, connectionBlocks...) {
		e := encoder{files: true}
		e.open('{')
		block(&e, &record.Connection{Between: &record.Between{}, Segments: []record.Segment{{}}})
		e.close('}')
		s := scanner{text: e.buf}
		list = append(list, objectPart{block, s.keys()})
	}
	return list
})

// blocksOf returns the parts of a connection's object that are needed for what is wanted.
func blocksOf(w *wanted) []func(*encoder, *record.Connection) {
	blocks := []func(*encoder, *record.Connection){}
	for _, part := range objectParts() {
		for name := range w.parts {
			if part.names[name] {
				blocks = append(blocks, part.block)
				break
			}
		}
	}
	return blocks
}
