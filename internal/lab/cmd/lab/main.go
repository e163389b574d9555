// Lab plays TCP scenarios between network namespaces and records them with the
// kernel's own account of what happened.
//
//	lab list
//	lab record -out DIR [-seed N] [-scenario NAME]
package main

import (
	"os"
)

func main() { os.Exit(run(os.Args[1:])) }
