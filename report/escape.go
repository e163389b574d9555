package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text that came from packets, files or the user safe for a terminal and for one
// line, and with ascii also free of other characters than ASCII's. A backslash stays as it
// is: it is for eyes, not for machines.
func Escape(s string, ascii bool) string {
	if s = escape(s); ascii {
		s = toASCII(s)
	}
	return s
}

// escape makes text that came from packets, files or the user safe for a
// terminal and for one line: whatever is not a printable character or a blank
// (controls, bidi overrides, zero-width characters, octets that are no UTF-8)
// is written as an escape such as \x1b or \u202e. A backslash stays as it is,
// so this is for eyes, not for machines.
func escape(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			writeHex(&b, `\x`, uint32(s[i]), 2)
		case unicode.IsPrint(r) && !isInvisible(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x80:
			writeHex(&b, `\x`, uint32(r), 2)
		default:
			writeRune(&b, r)
		}
		i += size
	}
	return b.String()
}

// toASCII rewrites escaped text without characters outside ASCII: typographic
// ones by what they stand for, others as escapes.
func toASCII(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else if sub, ok := asciiForms[r]; ok {
			b.WriteString(sub)
		} else {
			writeRune(&b, r)
		}
	}
	return b.String()
}

var asciiForms = map[rune]string{
	'→': "->", '←': "<-", '↔': "<->", '…': "...", '–': "-", '—': "-", '·': "-", '§': "sec. ",
	'≥': ">=", '≤': "<=", '≠': "!=", '×': "x", 'µ': "u", '’': "'", '‘': "'", '“': `"`, '”': `"`,
	'²': "^2", '³': "^3", '−': "-", '±': "+-", '½': "1/2",
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// isInvisible reports printable characters, by Unicode's classes, that a
// terminal shows as nothing or that change the character before them.
func isInvisible(r rune) bool {
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, 0x034f, 0x2800: // Hangul fillers, joiner, empty Braille
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Me, r)
}

func writeRune(b *strings.Builder, r rune) {
	if r > 0xffff {
		writeHex(b, `\U`, uint32(r), 8)
		return
	}
	writeHex(b, `\u`, uint32(r), 4)
}

func writeHex(b *strings.Builder, prefix string, n uint32, digits int) {
	h := strconv.FormatUint(uint64(n), 16)
	b.WriteString(prefix)
	b.WriteString(strings.Repeat("0", max(0, digits-len(h))))
	b.WriteString(h)
}
