package main

import "github.com/spf13/pflag"

// cutOptions are the flags about packets out.
type cutOptions struct {
	write   string
	context int
	spool   memorySize
}

// defaultSpool is how many bytes of packets wait, where they cannot be read again.
const defaultSpool memorySize = 256 << 20

func (o *cutOptions) addFlags(f *pflag.FlagSet) {
	f.IntVar(&o.context, "context", 0, "with --write, also the `N` packets before and after each, whosever they are")
	o.spool = defaultSpool
	f.Var(&o.spool, "spool", "with --write, of what cannot be read twice: let the latest `SIZE` of packets wait in a file in $TMPDIR until it is known whether their connections are chosen")
}

// check refuses what cannot be. writes says that packets are written whether there is a name or not.
func (o *cutOptions) check(merge, writes bool) error {
	least := memorySize(minSpool)
	switch {
	case !writes && o.write == "" && o.context != 0:
		return usagef("--context is for --write")
	case o.context < 0 || o.context > maxContext:
		return usagef("--context %d: not a number of packets up to %d", o.context, maxContext)
	case o.spool < least:
		return usagef("--spool %s: at least %s are needed", &o.spool, &least)
	case o.write == "-":
		return usagef("--write -: the report goes to standard output").hint("name a file")
	case o.write != "" && merge:
		return usagef("--write and --merge do not go together").hint("write from each of the files by itself")
	}
	return nil
}
