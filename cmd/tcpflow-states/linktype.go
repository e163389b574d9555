package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

func linkTypeError(c *record.Capture) error {
	var names []string
	for _, s := range c.Sources {
		for _, l := range s.LinkTypes {
			if !slices.Contains(names, l) {
				names = append(names, l)
			}
		}
	}
	word := "link type"
	if len(names) > 1 {
		word = "link types"
	}
	return (&failure{code: exitInput, err: fmt.Errorf("%q: cannot read %s %s: all packets were skipped",
		c.Sources[0].Name, word, strings.Join(names, ", "))}).
		hint("supported are Ethernet, Linux cooked (SLL), raw IP, BSD loopback, PPP, 802.11 and others")
}
