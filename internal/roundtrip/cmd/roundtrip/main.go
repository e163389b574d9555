// Command roundtrip runs the check of packets out over captures: files, and folders.
//
//	go run ./internal/roundtrip/cmd/roundtrip [-n 500] [-filters] testdata/pcaps
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/internal/roundtrip"
)

func main() {
	most := flag.Int("n", 0, "at most so many captures, evenly chosen")
	alone := flag.Int("alone", 3, "connections of each capture that are written alone")
	filters := flag.Bool("filters", false, "hold display filters against tshark, which takes long")
	every := flag.Bool("every", false, "have tshark and capinfos read every file written, not only the first of each capture")
	program := flag.String("program", "", "the program; built if not given")
	flag.Parse()
	bad, err := run(*most, *alone, *filters, *every, *program)
	if err != nil {
		fmt.Fprintln(os.Stderr, "roundtrip:", err)
		os.Exit(2)
	}
	if bad {
		os.Exit(1)
	}
}

func run(most, alone int, filters, every bool, program string) (bad bool, err error) {
	folder, err := os.MkdirTemp("", "roundtrip-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(folder)
	if program == "" {
		program = filepath.Join(folder, "tcpflow-states")
		if out, err := exec.Command("go", "build", "-o", program, "./cmd/tcpflow-states").CombinedOutput(); err != nil {
			return false, fmt.Errorf("%w\n%s", err, out)
		}
	}
	files, err := captures(flag.Args(), most)
	if err != nil {
		return false, err
	}
	c := &roundtrip.Checker{
		Run:    func(args ...string) ([]byte, error) { return exec.Command(program, args...).Output() },
		Alone:  alone,
		Folder: folder, Every: every,
	}
	for _, name := range []string{"tshark", "capinfos"} {
		if path, err := exec.LookPath(name); err == nil {
			c.Readers = append(c.Readers, roundtrip.Reader(path))
		} else {
			fmt.Printf("%s is not here: what it says of files is left out\n", name)
		}
	}
	if path, err := exec.LookPath("tshark"); err == nil && filters {
		c.Filters = roundtrip.Shows(path)
	}
	problems := 0
	for _, file := range files {
		for _, text := range c.Check(file) {
			problems++
			fmt.Println(text)
		}
	}
	fmt.Printf("%d captures, %d selections, %d packets written, %d connections, %d filters: %d problems\n",
		c.Captures, c.Selections, c.Packets, c.Connections, c.Filtered, problems)
	for why, n := range c.Excuses {
		fmt.Printf("%6d connections told otherwise: %s\n", n, why)
	}
	return problems > 0, nil
}

// captures lists files below the arguments that may be captures.
func captures(roots []string, most int) (files []string, err error) {
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(filepath.Base(path), "cap") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(files)
	if most > 0 && len(files) > most {
		var some []string
		for i := range most {
			some = append(some, files[i*len(files)/most])
		}
		files = some
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no captures in %s", strconv.Quote(strings.Join(roots, " ")))
	}
	return files, nil
}
