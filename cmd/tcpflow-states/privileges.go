package main

import "errors"

// errNoInvoker says that root was lent, but not by whom.
var errNoInvoker = errors.New("whose file of defaults this is to be cannot be told")

// dropPrivileges gives up what was borrowed to open the packets' source.
func (o *options) dropPrivileges() error {
	if o.keepRoot {
		return nil
	}
	return dropPrivileges()
}

// confine gives up what the analysis of these inputs does not need, once they and
// the outputs are open. A kernel that refuses is no reason not to analyse.
func (a *app) confine(inputs []string, writable ...string) {
	if a.unconfined {
		return
	}
	if err := sandbox(inputs, writable...); err != nil {
		a.noticef("not confined: %v", err)
	}
}
