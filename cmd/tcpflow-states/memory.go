package main

import (
	"errors"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
)

// defaultMemory is what the analysis may allocate unless told otherwise.
const defaultMemory memorySize = 1 << 30

// leastMemory is what the program needs for itself, and a few connections.
const leastMemory memorySize = 64 << 20

// memorySize is a flag: a number of bytes, with a unit.
type memorySize int64

// prefixes of units: each is 1000 or, with an i or without the B, 1024 times the one
// before.
const prefixes = "KMGT"

// Set takes a size such as 256MB, 1.5GiB or 512M.
func (m *memorySize) Set(s string) error {
	number, bytes := strings.CutSuffix(strings.ToUpper(s), "B")
	number, binary := strings.CutSuffix(number, "I")
	unit, base := 1.0, 1000.0
	if binary || !bytes {
		base = 1024
	}
	if last := len(number) - 1; last > 0 && strings.IndexByte(prefixes, number[last]) >= 0 {
		unit = math.Pow(base, float64(1+strings.IndexByte(prefixes, number[last])))
		number = number[:last]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n >= 0 && n*unit < math.MaxInt64) {
		return errors.New("not a size such as 256M or 1G")
	}
	*m = memorySize(n * unit)
	return nil
}

// Type names what the flag takes.
func (m *memorySize) Type() string { return "size" }

// String writes the size in the largest unit in which it is a whole number.
func (m *memorySize) String() string {
	for i := len(prefixes) - 1; i >= 0; i-- {
		binary, decimal := int64(1)<<(10*(i+1)), int64(math.Pow10(3*(i+1)))
		switch n := int64(*m); {
		case n > 0 && n%binary == 0:
			return strconv.FormatInt(n/binary, 10) + prefixes[i:i+1] + "iB"
		case n > 0 && n%decimal == 0:
			return strconv.FormatInt(n/decimal, 10) + prefixes[i:i+1] + "B"
		}
	}
	return strconv.FormatInt(int64(*m), 10) + "B"
}

// withinMachine lowers the size to what the machine allows the process, and returns
// what does so, or "". Three quarters of that are for the analysis: the rest is the
// program's own and what the system counts with it.
func (m *memorySize) withinMachine() (by string) {
	for _, allowed := range []struct {
		by    string
		bytes int64
	}{{"cgroup", cgroupMemory(os.DirFS("/"))}, {"RLIMIT_AS", addressSpace()}} {
		if most := memorySize(max(allowed.bytes/4*3, int64(leastMemory))); allowed.bytes > 0 && most < *m {
			*m, by = most, allowed.by
		}
	}
	return by
}

// programMemory is what the program's own code takes, which the garbage collector does not
// count.
const programMemory memorySize = 20 << 20

// heedMemory has the garbage collector keep to the size, unless GOMEMLIMIT says
// otherwise.
func heedMemory(m memorySize) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(m - min(programMemory, m/8)))
	}
}

// mostGarbage is about how much memory may wait for the garbage collector. Go lets it grow to
// as much as is in use, which of a flood's half a gigabyte would be as much again.
const mostGarbage = 64 << 20

// boundGarbage sees to that, unless GOGC says otherwise.
func boundGarbage() {
	if os.Getenv("GOGC") == "" {
		(&collector{percent: 100}).adjust(struct{}{})
	}
}

// collector sets the garbage collector's percentage after each of its rounds.
type collector struct {
	percent int
}

func (g *collector) adjust(struct{}) {
	used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(used)
	percent := 100
	if n := used[0].Value.Uint64(); n > mostGarbage {
		percent = max(5, int(mostGarbage*100/n))
	}
	if percent < g.percent || percent > g.percent*5/4 { // a change stops everything for a moment
		debug.SetGCPercent(percent)
		g.percent = percent
	}
	type token struct{ _ *token } // which the next round finds unused
	runtime.AddCleanup(new(token), g.adjust, struct{}{})
}
