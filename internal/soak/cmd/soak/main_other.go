//go:build !linux

// Command soak runs tcpflow-states under faults, on Linux.
package main

import "fmt"

func main() { fmt.Println("soak: left out: it needs Linux") }
