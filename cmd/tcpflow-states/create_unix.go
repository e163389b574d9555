//go:build unix && !linux

package main

import "syscall"

// noFollow has links refused.
const noFollow = syscall.O_NOFOLLOW
