package report

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "a.pcap", "a.pcap"},
		{"blank", "my capture.pcap", "my capture.pcap"},
		{"backslash stays", `C:\x.pcap`, `C:\x.pcap`},
		{"colour", "\x1b[31mred", `\x1b[31mred`},
		{"title of the window", "\x1b]0;x\x07", `\x1b]0;x\x07`},
		{"line breaks", "a\r\n\tb", `a\r\n\tb`},
		{"nul and delete", "\x00\x7f", `\x00\x7f`},
		{"C1 control", "\u009b31m", `\u009b31m`},
		{"bidi override", "x\u202egpj.exe", `x\u202egpj.exe`},
		{"bidi isolate", "\u2066x\u2069", `\u2066x\u2069`},
		{"zero width", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"soft hyphen", "a\u00adb", `a\u00adb`},
		{"no-break space", "a\u00a0b", `a\u00a0b`},
		{"line separator", "a\u2028b", `a\u2028b`},
		{"variation selector", "a\ufe0fb", `a\ufe0fb`},
		{"Hangul filler", "a\u3164b", `a\u3164b`},
		{"tag character", "a\U000e0041", `a\U000e0041`},
		{"private use", "\ue000", `\ue000`},
		{"bad UTF-8", "a\xff\xc3(", `a\xff\xc3(`},
		{"the replacement character itself", "\ufffd", "\ufffd"},
		{"letters", "Überträger 日本語", "Überträger 日本語"},
	} {
		if got := escape(test.in); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestToASCII(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"RFC 9293 §3.4", "RFC 9293 sec. 3.4"},
		{"a → b … 5 µs", "a -> b ... 5 us"},
		{"日", `\u65e5`},
		{"😀", `\U0001f600`},
	} {
		if got := toASCII(test.in); got != test.want {
			t.Errorf("%s: %s, want %s", test.in, got, test.want)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", hostile, "日本語", "e\u0301", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := escape(s)
		if !utf8.ValidString(e) {
			t.Fatalf("%q: not UTF-8", e)
		}
		for _, r := range e {
			if !unicode.IsPrint(r) {
				t.Fatalf("%U in %q", r, e)
			}
		}
		for _, r := range toASCII(e) {
			if r < ' ' || r > '~' {
				t.Fatalf("%U in ASCII", r)
			}
		}
	})
}

func TestCells(t *testing.T) {
	for _, test := range []struct {
		s    string
		want int
	}{{"", 0}, {"abc", 3}, {"日本", 4}, {"e\u0301", 1}, {"\x1b[1mab\x1b[0m", 2}, {"→│─…", 4}, {"ｱ", 1}, {"Ａ", 2}} {
		if got := cells(test.s); got != test.want {
			t.Errorf("%q: %d cells, want %d", test.s, got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		name string
		in   string
		n    int
		want []string
	}{
		{"empty", "", 10, []string{""}},
		{"fits", "one two", 7, []string{"one two"}},
		{"breaks between words", "one two three", 8, []string{"one two", "three"}},
		{"a number keeps its unit", "it took 12 ms, then", 10, []string{"it took", "12 ms,", "then"}},
		{"breaks a word behind a hyphen", "time-wait-assassination", 12, []string{"time-wait-", "assassinatio", "n"}},
		{"breaks a word anywhere", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"wide characters", "日本語日本語", 5, []string{"日本", "語日", "本語"}},
		{"starts a long word on the line", "x abcdefghijklmn", 10, []string{"x abcdefgh", "ijklmn"}},
	} {
		if got := wrap(test.in, test.n); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("\xaa\x9e 未\x9e", 3) // a wide character where one cell is left
	f.Add("\u0350 000", 5)     // a word that takes no cell
	f.Add(escape(hostile), 20)
	f.Add("日本語 日本語-日本語 5 ms", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		s = escape(s)
		n = n&127 + 2
		lines := wrap(s, n)
		for _, l := range lines {
			if cells(l) > n && utf8.RuneCountInString(l) > 1 {
				t.Fatalf("%q: %d cells, more than %d", l, cells(l), n)
			}
		}
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(s, " ", ""); got != want {
			t.Fatalf("wrap lost text: %q, want %q", got, want)
		}
	})
}
