// Package markdown writes measured tables and puts them into the pages that
// show them.
package markdown

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// Table aligns a table; the first row is its head.
func Table(w io.Writer, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	for n, r := range rows {
		for i, c := range r {
			fmt.Fprintf(w, "| %s%s ", c, strings.Repeat(" ", width[i]-len([]rune(c))))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for i := range r {
				fmt.Fprintf(w, "| %s ", strings.Repeat("-", width[i]))
			}
			fmt.Fprintln(w, "|")
		}
	}
}

// Put replaces what stands in a file between <!-- NAME --> and <!-- end --> with
// what write writes. It is an error if there is no such place.
func Put(file, name string, write func(io.Writer)) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	place := regexp.MustCompile(`(?s)(<!-- ` + regexp.QuoteMeta(name) + ` -->\n).*?(<!-- end -->)`)
	at := place.FindSubmatchIndex(old)
	if at == nil {
		return fmt.Errorf("%s has no place for this: <!-- %s --> and <!-- end -->", file, name)
	}
	var b bytes.Buffer
	b.Write(old[:at[3]])
	write(&b)
	b.Write(old[at[4]:])
	return os.WriteFile(file, b.Bytes(), 0o644)
}
