package report

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

const nanosPerSecond = 1_000_000_000

// appendTime appends t as RFC 3339 in UTC, always with nine digits. All that an
// int64 of nanoseconds can hold (1677 to 2262) has a year of four digits.
func appendTime(b []byte, t fsm.Time) []byte {
	sec, nano := seconds64(t)
	return append(appendNine(appendSecond(b, sec), uint32(nano)), 'Z')
}

// seconds64 splits a time into whole seconds since 1970 and the nanoseconds after that.
func seconds64(t fsm.Time) (sec int64, nano uint64) {
	sec, rest := int64(t)/nanosPerSecond, int64(t)%nanosPerSecond
	if rest < 0 {
		sec, rest = sec-1, rest+nanosPerSecond
	}
	return sec, uint64(rest)
}

// appendSecond appends the date, the time of day and a decimal point.
func appendSecond(b []byte, sec int64) []byte {
	day, rest := sec/86400, sec%86400
	if rest < 0 {
		day, rest = day-1, rest+86400
	}
	year, month, mday := civil(day)
	b = appendPadded(b, uint64(year), 4)
	b = append(b, '-')
	b = appendPadded(b, uint64(month), 2)
	b = append(b, '-')
	b = appendPadded(b, uint64(mday), 2)
	b = append(b, 'T')
	b = appendPadded(b, uint64(rest/3600), 2)
	b = append(b, ':')
	b = appendPadded(b, uint64(rest/60%60), 2)
	b = append(b, ':')
	b = appendPadded(b, uint64(rest%60), 2)
	return append(b, '.')
}

// civil turns days since 1970-01-01 into a date of the Gregorian calendar. The
// year is counted from 1 March, so that the leap day comes last: then the month
// lengths repeat every five months and one division finds the month.
func civil(day int64) (year, month, mday int64) {
	const (
		daysIn400Years = 146097
		toMarchOfYear0 = 719468 // days from 0000-03-01 to 1970-01-01
	)
	day += toMarchOfYear0 // never negative: the earliest time is in 1677
	era, d := day/daysIn400Years, day%daysIn400Years
	y := (d - d/1460 + d/36524 - d/146096) / 365
	d -= 365*y + y/4 - y/100
	m := (5*d + 2) / 153
	mday = d - (153*m+2)/5 + 1
	year, month = era*400+y, m+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, mday
}

// appendPadded appends n in exactly so many digits, at most nine.
func appendPadded(b []byte, n uint64, digits int) []byte {
	b = append(b, "000000000"[:digits]...)
	i := len(b) - 1
	for small := uint32(n); small > 0; i-- {
		b[i] = byte('0' + small%10)
		small /= 10
	}
	return b
}

// appendNanos appends n nanoseconds as decimal seconds without trailing zeros.
func appendNanos(b []byte, n uint64) []byte {
	if n < nanosPerSecond { // most
		b = append(b, '0')
	} else {
		b = appendUint(b, n/nanosPerSecond)
		n %= nanosPerSecond
	}
	if n == 0 {
		return b
	}
	b = appendNine(append(b, '.'), uint32(n))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// pairs are the numbers from 00 to 99.
const pairs = "" +
	"00010203040506070809" + "10111213141516171819" + "20212223242526272829" + "30313233343536373839" + "40414243444546474849" +
	"50515253545556575859" + "60616263646566676869" + "70717273747576777879" + "80818283848586878889" + "90919293949596979899"

// appendNine appends a number below 10⁹ in exactly nine digits.
func appendNine(b []byte, n uint32) []byte {
	b = append(b, "000000000"...)
	d := b[len(b)-9:]
	d = d[:9]
	first, second := n/10_000, n%10_000
	top := first / 10_000
	first %= 10_000
	d[0] = byte('0' + top)
	put4(d[1:5], first)
	put4(d[5:9], second)
	return b
}

// put4 writes a number below 10⁴ in four digits.
func put4(d []byte, n uint32) {
	_ = d[3]
	high, low := n/100*2, n%100*2
	d[0], d[1], d[2], d[3] = pairs[high], pairs[high+1], pairs[low], pairs[low+1]
}

// appendUint appends n. Most numbers have few digits: strconv, which knows them all, takes
// twice as long for those.
func appendUint(b []byte, n uint64) []byte {
	if n >= 1_000_000_000 {
		return strconv.AppendUint(b, n, 10)
	}
	v := uint32(n)
	digits := 1
	for limit := uint32(10); digits < 9 && v >= limit; limit *= 10 {
		digits++
	}
	b = append(b, "000000000"[:digits]...)
	i := len(b)
	for ; v >= 100; v /= 100 {
		two := v % 100 * 2
		i -= 2
		b[i], b[i+1] = pairs[two], pairs[two+1]
	}
	if v < 10 {
		b[i-1] = byte('0' + v)
		return b
	}
	b[i-2], b[i-1] = pairs[v*2], pairs[v*2+1]
	return b
}
