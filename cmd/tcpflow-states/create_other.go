//go:build !linux

package main

import "os"

// createFile makes a file, or empties the one that is there.
func createFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|noFollow, 0o666)
}
