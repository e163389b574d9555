//go:build !linux

// Package hugepages asks the kernel for large pages of memory.
package hugepages

// ForHeap does nothing: only on Linux is there something to ask for.
func ForHeap() {}
