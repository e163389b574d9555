package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// permissionHint is the command that makes live capture possible.
func permissionHint() string {
	self, err := os.Executable()
	if err == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
	} else {
		self = "tcpflow-states"
	}
	args := strings.Join(os.Args[1:], " ")
	if runtime.GOOS == "linux" {
		return "sudo setcap cap_net_raw,cap_net_admin+ep " + self + " once, or: sudo " + self + " " + args
	}
	return "sudo " + self + " " + args
}
