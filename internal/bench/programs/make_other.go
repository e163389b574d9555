//go:build !linux

package programs

import "context"

type play struct{}

// Make says that captures are made on Linux only.
func (k *Kind) Make(context.Context, string, int) (string, error) {
	return "", Missing("network namespaces are Linux's")
}

// Side is false: no captures are made here.
func Side([]string) bool { return false }

func none(*play, int) error { return nil }

func bulk(int) func(*play, int) error { return none }

var shortWeb, lossyWeb, keepaliveWeb, tlsWeb, goHTTP, lossyBulk, redis, idle, stalls = none, none, none, none, none, none, none, none, none
