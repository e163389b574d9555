package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version string

// versionText returns the version, from the module where the build set none.
func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version, and libpcap's",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.printVersion() },
	}
}

func (a *app) printVersion() error {
	pcap := "built without libpcap: reads files, no live capture, no filter expressions"
	if capture.HasLibpcap {
		pcap = capture.LibpcapVersion()
	}
	out := newResults(a)
	fmt.Fprintf(out, "tcpflow-states %s\n%s %s/%s\n%s\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH, pcap)
	return out.failed()
}
