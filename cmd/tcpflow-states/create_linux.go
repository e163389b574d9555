package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may go through.
const maxLinks = 40

// createFile makes a file, or empties the one that is there, like os.Create. But on
// the way to it no link counts that another user may have put there, in a directory
// that all may write to for one: only our own and root's.
func createFile(name string) (*os.File, error) {
	fail := func(err error) (*os.File, error) { return nil, &os.PathError{Op: "create", Path: name, Err: err} }
	dir, rest, err := pathStart(unix.AT_FDCWD, name)
	if err != nil {
		return fail(err)
	}
	defer func() { unix.Close(dir) }()
	for links := 0; ; {
		part := rest[0]
		if rest = rest[1:]; len(rest) == 0 {
			fd, err := createIn(dir, part, unix.O_NOFOLLOW)
			if err == nil {
				return os.NewFile(uintptr(fd), name), nil
			}
			if !errors.Is(err, unix.ELOOP) {
				return fail(err)
			}
		}
		next, target, err := step(dir, part)
		switch {
		case err != nil:
			return fail(err)
		case target == "" && len(rest) == 0: // what /proc has for an open file
			fd, err := createIn(dir, part, 0)
			unix.Close(next)
			if err != nil {
				return fail(err)
			}
			return os.NewFile(uintptr(fd), name), nil
		case target == "":
			unix.Close(dir)
			dir = next
			continue
		}
		unix.Close(next)
		if links++; links > maxLinks {
			return fail(unix.ELOOP)
		}
		from, more, err := pathStart(dir, target)
		if err != nil {
			return fail(err)
		}
		unix.Close(dir)
		dir, rest = from, append(more, rest...)
	}
}

// pathStart returns the directory that a path starts from, and its parts.
func pathStart(dir int, path string) (from int, parts []string, err error) {
	start := "."
	if strings.HasPrefix(path, "/") {
		start, dir = "/", unix.AT_FDCWD
	}
	for _, p := range strings.Split(path, "/") {
		if p != "" && p != "." {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 || strings.HasSuffix(path, "/") {
		return -1, nil, unix.EISDIR
	}
	from, err = unix.Openat(dir, start, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return from, parts, err
}

// step opens a part of a path. If it is a link, target is where that leads.
func step(dir int, part string) (fd int, target string, err error) {
	if fd, err = unix.Openat(dir, part, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err != nil {
		return -1, "", err
	}
	defer func() {
		if err != nil {
			unix.Close(fd)
		}
	}()
	var st unix.Stat_t
	if err = unix.Fstat(fd, &st); err != nil {
		return fd, "", err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return fd, "", nil
	case unix.S_IFLNK:
	default:
		return fd, "", unix.ENOTDIR
	}
	if int(st.Uid) != os.Geteuid() && st.Uid != 0 {
		return fd, "", fmt.Errorf("%q is a link that user %d has put there", part, st.Uid)
	}
	var fs unix.Statfs_t
	if err = unix.Fstatfs(fd, &fs); err != nil {
		return fd, "", err
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return fd, "", err
	}
	if target = string(buf[:n]); fs.Type == unix.PROC_SUPER_MAGIC && strings.Contains(target, ":[") {
		return fd, "", nil // it leads to an open file that has no path
	}
	return fd, target, nil
}

// createIn makes or empties a file in a directory. One that has other names as well,
// in a directory where all may make names, may be somebody else's doing.
func createIn(dir int, name string, flags int) (fd int, err error) {
	fd, err = unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC|flags, 0o666)
	if err != nil {
		return -1, err
	}
	var st, in unix.Stat_t
	err = errors.Join(unix.Fstat(fd, &st), unix.Fstat(dir, &in))
	regular := st.Mode&unix.S_IFMT == unix.S_IFREG
	switch {
	case err != nil:
	case regular && st.Nlink > 1 && in.Mode&unix.S_IWOTH != 0:
		err = errors.New("the file has other names, in a directory that all may write to")
	case regular:
		err = unix.Ftruncate(fd, 0)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
