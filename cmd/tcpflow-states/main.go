// Command tcpflow-states reads packet captures, or captures live, and tells for
// every TCP connection which states both endpoints went through, what was wrong
// and which packets prove it.
package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/internal/hugepages"
	"github.com/tcpflow-states/tcpflow-states/internal/sockets"
)

// The exit codes, as the help and the README list them.
const (
	exitOK         = 0
	exitFound      = 1 // --fail-on found something
	exitUsage      = 2 // wrong flags or arguments
	exitInput      = 3 // input could not be read, or was cut short
	exitPermission = 4 // no permission to read or to capture
	exitOutput     = 5 // output could not be written
	// 128 and the signal's number: interrupted before all was read, see exitCode
)

func main() {
	if sockets.Serves(os.Args) {
		sockets.Serve(os.Stdin, os.Stdout)
		return
	}
	hugepages.ForHeap()
	boundGarbage()
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is one run of the program: its streams, and the code it will exit with.
type app struct {
	stdin          *os.File
	stdout, stderr *os.File
	code           int
	status         *status      // the line at the foot of a terminal, or nil
	screen         *heldNotices // while a screen has the terminal: what is told meanwhile, or nil
	unconfined     bool         // for tests, whose process has to go on after the run
}

// run executes one command line and returns its exit code.
func run(args []string, stdin, stdout, stderr *os.File) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	ignoreBrokenPipes()
	return a.run(args)
}

func (a *app) run(args []string) int {
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	if err := root.Execute(); err != nil {
		return a.fail(err)
	}
	return a.code
}

func (a *app) rootCommand() *cobra.Command {
	var opt analyzeOptions
	var list, version bool
	root := &cobra.Command{
		Use:   "tcpflow-states [flags] FILE…",
		Short: "TCP state machines of both endpoints of every connection in a capture, anomalies, and the packets that prove them",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case version:
				return a.printVersion()
			case list:
				return a.listInterfaces(false)
			}
			if err := mistakenCommand(cmd, args, &opt); err != nil {
				return err
			}
			if err := opt.takeDefaults(cmd); err != nil {
				return err
			}
			opt.timelinesAsked = cmd.Flags().Changed("timelines")
			return a.analyze(&opt, args)
		},
		SilenceErrors:     true, // fail prints them
		SilenceUsage:      true, // an error is one line, not a page
		DisableAutoGenTag: true,
	}
	opt.addFlags(root)
	root.Flags().BoolVarP(&list, "list-interfaces", "D", false, "list the interfaces, as the command interfaces does")
	root.Flags().BoolVarP(&version, "version", "V", false, "print the version")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.analyzeCommand(), a.browseCommand(), a.compareCommand(), a.liveCommand(), a.interfacesCommand(),
		a.anomaliesCommand(), a.schemaCommand(), a.versionCommand(), a.wiresharkCommand())
	root.SetHelpTemplate(helpTemplate)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.InitDefaultHelpCmd()
	return root
}

// mistakenCommand catches a misspelt command before it is taken for a file.
func mistakenCommand(cmd *cobra.Command, args []string, opt *analyzeOptions) error {
	if len(args) == 0 || len(opt.read) > 0 {
		return nil
	}
	if _, err := os.Stat(args[0]); err == nil {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if name := nearest(args[0], names); name != "" {
		return usagef("%q is neither a command nor a file", args[0]).hint("did you mean %q?", cmd.Name()+" "+name)
	}
	return nil
}

// helpTemplate is what every --help prints: usage, commands, flags, then
// examples, which tell more than the flags do.
const helpTemplate = `{{with (or .Long .Short)}}{{.}}

{{end}}Usage:
  {{.UseLine}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND …

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if not .HasParent}}

Exit codes:
  0 analysed   1 --fail-on found something   2 usage error   3 input unreadable or cut short
  4 permission denied   5 output could not be written
  130, 143, 129 interrupted by SIGINT, SIGTERM, SIGHUP before all was read

Examples:
  tcpflow-states trace.pcap                       problems, services, connections, findings, timelines
  tcpflow-states big.pcapng.gz --conn 17 --full   every segment of connection 17
  tcpdump -i any -w - tcp | tcpflow-states -      connections as they end
  sudo tcpflow-states live -i eth0 port 443       the same without tcpdump
  tcpflow-states trace.pcap --json | jq .summary  for scripts; --ndjson gives a line per connection
  tcpflow-states trace.pcap --fail-on error       exit code 1 if a connection failed or a finding is an error{{else}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{end}}
`

// errQuiet ends the program with a code set before and no message.
var errQuiet = errors.New("already reported")
