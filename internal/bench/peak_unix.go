//go:build unix

package bench

import (
	"os"
	"runtime"
	"syscall"
)

// peak returns the most memory that an ended process had. Linux counts what the
// process that started it held at that moment too, so that small programs seem
// to take as much as this one.
func peak(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) // octets there, KiB elsewhere
	}
	return int64(usage.Maxrss) << 10
}
