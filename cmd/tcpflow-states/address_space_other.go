//go:build !unix

package main

// addressSpace returns 0: there is no such limit.
func addressSpace() int64 { return 0 }
