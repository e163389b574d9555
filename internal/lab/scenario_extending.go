//go:build linux

package lab

var extending = []*Scenario{}
