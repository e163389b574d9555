package conversation

import (
	"fmt"
	"strings"
)

// wordList hands out a line's words one by one, "" behind the last.
type wordList struct{ words []string }

func (w *wordList) peek() string {
	if len(w.words) == 0 {
		return ""
	}
	return w.words[0]
}

func (w *wordList) next() string {
	word := w.peek()
	if len(w.words) > 0 {
		w.words = w.words[1:]
	}
	return word
}

// splitWords splits a line at spaces. "<…>" at the beginning of a word, and
// "(…)" and quotes anywhere in it, keep their spaces. A word that begins with
// "#" ends the line. A lone "<" is the direction.
func splitWords(line string) ([]string, error) {
	var words []string
	for i := 0; i < len(line); {
		switch {
		case line[i] == ' ' || line[i] == '\t':
			i++
			continue
		case line[i] == '#':
			return words, nil
		}
		start, closer := i, byte(0)
		if line[i] == '<' && i+1 < len(line) && line[i+1] != ' ' {
			closer = '>'
		}
		quoted := false
		for ; i < len(line); i++ {
			c := line[i]
			if quoted {
				if c == '\\' {
					i++
				} else if c == '"' {
					quoted = false
				}
				continue
			}
			if closer != 0 {
				if c == closer {
					closer = 0
				} else if c == '"' {
					quoted = true
				}
				continue
			}
			if c == ' ' || c == '\t' {
				break
			}
			if c == '(' {
				closer = ')'
			} else if c == '"' {
				quoted = true
			}
		}
		if closer != 0 || quoted {
			return nil, fmt.Errorf("%q is not closed", strings.TrimSpace(line[start:]))
		}
		words = append(words, line[start:i])
	}
	return words, nil
}
