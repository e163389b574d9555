//go:build unix

package main

import (
	"math"
	"syscall"
)

// addressSpace returns how much address space the process may use, 0 for no limit.
func addressSpace() int64 {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &r) != nil || uint64(r.Cur) > math.MaxInt64/2 {
		return 0
	}
	return int64(r.Cur)
}
