// Command newcheck lays out the files of a new check: its declaration, its line in
// the catalogue, the conversation whose capture shows it firing, and the verdict that
// this connection must get. It says what is left to do, and changes nothing if
// something is in the way.
//
//	go run ./internal/newcheck [-family FAMILY] [-severity SEVERITY] NAME
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
)

func main() { os.Exit(run(".", os.Args[1:], os.Stdout, os.Stderr)) }

// run lays out a check in the tree at root and returns the exit code.
func run(root string, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("newcheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	family := flags.String("family", "sequence", "what it is about: "+strings.Join(families(), ", "))
	severity := flags.String("severity", "warning", "error, warning, note or capture")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./internal/newcheck [-family FAMILY] [-severity SEVERITY] NAME")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return 2
	}
	l, err := plan(root, flags.Arg(0), *family, *severity)
	if err == nil {
		err = l.write()
	}
	if err != nil {
		fmt.Fprintf(stderr, "newcheck: error: %v\n", err)
		return 1
	}
	fmt.Fprint(stdout, l.next())
	return 0
}

// families are those of the checks that look at one connection, in their order.
func families() []string {
	var list []string
	for _, c := range analyzer.Checks() {
		if len(list) == 0 || list[len(list)-1] != c.Family {
			list = append(list, c.Family)
		}
	}
	return list[:len(list)-1] // the last looks at several
}
