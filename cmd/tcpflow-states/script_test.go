package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/internal/sockets"
)

// TestMain lets scripts, and tests that start processes, run the real main.
func TestMain(m *testing.M) {
	if programs[filepath.Base(os.Args[0])] == nil { // this is the tests, not what they start
		// Nobody's own file of defaults is to change what tests see.
		os.Setenv("XDG_CONFIG_HOME", filepath.Join(os.TempDir(), "tcpflow-states-tests-have-none"))
	}
	testscript.Main(m, programs)
}

// programs are what tests can start, by name.
var programs = map[string]func(){"tcpflow-states": main, sockets.Program: main}

// TestScripts runs testdata/script: the program as its users call it.
func TestScripts(t *testing.T) {
	pcaps, err := filepath.Abs("../../testdata/pcaps")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// Short names inside the script's folder: what a report shows, and where its
			// lines break, must not depend on where the project lies.
			env.Setenv("CONV", "conversations")
			env.Setenv("KERNEL", "kernel")
			env.Setenv("ESC", "\x1b")
			// Binary content that an archive of text cannot hold.
			return errors.Join(
				writeCompared(env.WorkDir),
				os.Symlink(filepath.Join(pcaps, "conversations"), filepath.Join(env.WorkDir, "conversations")),
				os.Symlink(filepath.Join(pcaps, "kernel"), filepath.Join(env.WorkDir, "kernel")),
				os.WriteFile(filepath.Join(env.WorkDir, "some.lz"), []byte("LZIP\x01 and more of it"), 0o666),
				os.WriteFile(filepath.Join(env.WorkDir, "some.snoop"), []byte("snoop\x00\x00\x00 and more of it"), 0o666))
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "libpcap":
				return capture.HasLibpcap, nil
			case "dev-full":
				_, err := os.Stat("/dev/full")
				return err == nil, nil
			}
			return false, os.ErrInvalid
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"cut":    cutFile,
			"poke":   pokeFile,
			"gzip":   gzipFile,
			"schema": validate,
			"types":  lineTypes,
			"shell":  shell,
			"exits":  exits,
		},
	})
}

// cutFile copies the first N bytes: cut N FROM TO.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	data, n := read(ts, args[1]), number(ts, args[0])
	write(ts, args[2], data[:n])
}

// pokeFile copies a file with one byte changed: poke OFFSET VALUE FROM TO.
func pokeFile(ts *testscript.TestScript, neg bool, args []string) {
	data := read(ts, args[2])
	data[number(ts, args[0])] = byte(number(ts, args[1]))
	write(ts, args[3], data)
}

// gzipFile compresses: gzip FROM TO.
func gzipFile(ts *testscript.TestScript, neg bool, args []string) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(read(ts, args[0]))
	ts.Check(z.Close())
	write(ts, args[1], b.Bytes())
}

// validate holds JSON output against the published schema that the program
// prints: schema FILE for a document, schema -lines FILE for NDJSON.
func validate(ts *testscript.TestScript, neg bool, args []string) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	out, err := program("schema").Output()
	ts.Check(err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	ts.Check(err)
	ts.Check(c.AddResource("schema.json", doc))
	where, documents := "schema.json", []string{}
	switch args[0] {
	case "-lines":
		where += "#/$defs/ndjson_line"
		documents = lines(ts, args[1])
	case "-comparison":
		where += "#/$defs/comparison"
		documents = append(documents, ts.ReadFile(args[1]))
	default:
		documents = append(documents, ts.ReadFile(args[0]))
	}
	s, err := c.Compile(where)
	ts.Check(err)
	for _, text := range documents {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		ts.Check(err)
		ts.Check(s.Validate(v))
	}
}

// lineTypes compares the "type" of each NDJSON line: types FILE TYPE….
func lineTypes(ts *testscript.TestScript, neg bool, args []string) {
	var got []string
	for _, text := range lines(ts, args[0]) {
		var line struct{ Type string }
		ts.Check(json.Unmarshal([]byte(text), &line))
		got = append(got, line.Type)
	}
	if want := args[1:]; strings.Join(got, " ") != strings.Join(want, " ") {
		ts.Fatalf("types %q, want %q", got, want)
	}
}

// shell runs a command line with pipes: shell 'a | b'.
func shell(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("bash", "-c", args[0])
	if (err != nil) != neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

// exits runs the program and compares its exit code: exits CODE COMMAND ARG….
func exits(ts *testscript.TestScript, neg bool, args []string) {
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	if code := number(ts, args[0]); !errors.As(err, &exit) || exit.ExitCode() != code {
		ts.Fatalf("%v, want exit status %d", err, code)
	}
}

func lines(ts *testscript.TestScript, name string) []string {
	return strings.Split(strings.TrimSuffix(ts.ReadFile(name), "\n"), "\n")
}

func read(ts *testscript.TestScript, name string) []byte {
	data, err := os.ReadFile(ts.MkAbs(name))
	ts.Check(err)
	return data
}

func write(ts *testscript.TestScript, name string, data []byte) {
	ts.Check(os.WriteFile(ts.MkAbs(name), data, 0o666))
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// program is the program as a process of its own. testscript has put it into
// PATH.
func program(args ...string) *exec.Cmd { return exec.Command("tcpflow-states", args...) }
