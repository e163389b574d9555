package analyzer

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/check/aggregate"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// Checks returns the description of every check: of those that look at one
// connection, then of those that look at all together. The slice is the caller's.
func Checks() []record.CheckDoc {
	docs := make([]record.CheckDoc, 0, len(check.Catalogue)+len(aggregate.Catalogue))
	for _, c := range check.Catalogue {
		docs = append(docs, c.Doc())
	}
	return append(docs, aggregate.Catalogue...)
}
