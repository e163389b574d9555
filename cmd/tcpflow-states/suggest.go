package main

import (
	"strings"
)

// nearest returns the name that a misspelt word most likely meant, or "".
func nearest(word string, names []string) string {
	best, name := len(word)/3+2, ""
	for _, n := range names {
		d := distance(word, n)
		if len(word) >= 3 && strings.HasPrefix(n, word) {
			d = 1
		}
		if d < best {
			best, name = d, n
		}
	}
	return name
}

// distance is how many letters must be put in, taken out or changed to make
// one word of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
