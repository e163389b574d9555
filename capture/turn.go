package capture

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
)

// InTurn puts parts of one capture into the order in which they were written: files in one
// folder whose names are the same but for digits, by their first packets. Whatever order
// Captures was in, the packets then have the same numbers. The places of others stay.
func (f *Folder) InTurn() {
	names := f.Captures
	parts := map[string][]int{} // places of the names that belong together
	for i, name := range names {
		key := filepath.Join(filepath.Dir(name), stem(filepath.Base(name)))
		parts[key] = append(parts[key], i)
	}
	all := slices.Clone(names)
	for _, places := range parts {
		if len(places) == 1 {
			continue
		}
		var list []part
		for _, i := range places {
			list = append(list, part{names[i], beginOf(names[i])})
		}
		slices.SortStableFunc(list, func(a, b part) int {
			return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.name, b.name))
		})
		for k, i := range places {
			all[i] = list[k].name
		}
	}
	f.Captures = all
}

// part is a file, with the time of its first packet.
type part struct {
	name  string
	begin int64
}

// beginOf returns the time of a file's first packet, noTime if it has none.
func beginOf(name string) int64 {
	if st, err := os.Lstat(name); err != nil || !st.Mode().IsRegular() {
		return noTime
	}
	s, err := openFile(name, smallWindow, 0)
	if err != nil {
		return noTime
	}
	defer s.Close()
	var p Packet
	if s.Next(&p) != nil {
		return noTime
	}
	return p.Time
}
