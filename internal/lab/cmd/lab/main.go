// Lab plays TCP scenarios between network namespaces and records them with the
// kernel's own account of what happened.
//
//	lab list
//	lab record -out DIR [-seed N] [-scenario NAME]
//	lab campaign -out DIR [-seeds N,N…]
//	lab scenes -out DIR [-plays N]
//	lab changes [-out DIR] [-pairs N]
//	lab measures [-out DIR] [-seeds N,N…]
//	lab score [-seeds N,N…] [DIR…]
//
// A campaign is many random connections at once. Scenes are what explains
// connections from beside them. The score holds the analyzer
// against recordings; without any it records campaigns first.
package main

import (
	"os"
)

func main() { os.Exit(run(os.Args[1:])) }
