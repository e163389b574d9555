package capture

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is what a folder holds, with all folders below it.
type Folder struct {
	Captures []string // in the order of their names
	Others   int      // files that hold no capture that is read
	Errs     []error  // files and folders that could not be looked at
}

// LookInto finds the captures in a folder and all below it, by what files hold and not
// by their names. It opens each and reads its beginning. Links are not followed,
// but for the folder itself, and what is no regular file is passed over.
func LookInto(dir string) Folder {
	var found Folder
	note := func(err error) { found.Errs = append(found.Errs, err) }
	if st, err := os.Lstat(dir); err == nil && st.Mode()&fs.ModeSymlink != 0 {
		dir += string(filepath.Separator) + "."
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			note(err)
			return nil
		}
		if !d.Type().IsRegular() {
			return nil
		}
		if path == "-" {
			path = "./-" // a file of that name is not standard input
		}
		s, err := openFile(path, smallWindow, 0)
		var other *InputError
		switch {
		case errors.As(err, &other):
			found.Others++
		case err != nil:
			note(err)
		default:
			s.Close()
			found.Captures = append(found.Captures, path)
		}
		return nil
	})
	return found
}

// smallWindow is a read buffer for a look at the beginning of a file.
const smallWindow = 4 << 10
