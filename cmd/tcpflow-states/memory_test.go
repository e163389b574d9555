package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"testing/fstest"
	"time"
)

func TestMemorySize(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want memorySize
		text string
	}{
		{"256MB", 256e6, "256MB"}, {"256mb", 256e6, "256MB"}, {"1GiB", 1 << 30, "1GiB"}, {"1g", 1 << 30, "1GiB"}, {"1.5 GiB", 3 << 29, "1536MiB"},
		{"1048576", 1 << 20, "1MiB"}, {"512M", 512 << 20, "512MiB"}, {"10B", 10, "10B"}, {"2GB", 2e9, "2GB"},
	} {
		var m memorySize
		if err := m.Set(tt.in); err != nil || m != tt.want || m.String() != tt.text {
			t.Errorf("%q: %d %q (%v), want %d %q", tt.in, m, m.String(), err, tt.want, tt.text)
		}
	}
	for _, bad := range []string{"", "MB", "-1MB", "1e30GB", "NaN", "1 parsec", "Inf"} {
		var m memorySize
		if m.Set(bad) == nil {
			t.Errorf("%q is taken for %d", bad, m)
		}
	}
}

func TestCgroupMemory(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	for _, tt := range []struct {
		name string
		root fstest.MapFS
		want int64
	}{
		{"none", fstest.MapFS{}, 0},
		{"version 2, the group above is tighter", fstest.MapFS{
			"proc/self/cgroup":                   file("0::/a/b\n"),
			"sys/fs/cgroup/a/b/memory.max":       file("2000\n"),
			"sys/fs/cgroup/a/memory.max":         file("1000\n"),
			"sys/fs/cgroup/other/memory.max":     file("1\n"),
			"sys/fs/cgroup/a/b/memory.swap.max":  file("5\n"),
			"sys/fs/cgroup/a/b/c/memory.max":     file("7\n"),
			"sys/fs/cgroup/memory/memory.max.xx": file("7\n"),
		}, 1000},
		{"version 2 without a limit", fstest.MapFS{"proc/self/cgroup": file("0::/\n"), "sys/fs/cgroup/memory.max": file("max\n")}, 0},
		{"a path of the host's", fstest.MapFS{"proc/self/cgroup": file("0::/host/path\n"), "sys/fs/cgroup/memory.max": file("4096\n")}, 4096},
		{"version 1", fstest.MapFS{
			"proc/self/cgroup": file("5:cpu,memory:/x\n4:pids:/x\n"),
			"sys/fs/cgroup/memory/x/memory.limit_in_bytes": file("3000\n"),
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   file("9223372036854771712\n"),
		}, 3000},
		{"nonsense", fstest.MapFS{"proc/self/cgroup": file("nonsense\n::\n0::/\n"), "sys/fs/cgroup/memory.max": file("x")}, 0},
	} {
		if got := cgroupMemory(tt.root); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestBoundGarbage has the garbage collector come the sooner the more memory is in use, and later
// again when that is given back.
func TestBoundGarbage(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC says otherwise")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	boundGarbage()
	until := func(low, high uint64) {
		t.Helper()
		now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		for range 200 {
			runtime.GC()
			time.Sleep(5 * time.Millisecond) // what adjusts it runs by itself
			if metrics.Read(now); now[0].Value.Uint64() >= low && now[0].Value.Uint64() <= high {
				return
			}
		}
		t.Errorf("garbage is collected at %d %% of what is in use, not at %d to %d %%", now[0].Value.Uint64(), low, high)
	}
	held := make([]byte, 5*mostGarbage)
	until(15, 20)
	runtime.KeepAlive(&held)
	held = nil
	until(90, 100)
}
