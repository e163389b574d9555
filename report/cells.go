package report

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Text is laid out in terminal cells, not in bytes or characters. Ambiguous
// characters count as one cell, whatever the locale: the same report must come
// out the same everywhere. Terminals that draw them double need Options.ASCII.

// cells returns the number of cells that s takes. Colours take none.
func cells(s string) int {
	if isPlain(s) {
		return len(s)
	}
	return displaywidth.Options{ControlSequences: true}.String(s)
}

// padRight fills s with blanks to n cells.
func padRight(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-cells(s)))
}

// padLeft puts blanks before s up to n cells.
func padLeft(s string, n int) string {
	return strings.Repeat(" ", max(0, n-cells(s))) + s
}

// cut shortens s to n cells, ending in the ellipsis where something was lost.
func cut(s string, n int, ellipsis string) string {
	if cells(s) <= n {
		return s
	}
	return displaywidth.TruncateString(s, n, ellipsis)
}

// wrap breaks plain text into lines of at most n cells: between words, else
// behind one of "-/,:]", else anywhere. It returns at least one line.
func wrap(s string, n int) []string {
	n = max(n, 2) // a wide character must fit
	var lines []string
	line, width := "", 0
	flush := func() {
		lines = append(lines, strings.TrimRight(line, " "))
		line, width = "", 0
	}
	for _, word := range splitWords(s) {
		w := cells(word)
		if line != "" && width+1+w <= n {
			line, width = line+" "+word, width+1+w
			continue
		}
		if room := n - width - 1; line != "" && w > n && room >= max(8, n/3) { // it must be broken anyway
			head := breakWord(word, room)
			line += " " + head
			word = word[len(head):]
			w = cells(word)
		}
		if line != "" {
			flush()
		}
		for w > n {
			head := breakWord(word, n)
			lines = append(lines, head)
			word = word[len(head):]
			w = cells(word)
		}
		line, width = word, w
	}
	if line != "" || len(lines) == 0 {
		flush()
	}
	return lines
}

// splitWords splits at blanks, but leaves a number and its unit together.
func splitWords(s string) []string {
	words := strings.Split(s, " ")
	kept := words[:0]
	for _, w := range words {
		if n := len(kept); n > 0 && units[strings.TrimRight(w, ".,;:)")] && endsInDigit(kept[n-1]) {
			kept[n-1] += " " + w
			continue
		}
		kept = append(kept, w)
	}
	return kept
}

var units = map[string]bool{
	"ns": true, "µs": true, "us": true, "ms": true, "s": true, "min": true, "h": true, "d": true,
	"B": true, "kB": true, "MB": true, "GB": true, "TB": true, "PB": true, "EB": true,
}

func endsInDigit(s string) bool {
	return s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9'
}

// breakWord returns the part of a too long word that goes on the line: up to
// the last good place in its second half, or what fits.
func breakWord(word string, n int) string {
	head := displaywidth.TruncateString(word, n, "")
	if i := strings.LastIndexAny(head, "-/,:]"); i >= len(head)/2 {
		return head[:i+1]
	}
	if head == "" { // one grapheme wider than the line: take some of it, or wrap never ends
		_, size := utf8.DecodeRuneInString(word)
		return word[:size]
	}
	return head
}
