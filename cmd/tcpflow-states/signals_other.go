//go:build !unix

package main

import (
	"os"
)

var askSignals []os.Signal

func ignoreBrokenPipes() {}
