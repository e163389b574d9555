package main

import (
	"cmp"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// compareOptions are the flags of compare: some of analyze's, and how services are found again.
type compareOptions struct {
	options
	match           string
	thresholdsAsked bool     // on the command line
	ofPackets       []string // flags of the command line that change nothing about a saved report
}

// compareFlags are the flags of analyze that compare has, with their text where it is another.
var compareFlags = [][2]string{
	{"filter"}, {"host"}, {"port"}, {"where"}, {"verdict"}, {"check"}, {"severity"}, {"service"}, {"since"}, {"until"}, {"ignore"}, {"only"},
	{"json", "one JSON document (see the command schema: comparison)"},
	{"quiet"},
	{"fail-on", "exit with 1 on a change of `SEVERITY` error (more connections fail), warning (another one for the worse) or note (any), or above"},
	{"set"},
	{"limit", "at most `N` rows of a table; 0 for all services and changes"},
	{"color"}, {"ascii"}, {"width"}, {"no-pager"}, {"msl"}, {"workers"}, {"max-connections"}, {"memory"}, {"no-checksums"}, {"keep-root"}, {"numeric"}, {"config"}, {"no-config"},
}

func (a *app) compareCommand() *cobra.Command {
	var opt compareOptions
	cmd := &cobra.Command{
		Use:   "compare [flags] BEFORE AFTER",
		Short: "what changed between two captures, folders or saved reports, beyond chance",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.thresholdsAsked = cmd.Flags().Changed("set")
			for _, name := range []string{"msl", "no-checksums"} {
				if cmd.Flags().Changed(name) {
					opt.ofPackets = append(opt.ofPackets, "--"+name)
				}
			}
			if err := opt.takeDefaults(cmd); err != nil {
				return err
			}
			return a.compare(&opt, args)
		},
		Example: `  tcpflow-states compare before.pcap after.pcap
  tcpflow-states compare before.pcap after.pcap --service https --fail-on warning
  tcpflow-states compare monday.ndjson today.pcap.gz
  tcpflow-states compare before/ after/ --match port
  tcpflow-states compare before.json after.json --json | jq '.services[].changes[].title'`,
	}
	opt.addFlags(cmd)
	return cmd
}

func (o *compareOptions) addFlags(cmd *cobra.Command) {
	var all cobra.Command
	o.options.addFlags(&all)
	f := cmd.Flags()
	f.SortFlags = false
	for _, name := range compareFlags {
		flag := all.Flags().Lookup(name[0])
		if name[1] != "" {
			flag.Usage = name[1]
		}
		f.AddFlag(flag)
	}
	f.StringVar(&o.match, "match", "server", "find services again by `WHAT`: server (address and port, else the port of those that are left over) or port")
	for flag, words := range map[string][]string{"match": {"server", "port"}, "fail-on": {"error", "warning", "note"}, "color": {"auto", "always", "never"}} {
		cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (o *compareOptions) check(args []string) error {
	if err := o.options.check(); err != nil {
		return err
	}
	switch {
	case len(args) != 2:
		return usagef("compare takes two captures or saved reports, before and after, not %d", len(args)).
			hint("tcpflow-states compare before.pcap after.pcap; several files of one side: name the folder that they are in")
	case args[0] == "-" && args[1] == "-":
		return usagef("standard input is given twice")
	case o.match != "server" && o.match != "port":
		return notOneOf("match", o.match, "server", "port")
	}
	return nil
}

func (a *app) compare(opt *compareOptions, args []string) error {
	if err := opt.check(args); err != nil {
		return err
	}
	sig := catchSignals()
	defer sig.stop()
	var sides [2]*side
	var names []string
	for i, name := range args {
		s, err := a.openSide(name, opt, sig)
		if errors.Is(err, capture.ErrInterrupted) {
			return sig.interruption("before anything was read")
		}
		if err != nil {
			return err
		}
		defer s.close()
		sides[i], names = s, append(names, s.files...)
	}
	if err := opt.dropPrivileges(); err != nil {
		return err
	}
	a.confine(names)
	heedMemory(opt.memory)
	var failed error
	for _, s := range sides {
		if err := s.read(a, &opt.options, sig); err != nil {
			if s.broken {
				return err
			}
			failed = cmp.Or(failed, err)
		}
	}
	r := change.Between(&sides[0].set, &sides[1].set, change.Options{ByPort: opt.match == "port"})
	if err := a.showChanges(opt, r, sides); err != nil {
		return err
	}
	if opt.failOn != "" && r.Worst() >= opt.failLevel {
		a.code = exitFound
	}
	return failed
}

// showChanges prints them, on a terminal through a pager.
func (a *app) showChanges(opt *compareOptions, r *change.Result, sides [2]*side) error {
	if opt.quiet {
		return nil
	}
	out, render := newResults(a), opt.render(a)
	told := [2]report.ComparedSide{sides[0].told, sides[1].told}
	write := report.Changes
	if !opt.text() {
		write = report.ChangesJSON
	} else if !opt.noPager && isTerminal(a.stdout) {
		if p := startPager(a.stdout, a.stderr); p != nil {
			out.to = io.Writer(p.in)
			defer p.close()
		}
	}
	write(out, r, told, render) // errors of writing stay in out
	return out.failed()
}
