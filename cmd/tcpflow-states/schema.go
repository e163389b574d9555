package main

import (
	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/report"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "print the JSON Schema of --json and --ndjson",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			out := newResults(a)
			out.Write(report.Schema())
			return out.failed()
		},
	}
}

// noArguments refuses arguments in our words.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments, not %q", cmd.CommandPath(), args[0])
	}
	return nil
}
