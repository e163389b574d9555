//go:build !unix

package main

import "os"

func dropPrivileges() error { return nil }

// asInvoker calls f with the user's home directory, or "".
func asInvoker(f func(home string)) error {
	home, _ := os.UserHomeDir()
	f(home)
	return nil
}
