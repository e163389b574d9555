package capture

import (
	"errors"
	"fmt"
)

// Filter chooses packets by a pcap-filter(7) expression, such as
// "host 10.0.0.1 and port 443". As with tcpdump, what the expression means
// depends on the link type, so it is compiled for each as it is met. A Filter
// is for one goroutine.
type Filter struct {
	expr     string
	programs map[int]compiled // by link type
}

type compiled struct {
	program
	err error
}

// program is an expression compiled for one link type.
type program interface {
	match(data []byte, length int) bool
}

// FilterError says that a filter expression is wrong, or has no meaning for a
// link type.
type FilterError struct {
	Expr     string
	LinkType int // -1 where the link type does not matter
	Err      error
}

// Error names the expression and what libpcap says of it.
func (e *FilterError) Error() string {
	if e.LinkType >= 0 {
		return fmt.Sprintf("filter %q on %s: %v", e.Expr, LinkTypeName(e.LinkType), e.Err)
	}
	return fmt.Sprintf("filter %q: %v", e.Expr, e.Err)
}

// Unwrap returns libpcap's message, or ErrNoFilter.
func (e *FilterError) Unwrap() error { return e.Err }

// NewFilter checks an expression. Its error is a *FilterError, which wraps
// ErrNoFilter in a build without libpcap.
func NewFilter(expr string) (*Filter, error) {
	f := &Filter{expr: expr, programs: map[int]compiled{}}
	// Some primitives exist for wireless frames or pf logs only, so one success
	// will do; what Ethernet says of an error is the most helpful.
	const ethernet, wireless, pflog = 1, 105, 117
	var first error
	for _, linkType := range []int{ethernet, wireless, pflog} {
		c := f.compile(linkType)
		if c.err == nil {
			return f, nil
		}
		if first == nil {
			first = c.err
		}
	}
	var e *FilterError
	if errors.As(first, &e) {
		e.LinkType = -1
	}
	return nil, first
}

// Match reports whether the filter chooses the packet. It fails, with a
// *FilterError, where the expression has no meaning for the packet's link type.
func (f *Filter) Match(p *Packet) (bool, error) {
	c, ok := f.programs[p.LinkType]
	if !ok {
		c = f.compile(p.LinkType)
	}
	if c.err != nil {
		return false, c.err
	}
	return c.match(p.Data, p.Length), nil
}

func (f *Filter) compile(linkType int) compiled {
	var c compiled
	if p, err := compileFilter(linkType, f.expr); err != nil {
		c.err = &FilterError{Expr: f.expr, LinkType: linkType, Err: err}
	} else {
		c.program = p
	}
	f.programs[linkType] = c
	return c
}
