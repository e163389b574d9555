package sockets

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// maxFiles bounds the open files that one look through /proc goes over.
const maxFiles = 1 << 20

// holders returns the processes that have sockets open, by inode, as far as they may be seen.
func holders(wanted map[uint32]bool) map[uint32][]uint32 {
	found := map[uint32][]uint32{}
	dir, err := os.Open("/proc")
	if err != nil {
		return found
	}
	defer dir.Close()
	files := 0
	for files < maxFiles {
		names, err := dir.Readdirnames(256)
		for _, name := range names {
			if pid, err := strconv.ParseUint(name, 10, 32); err == nil {
				files += holds(uint32(pid), name, wanted, found)
			}
		}
		if err != nil {
			break
		}
	}
	return found
}

// holds adds a process to those that have sockets open, and returns how many files it has.
func holds(pid uint32, name string, wanted map[uint32]bool, found map[uint32][]uint32) (files int) {
	path := "/proc/" + name + "/fd"
	dir, err := os.Open(path)
	if err != nil {
		return 1 // another user's, or gone
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			files++
			inode, is := inodeOf(path + "/" + name)
			if is && wanted[inode] && !slices.Contains(found[inode], pid) {
				found[inode] = append(found[inode], pid)
			}
		}
		if err != nil || files > maxFiles {
			return files
		}
	}
}

func inodeOf(path string) (inode uint32, socket bool) {
	to, err := os.Readlink(path)
	if err != nil {
		return 0, false
	}
	number, found := strings.CutPrefix(to, "socket:[")
	n, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
	return uint32(n), found && err == nil
}

// describe says what is known of a process. Its arguments are left out: they may hold what is
// secret.
func describe(pid uint32) process.Process {
	p := process.Process{PID: pid}
	base := "/proc/" + strconv.FormatUint(uint64(pid), 10)
	if name, err := os.ReadFile(base + "/comm"); err == nil {
		p.Name = process.Cut(string(name), process.MaxName)
	}
	if path, err := os.Readlink(base + "/exe"); err == nil {
		p.Path = process.Cut(path, process.MaxText)
	}
	if status, err := os.ReadFile(base + "/status"); err == nil {
		for line := range bytes.Lines(status) {
			if value, found := bytes.CutPrefix(line, []byte("PPid:")); found {
				n, _ := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 32)
				p.Parent = uint32(n)
			}
		}
	}
	p.NameByPath()
	return p
}

// userNames reads the names of users that the system itself has. Others, of a network's
// directory, are not asked for: that may take long.
func userNames() map[uint32]string {
	names := map[uint32]string{}
	text, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return names
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(line, ":")
		if len(fields) < 3 {
			continue
		}
		if n, err := strconv.ParseUint(fields[2], 10, 32); err == nil && names[uint32(n)] == "" {
			names[uint32(n)] = process.Cut(fields[0], process.MaxName)
		}
	}
	return names
}
