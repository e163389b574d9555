package capture

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// family is the files in a folder that one writer makes one after another: all captures
// in it, or those whose names are the same but for digits.
type family struct {
	dir     string
	stem    string // of their names, "" for all
	notice  func(text string)
	began   time.Time // when following began
	members map[string]*member
	begun   map[beginning]bool // how the files began that were read
	listed  time.Time          // when the folder's names were read
	changed time.Time          // the folder's own time then
}

// member is a file of a family, as it was when looked at last.
type member struct {
	size    int64
	changed time.Time
	first   beginning
	has     bool // it has a first packet
	settled bool // what it begins with does not change but where it is written anew
	told    bool // that it is left out
}

// beginning tells captures apart by their first packets, under whatever name they are.
type beginning struct {
	time int64
	sum  uint32
}

const (
	// mostBegun bounds how many beginnings are remembered.
	mostBegun = 1 << 16

	// disorder is how much earlier than the last packet of one file the first of the next
	// may be: packets of several processors are not written in order.
	disorder = int64(time.Second)

	// mostRestat is about how many files whose beginning is known are looked at each time,
	// whether they were written anew.
	mostRestat = 1000
)

func newFamily(dir, stem string, notice func(string)) *family {
	return &family{dir: dir, stem: stem, notice: notice, began: time.Now(), members: map[string]*member{}, begun: map[beginning]bool{}}
}

func familyOf(name string, notice func(string)) *family {
	return newFamily(filepath.Dir(name), stem(filepath.Base(name)), notice)
}

// countedPart is what writers put into names: tcpdump a count behind the name, or what
// strftime makes of the name's conversions, dumpcap a count and the time before the suffix.
var countedPart = regexp.MustCompile(`[-_.:T ]?([0-9]+|%[A-Za-z])`)

// stem is a name without its digits, and without conversions of strftime.
func stem(base string) string { return countedPart.ReplaceAllString(base, "") }

// any reports whether there is a file of the family.
func (f *family) any() bool {
	f.list()
	return len(f.members) > 0
}

// list takes in the folder's names, if it has changed.
func (f *family) list() {
	st, err := os.Stat(f.dir)
	if err != nil {
		return // it may come back
	}
	// What changes within the clock's step does not change the time.
	if st.ModTime().Equal(f.changed) && f.listed.Sub(f.changed) > 2*time.Second {
		return
	}
	dir, err := os.Open(f.dir)
	if err != nil {
		return
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return
	}
	f.changed, f.listed = st.ModTime(), time.Now()
	there := make(map[string]*member, len(names))
	for _, base := range names {
		if f.stem != "" && stem(base) != f.stem {
			continue
		}
		m := f.members[base]
		if m == nil {
			m = &member{size: -1}
		}
		there[base] = m
	}
	f.members = there
}

// after returns the file to go on with once the packets up to the time last are read, of
// which the latest came from the file current: the one that begins first after them.
func (f *family) after(current os.FileInfo, last int64) string {
	f.list()
	var found *member
	var name string
	for base, m := range f.members {
		// Of very many files some are looked at each time, by chance.
		if !m.settled || rand.IntN(len(f.members)) < mostRestat {
			st, err := os.Lstat(filepath.Join(f.dir, base))
			if err != nil || !st.Mode().IsRegular() || current != nil && os.SameFile(st, current) {
				continue
			}
			f.look(base, m, st)
		}
		switch {
		case !m.has || f.begun[m.first]:
		case last != noTime && m.first.time < last-disorder:
			f.leaveOut(base, m)
		case found == nil || m.first.time < found.first.time || m.first.time == found.first.time && base < name:
			found, name = m, base
		}
	}
	if found == nil {
		return ""
	}
	return filepath.Join(f.dir, name)
}

// look looks at a file anew, if it was written since.
func (f *family) look(base string, m *member, st os.FileInfo) {
	if m.size == st.Size() && m.changed.Equal(st.ModTime()) {
		return
	}
	m.size, m.changed = st.Size(), st.ModTime()
	was := *m
	m.has = false
	s, err := openFile(filepath.Join(f.dir, base), smallWindow, 0)
	if err != nil { // its header is not whole yet, or it is another kind of file
		var other *InputError
		m.settled = errors.As(err, &other) && other.Kind != ErrEmpty
		return
	}
	defer s.Close()
	var p Packet
	if m.settled = s.Next(&p) == nil; m.settled {
		m.has, m.first = true, beginningOf(&p)
		m.told = was.told && was.first == m.first
	}
}

func beginningOf(p *Packet) beginning { return beginning{p.Time, crc32.ChecksumIEEE(p.Data)} }

// took notes that a file with this first packet is being read.
func (f *family) took(p *Packet) {
	if len(f.begun) >= mostBegun {
		clear(f.begun)
	}
	f.begun[beginningOf(p)] = true
}

// leaveOut tells once of a file that is not read: its packets would come out of their turn.
func (f *family) leaveOut(base string, m *member) {
	const clockStep = 50 * time.Millisecond                                  // a file's time may be that much behind
	if m.told || f.stem != "" && m.changed.Before(f.began.Add(-clockStep)) { // those before the one named
		return
	}
	m.told = true
	f.notice(fmt.Sprintf("%q is left out: it begins before what has been read", filepath.Join(f.dir, base)))
}
