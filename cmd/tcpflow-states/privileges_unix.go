//go:build unix

package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// dropPrivileges goes back to the user who called sudo: once the interface is
// open nothing needs root, least of all what looks into packets.
func dropPrivileges() error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, err1 := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, err2 := strconv.Atoi(os.Getenv("SUDO_GID"))
	if err1 != nil || err2 != nil || uid <= 0 || gid <= 0 {
		return nil
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups([]int{gid}) },
		func() error { return syscall.Setgid(gid) },
		func() error { return syscall.Setuid(uid) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("cannot give up root's privileges: %w", err)
		}
	}
	return nil
}
