package browse

// list is a cursor that moves over rows, of which a window is seen.
type list struct {
	at   int // the row under the cursor
	top  int // the first that is seen
	n    int // rows
	page int // rows that are seen
}

// key moves the cursor, as less and htop do, and reports whether the key is one for that.
func (l *list) key(key string) bool {
	switch key {
	case "j", "down", "ctrl+n", "ctrl+e":
		l.at++
	case "k", "up", "ctrl+p", "ctrl+y":
		l.at--
	case "pgdown", "ctrl+f", "f":
		l.at += max(1, l.page-1)
		l.top += max(1, l.page-1)
	case "pgup", "ctrl+b", "b":
		l.at -= max(1, l.page-1)
		l.top -= max(1, l.page-1)
	case "ctrl+d", "d":
		l.at += max(1, l.page/2)
	case "ctrl+u":
		l.at -= max(1, l.page/2)
	case "g", "home", "<":
		l.at = 0
	case "G", "end", ">":
		l.at = l.n - 1
	default:
		return false
	}
	l.clamp()
	return true
}

// clamp keeps cursor and window where there are rows.
func (l *list) clamp() {
	l.at = max(0, min(l.at, l.n-1))
	if l.page > 0 {
		l.top = max(l.at-l.page+1, min(l.top, l.at))
		l.top = max(0, min(l.top, l.n-l.page))
	}
}

// follow puts the cursor on a row, and as far as there is room leaves it at its place on
// the screen.
func (l *list) follow(at int) {
	l.top += at - l.at
	l.at = at
	l.clamp()
}

func (l *list) home() { l.at, l.top = 0, 0 }

// window is what is seen of it in so many lines, one at least.
func (l *list) window(page int) (from, to int) {
	l.page = max(1, page)
	l.clamp()
	return l.top, min(l.n, l.top+l.page)
}
