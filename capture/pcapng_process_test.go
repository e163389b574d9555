package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// pib appends Wireshark's description of a process.
func pib(o order, b []byte, pid uint32, list ...opt) []byte {
	entry := options(le, words(le, nil, pid), list...)
	body := words(o, nil, 32622)
	return block(o, b, 0xbad, append(words(le, body, 3, uint32(len(entry))), entry...))
}

// dpib appends Apple's.
func dpib(o order, b []byte, pid uint32, list ...opt) []byte {
	return block(o, b, 0x80000001, options(o, words(o, nil, pid), list...))
}

func of(o order, pid uint32) opt { return opt{8, words(o, nil, pid, 0)} }

// whose returns the names of the processes of a file's packets, and what Info says of it.
func whose(t *testing.T, file []byte) (names []string, info Info) {
	t.Helper()
	s, err := OpenReader("file", bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for p := (Packet{}); ; {
		if err := s.Next(&p); err != nil {
			if err != io.EOF {
				t.Fatal(err)
			}
			return names, s.Info()[0]
		}
		names = append(names, nameOf(p.Process))
	}
}

func nameOf(p *process.Process) string {
	switch {
	case p == nil:
		return "-"
	case p.For != nil:
		return nameOf(&process.Process{PID: p.PID, Name: p.Name}) + " for " + nameOf(p.For)
	}
	return fmt.Sprintf("%d %s", p.PID, p.Name)
}

// again writes the packets of files to one.
func again(t *testing.T, files ...[]byte) []byte {
	t.Helper()
	var all []Source
	for _, file := range files {
		s, err := OpenReader("file", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	from := Merge(all...)
	var out bytes.Buffer
	w, err := NewWriter(&out, from)
	if err != nil {
		t.Fatal(err)
	}
	for p := (Packet{}); from.Next(&p) == nil; {
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestProcesses reads processes as they are described, and reads the same of what a Writer
// makes of it.
func TestProcesses(t *testing.T) {
	started := func(us uint64) opt { return opt{9, u64(le, us*1000)} }
	name := func(text string) opt { return opt{2, []byte(text)} }
	comment := func(text string) opt { return opt{1, []byte(text)} }
	one := func(o order) []byte { return idb(o, shb(o, nil), 1, 0) }
	tests := []struct {
		name string
		file func(o order) []byte
		want []string
	}{
		{"Wireshark's blocks", func(o order) []byte {
			b := pib(o, one(o), 1234, name("curl"), comment("of the process"))
			b = pib(o, b, 4321, opt{3, []byte("/usr/sbin/sshd")})
			b = epb(o, epb(o, b, 0, 1, "a", of(o, 1234)), 0, 2, "b", of(o, 4321))
			b = pib(o, b, 77)
			b = epb(o, epb(o, b, 0, 3, "c", of(o, 77)), 0, 4, "d", of(o, 99))
			return epb(o, epb(o, b, 0, 5, "e", of(o, 0)), 0, 6, "f")
		}, []string{"1234 curl", "4321 sshd", "77 ", "99 ", "-", "-"}},
		{"a number used anew", func(o order) []byte {
			b := pib(o, pib(o, one(o), 500, name("first"), started(990)), 500, name("second"), started(1020))
			b = pib(o, pib(o, b, 600, name("old")), 600, name("new"))
			b = epb(o, epb(o, b, 0, 1005, "a", of(o, 500)), 0, 1025, "b", of(o, 500))
			return epb(o, epb(o, b, 0, 900, "c", of(o, 500)), 0, 1001, "d", of(o, 600))
		}, []string{"500 first", "500 second", "500 first", "600 new"}},
		{"Apple's blocks", func(o order) []byte {
			b := dpib(o, dpib(o, one(o), 501, name("mDNSResponder"), opt{4, make([]byte, 16)}), 1, name("launchd"))
			b = dpib(o, b, 1<<32-1)
			place := func(code uint16, n uint32) opt { return opt{code, words(o, nil, n)} }
			b = epb(o, epb(o, b, 0, 1, "a", place(0x8001, 1)), 0, 2, "b", place(0x8001, 0), place(0x8003, 1))
			b = epb(o, epb(o, b, 0, 3, "c", place(0x8001, 7)), 0, 4, "d", place(0x8001, 2))
			b = dpib(o, idb(o, shb(o, b), 1, 0), 9, name("of the section"))
			return epb(o, b, 0, 5, "e", place(0x8001, 0))
		}, []string{"1 launchd", "501 mDNSResponder for 1 launchd", "-", "0 ", "9 of the section"}},
		{"ptcpdump's comments", func(o order) []byte {
			b := epb(o, one(o), 0, 1, "a", comment("PID: 24\nCmd: /usr/bin/wget\nArgs: wget -T 10"), comment("ThreadId: 25\nThreadName: x"))
			b = epb(o, b, 0, 2, "b", comment("\nPID: 24\nCommand: /usr/bin/wget...\nArgs: x...\n"))
			b = epb(o, b, 0, 3, "c", comment("a person's comment: PID: 24"))
			return epb(o, b, 0, 4, "d", comment("PID: none"))
		}, []string{"24 wget", "24 wget...", "-", "-"}},
		{"other custom blocks", func(o order) []byte {
			b := block(o, one(o), 0xbad, words(o, nil, 1, 3, 4, 1234))         // another enterprise's
			b = block(o, b, 0xbad, words(le, words(o, nil, 32622), 99, 0))     // another entry
			b = block(o, b, 0xbad, words(le, words(o, nil, 32622), 3, 400, 7)) // longer than the block
			b = block(o, b, 0xbad, words(o, nil, 32622))
			b = block(o, block(o, b, 0xbad, nil), 0x80000001, nil)
			b = block(o, b, 0xbad, make([]byte, 1<<17))
			return epb(o, b, 0, 1, "a", of(o, 7))
		}, []string{"7 "}},
	}
	for _, test := range tests {
		for _, o := range []order{le, be} {
			file := test.file(o)
			if got, _ := whose(t, file); !slices.Equal(got, test.want) {
				t.Errorf("%s, %v: %q, want %q", test.name, o, got, test.want)
			}
			if got, _ := whose(t, again(t, file)); !slices.Equal(got, test.want) {
				t.Errorf("%s, %v: written, %q, want %q", test.name, o, got, test.want)
			}
		}
	}
}

// TestProcessWhole reads all that is told of a process.
func TestProcessWhole(t *testing.T) {
	file := pib(be, idb(be, shb(be, nil), 1, 0), 1234, opt{2, []byte("curl")}, opt{3, []byte("/usr/bin/curl")}, opt{4, []byte("curl\x00-v\x00")},
		opt{5, words(le, nil, 1)}, opt{6, words(le, nil, 0)}, opt{7, []byte("root")}, opt{8, make([]byte, 16)}, opt{9, u64(le, 5)})
	file = epb(be, file, 0, 1, "a", of(be, 1234))
	for range 2 {
		s, err := OpenReader("file", bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		if err := s.Next(&p); err != nil || p.Process == nil || p.Number != 1 {
			t.Fatal(p.Process, p.Number, err)
		}
		got := *p.Process
		got.Block, got.Kind = nil, 0
		want := process.Process{PID: 1234, Name: "curl", Path: "/usr/bin/curl", Command: "curl -v", Parent: 1, HasUID: true, User: "root", Started: 5}
		if got.Key() != want.Key() {
			t.Errorf("%+v, want %+v", got, want)
		}
		file = again(t, file)
	}
	of := process.FromComment("PID: 7\nCmd: /bin/sh\nParentPID: 6\nUserId: 1000\nContainerName: web\nContainerId: 78f1\nContainerImage: alpine:3.18\nPodName: a\nPodNamespace: b")
	want := process.Process{PID: 7, Name: "sh", Path: "/bin/sh", Parent: 6, UID: 1000, HasUID: true,
		Container: process.Container{ID: "78f1", Name: "web", Image: "alpine:3.18"}, Pod: process.Pod{Name: "a", Namespace: "b"}}
	if of == nil || of.Key() != want.Key() {
		t.Errorf("%+v, want %+v", of, want)
	}
}

// TestProcessesOfTwoFiles writes the packets of two hosts, whose processes have the same
// number, to one file.
func TestProcessesOfTwoFiles(t *testing.T) {
	host := func(name string, at uint64) []byte {
		b := pib(le, idb(le, shb(le, nil), 1, 0), 7, opt{2, []byte(name)})
		for i := range uint64(2) {
			b = epb(le, b, 0, at+10*i, name, of(le, 7))
		}
		return b
	}
	got, _ := whose(t, again(t, host("one", 1), host("two", 2)))
	if want := []string{"7 one", "7 two", "7 one", "7 two"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestProcessesWithoutEnd describes processes, and names them, without end: what is kept of
// them is bounded, and a packet still takes little time.
func TestProcessesWithoutEnd(t *testing.T) {
	long := strings.Repeat("x", 60<<10)
	start := idb(le, shb(le, nil), 1, 0)
	for name, more := range map[string]func(b []byte, i uint32) []byte{
		"blocks": func(b []byte, i uint32) []byte {
			return dpib(le, pib(le, b, i, opt{4, []byte(long)}), i, opt{2, []byte(long)})
		},
		"one number": func(b []byte, i uint32) []byte {
			return epb(le, pib(le, b, 7, opt{2, []byte("x")}), 0, 1, "a", of(le, 7))
		},
		"numbers": func(b []byte, i uint32) []byte { return epb(le, b, 0, 1, "a", of(le, i)) },
		"comments": func(b []byte, i uint32) []byte {
			return epb(le, b, 0, 1, "a", opt{1, fmt.Appendf(nil, "PID: %d\nArgs: %s", i, long)})
		},
		"pairs": func(b []byte, i uint32) []byte {
			b = dpib(le, b, i, opt{2, binary.LittleEndian.AppendUint32(nil, i)})
			return epb(le, b, 0, 1, "a", opt{0x8001, words(le, nil, i)}, opt{0x8003, words(le, nil, i/2)})
		},
	} {
		var file []byte
		for i := uint32(0); len(file) < 24<<20 && i < 300_000; i++ {
			file = more(file, i)
		}
		s, err := OpenReader("file", io.MultiReader(bytes.NewReader(start), bytes.NewReader(file)))
		if err != nil {
			t.Fatal(err)
		}
		for p := (Packet{}); err == nil; {
			err = s.Next(&p)
		}
		if err != io.EOF {
			t.Fatal(name, err)
		}
		known := s.(*ngFile).processes
		n := len(known.blocks)*8 + len(known.bare)*64
		for _, p := range known.blocks {
			if p != nil {
				n += p.Size()
			}
		}
		for _, p := range known.comments {
			n += p.Size()
		}
		if n > maxProcessBytes+4<<20 || known.bytes > maxProcessBytes {
			t.Errorf("%s: %d bytes, %d counted", name, n, known.bytes)
		}
		s.Close()
	}
}

// TestCommentsOfLaterSections keeps in a file of one section the comments of all.
func TestCommentsOfLaterSections(t *testing.T) {
	comment := func(text string) opt { return opt{1, []byte(text)} }
	file := epb(le, idb(le, shb(le, nil, comment("one")), 1, 0, comment("its interface")), 0, 1, "a")
	file = epb(be, idb(be, shb(be, file, comment("two"), comment("three")), 1, 0, comment("another")), 0, 2, "b")
	want := []string{"one", "its interface", "two", "three", "another"}
	for range 2 {
		if _, info := whose(t, file); !slices.Equal(info.Comments, want) {
			t.Errorf("%q, want %q", info.Comments, want)
		}
		file = again(t, file)
	}
}
