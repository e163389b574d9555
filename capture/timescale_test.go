package capture

import (
	"math"
	"math/big"
	"testing"
)

func TestTimescale(t *testing.T) {
	tests := []struct {
		name    string
		tsresol byte
		offset  int64
		ticks   uint64
		want    int64
	}{
		{"seconds", 0, 0, 1_700_000_000, 1_700_000_000_000_000_000},
		{"milliseconds", 3, 0, 1_700_000_000_123, 1_700_000_000_123_000_000},
		{"microseconds", 6, 0, 1_700_000_000_123_456, 1_700_000_000_123_456_000},
		{"nanoseconds", 9, 0, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789},
		{"picoseconds", 12, 0, 1_500_000_000_999, 1_500_000_000},
		{"10^-28", 28, 0, 18_446_744_073_709_551_615, 1},
		{"10^-29, less than a nanosecond in all", 29, 0, math.MaxUint64, 0},
		{"10^-64, where pcapgo divides by zero", 64, 0, math.MaxUint64, 0},
		{"10^-127", 127, 0, math.MaxUint64, 0},
		{"2^0", 0x80, 0, 7, 7_000_000_000},
		{"2^-1", 0x81, 0, 3, 1_500_000_000},
		{"2^-20, where pcapgo is 0.035 % short", 0x94, 0, 3 << 19, 1_500_000_000},
		{"2^-30, where pcapgo is 7 % long", 0x9e, 0, 3 << 29, 1_500_000_000},
		{"2^-32", 0xa0, 0, 1_700_000_000<<32 | 1<<31, 1_700_000_000_500_000_000},
		{"2^-63", 0xbf, 0, 3 << 62, 1_500_000_000},
		{"2^-64, where pcapgo divides by zero", 0xc0, 0, 1 << 63, 500_000_000},
		{"2^-65", 0xc1, 0, 1 << 63, 250_000_000},
		{"2^-127", 0xff, 0, math.MaxUint64, 0},
		{"offset forward", 6, 1_700_000_000, 5, 1_700_000_000_000_005_000},
		{"offset back", 6, -10, 11_000_000, 1_000_000_000},
		{"before the epoch", 6, -10, 1_000_000, -9_000_000_000},
		{"too late", 0, 0, 1 << 40, math.MaxInt64},
		{"too late by its offset", 6, math.MaxInt64, 1, math.MaxInt64},
		{"too early", 6, math.MinInt64, 1, math.MinInt64},
		{"the last nanosecond", 9, 0, math.MaxInt64, math.MaxInt64},
		{"one more", 9, 0, math.MaxInt64 + 1, math.MaxInt64},
		{"brought back into range", 9, -1, math.MaxInt64 + 1, math.MaxInt64 - 999_999_999},
	}
	for _, test := range tests {
		scale := newTimescale(test.tsresol)
		scale.offset = test.offset
		if got := scale.nanos(test.ticks); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// Every resolution agrees with arithmetic on whole numbers of any size.
func TestTimescaleAgainstBig(t *testing.T) {
	ticks := []uint64{0, 1, 999, 1_700_000_000, 1_700_000_000_123_456_789, 1<<63 - 1, 1 << 63, math.MaxUint64}
	offsets := []int64{0, 1, -1, 1_700_000_000, -1_700_000_000, math.MinInt64, math.MaxInt64}
	billion := big.NewInt(1e9)
	for resolution := range 256 {
		base := int64(10)
		if resolution&0x80 != 0 {
			base = 2
		}
		unit := new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(resolution&0x7f)), nil)
		for _, tick := range ticks {
			for _, offset := range offsets {
				want := new(big.Int).SetUint64(tick)
				want.Mul(want, billion).Div(want, unit)
				want.Add(want, new(big.Int).Mul(big.NewInt(offset), billion))
				clamped := want.Int64()
				if !want.IsInt64() && want.Sign() < 0 {
					clamped = math.MinInt64
				} else if !want.IsInt64() {
					clamped = math.MaxInt64
				}
				scale := newTimescale(byte(resolution))
				scale.offset = offset
				if got := scale.nanos(tick); got != clamped {
					t.Fatalf("if_tsresol 0x%02x, offset %d, %d ticks: %d, want %d", resolution, offset, tick, got, clamped)
				}
			}
		}
	}
}

func TestTimescaleFinerThanMicro(t *testing.T) {
	for tsresol, want := range map[byte]bool{0: false, 6: false, 7: true, 9: true, 12: true, 64: true, 0x80: false, 0x93: false, 0x94: true, 0xff: true} {
		if got := newTimescale(tsresol).finerThanMicro(); got != want {
			t.Errorf("if_tsresol 0x%02x: %v, want %v", tsresol, got, want)
		}
	}
}
