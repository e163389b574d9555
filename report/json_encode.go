package report

import (
	"io"
	"math"
	"net/netip"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// encoder appends JSON to a buffer. Every value leaves a comma behind it that
// closing a bracket takes back, so that nobody asks whether to put one first.
// Keys come quoted, with their colon: `"id":`. The caller keeps brackets
// balanced and gives every key a value.
type encoder struct {
	buf   []byte
	files bool // several sources: frames get a file beside them

	untimed bool // what is written now has no times: they are null

	seconds     [keptSeconds]secondText
	transitions [keptTransitions]transitionText
	options     [2]offeredBefore
}

// encoded returns what write appends.
func encoded(write func(e *encoder)) []byte {
	var e encoder
	write(&e)
	return e.buf
}

// sideKeys are the keys of what both sides have.
var sideKeys = [2]string{`"client":`, `"server":`}

func (e *encoder) open(bracket byte) { e.buf = append(e.buf, bracket) }

func (e *encoder) close(bracket byte) {
	if last := len(e.buf) - 1; e.buf[last] == ',' {
		e.buf = e.buf[:last]
	}
	e.buf = append(e.buf, bracket, ',')
}

// finish ends a whole object: no comma, a newline.
func (e *encoder) finish() {
	e.close('}')
	e.buf[len(e.buf)-1] = '\n'
}

// flushAt is how much JSON is gathered before it is written.
const flushAt = 1 << 16

// passOn writes what was gathered, once that is enough, but for the last octet:
// closing a bracket may have to take it back.
func (e *encoder) passOn(w io.Writer) error {
	if len(e.buf) < flushAt {
		return nil
	}
	last := len(e.buf) - 1
	if _, err := w.Write(e.buf[:last]); err != nil {
		return err
	}
	e.buf = append(e.buf[:0], e.buf[last])
	return nil
}

func (e *encoder) key(k string) { e.buf = append(e.buf, k...) }

// nameKey starts a member whose key is no constant of ours.
func (e *encoder) nameKey(k string) {
	e.buf = appendString(e.buf, k)
	e.buf = append(e.buf, ':')
}

func (e *encoder) object(k string) { e.buf = append(append(e.buf, k...), '{') }
func (e *encoder) array(k string)  { e.buf = append(append(e.buf, k...), '[') }
func (e *encoder) endObject()      { e.close('}') }
func (e *encoder) endArray()       { e.close(']') }

func (e *encoder) uint(n uint64) {
	if n < 10 { // most counts
		e.buf = append(e.buf, byte('0'+n), ',')
		return
	}
	e.buf = append(appendUint(e.buf, n), ',')
}

func (e *encoder) str(s string) { e.buf = append(appendString(e.buf, s), ',') }

// literal appends text that needs no escaping: names of states, causes and so on.
func (e *encoder) literal(s string) {
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, s...)
	e.buf = append(e.buf, '"', ',')
}

func (e *encoder) keyUint(k string, n uint64) { e.key(k); e.uint(n) }
func (e *encoder) keyStr(k, s string)         { e.key(k); e.str(s) }
func (e *encoder) keyLiteral(k, s string)     { e.key(k); e.literal(s) }

func (e *encoder) keyNull(k string) {
	e.key(k)
	e.buf = append(e.buf, "null,"...)
}

func (e *encoder) keyInt(k string, n int) {
	e.key(k)
	e.buf = append(strconv.AppendInt(e.buf, int64(n), 10), ',')
}

func (e *encoder) keyBool(k string, v bool) {
	e.key(k)
	e.buf = append(strconv.AppendBool(e.buf, v), ',')
}

// keyText appends a string, null when it is empty: not known, or not so.
func (e *encoder) keyText(k, s string) {
	if s == "" {
		e.keyNull(k)
		return
	}
	e.keyStr(k, s)
}

func (e *encoder) keyStrings(k string, list []string) {
	e.array(k)
	for _, s := range list {
		e.str(s)
	}
	e.endArray()
}

func (e *encoder) keyUints(k string, list []uint64) {
	e.array(k)
	for _, n := range list {
		e.uint(n)
	}
	e.endArray()
}

// keyTime appends a time, null where the packets carry none.
func (e *encoder) keyTime(k string, t fsm.Time) {
	if e.untimed {
		e.keyNull(k)
		return
	}
	e.key(k)
	sec, nano := seconds64(t)
	s := &e.seconds[uint64(sec)%keptSeconds]
	if sec != s.of || s.text == nil {
		s.of, s.text = sec, appendSecond(append(s.text[:0], '"'), sec)
	}
	e.buf = append(appendNine(append(e.buf, s.text...), uint32(nano)), `Z",`...)
}

// keptSeconds is of how many seconds the text is kept: those of most times are among the latest,
// and 2 MSL after these.
const keptSeconds = 7

// secondText is a time without its fraction.
type secondText struct {
	of   int64 // Unix time
	text []byte
}

// keySpan appends the seconds between two times, exactly.
func (e *encoder) keySpan(k string, from, to fsm.Time) {
	if e.untimed {
		e.keyNull(k)
		return
	}
	e.key(k)
	if to < from {
		e.buf = append(e.buf, '-')
		from, to = to, from
	}
	e.buf = append(appendNanos(e.buf, uint64(to)-uint64(from)), ',')
}

// keySeconds appends a duration, null when it is negative or no number: the
// record's way of saying unknown.
func (e *encoder) keySeconds(k string, s float64) {
	if !(s >= 0) || math.IsInf(s, 0) || e.untimed {
		e.keyNull(k)
		return
	}
	e.key(k)
	e.buf = append(appendSeconds(e.buf, s), ',')
}

// keyFrame appends a frame's number, null for none, and its file beside it when
// there are several. The two keys are spelled out by the caller so that none
// has to be put together here.
func (e *encoder) keyFrame(k, fileKey string, f fsm.Frame) {
	if f == 0 {
		e.keyNull(k)
		if e.files {
			e.keyNull(fileKey)
		}
		return
	}
	e.keyUint(k, f.Number())
	if e.files {
		e.keyUint(fileKey, fileNumber(f))
	}
}

// fileNumber returns the 1-based place of the frame's file among the sources.
func fileNumber(f fsm.Frame) uint64 { return uint64(f.File()) + 1 }

func (e *encoder) keyIP(k string, ip netip.Addr) {
	if !ip.IsValid() {
		e.keyNull(k)
		return
	}
	e.key(k)
	e.buf = append(e.buf, '"')
	if ip.Zone() != "" { // no packet carries one, but it could hold anything
		ip = ip.WithZone("")
	}
	e.buf = ip.AppendTo(e.buf)
	e.buf = append(e.buf, '"', ',')
}

const hexDigits = "0123456789abcdef"

// appendString appends s quoted. Whatever a terminal could act on or hide
// (controls, bidi overrides, line separators) is escaped as well as what JSON
// asks for; octets that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	clean := 0 // s[clean:i] is still to be copied
	for i := plainUpTo(s); i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = append(b, s[clean:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			clean = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(b, s[clean:i]...)
			b = append(b, `\ufffd`...)
			clean = i + size
		case !unicode.IsPrint(r):
			b = append(b, s[clean:i]...)
			b = appendEscapedRune(b, r)
			clean = i + size
		}
		i += size
	}
	b = append(b, s[clean:]...)
	return append(b, '"')
}

// plainUpTo returns how many of s's octets need no look: it is all of most strings.
func plainUpTo(s string) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		// The high bit of each octet: it is none of ASCII, below ' ', '"', '\' or DEL. A borrow
		// may set one more, which costs a look and no more.
		quote, slash, del := x^'"'*ones, x^'\\'*ones, x^0x7f*ones
		if (x|(x-' '*ones)|(quote-ones)|(slash-ones)|(del-ones))&high != 0 {
			break
		}
	}
	return i
}

// appendEscapedRune appends \uXXXX, twice (a surrogate pair) above U+FFFF.
func appendEscapedRune(b []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		b = appendEscapedRune(b, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return append(b, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendSeconds appends s ≥ 0 rounded to nanoseconds, without an exponent.
func appendSeconds(b []byte, s float64) []byte {
	if s >= 1<<53/nanosPerSecond { // a hundred days: a float holds no nanoseconds any more
		return strconv.AppendFloat(b, s, 'f', -1, 64)
	}
	return appendNanos(b, uint64(s*nanosPerSecond+0.5))
}

// rate writes how much one clock gains on the other, in parts per million.
func (e *encoder) rate(k string, r float64) {
	e.key(k)
	e.buf = append(strconv.AppendFloat(e.buf, r*1e6, 'f', 3, 64), ',')
}

// keyFloat appends a number rounded to tenths, null when it is negative or no number.
func (e *encoder) keyFloat(k string, v float64) { e.rounded(k, v, 10) }

// keyShare appends a share, of which a millionth is told.
func (e *encoder) keyShare(k string, v float64) { e.rounded(k, v, 1e6) }

func (e *encoder) rounded(k string, v, parts float64) {
	if !(v >= 0) || math.IsInf(v, 0) {
		e.keyNull(k)
		return
	}
	e.key(k)
	if v >= 1<<53/parts {
		e.buf = append(strconv.AppendFloat(e.buf, v, 'f', -1, 64), ',')
		return
	}
	n := uint64(v*parts + 0.5)
	unit := uint64(parts)
	e.buf = appendUint(e.buf, n/unit)
	if rest := n % unit; rest > 0 {
		e.buf = append(e.buf, '.')
		for unit /= 10; rest > 0; unit /= 10 {
			e.buf = append(e.buf, byte('0'+rest/unit))
			rest %= unit
		}
	}
	e.buf = append(e.buf, ',')
}

// appendNumber appends a number that was read from JSON, as it stood there.
func appendNumber(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'f', -1, 64) }

// keyNumber appends a number to six digits, null where it is none.
func (e *encoder) keyNumber(k string, x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		e.keyNull(k)
		return
	}
	e.key(k)
	e.buf = append(strconv.AppendFloat(e.buf, x, 'g', 6, 64), ',')
}
