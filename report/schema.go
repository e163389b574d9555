package report

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what JSON writes; the lines
// of NDJSON follow its #/$defs/ndjson_line. The caller owns the slice.
func Schema() []byte { return slices.Clone(schema) }
