package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/report"
)

func (a *app) anomaliesCommand() *cobra.Command {
	var asJSON, markdown bool
	cmd := &cobra.Command{
		Use:   "anomalies [NAME…]",
		Short: "list the checks, or explain one: its condition, rule and other causes",
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON && markdown {
				return usagef("--json and --markdown exclude each other")
			}
			return a.anomalies(args, asJSON, markdown)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return checkNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&markdown, "markdown", false, "as a Markdown table")
	return cmd
}

func (a *app) anomalies(names []string, asJSON, markdown bool) error {
	all := analyzer.Checks()
	docs := all
	if len(names) > 0 {
		docs = nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(d record.CheckDoc) bool { return string(d.Name) == name })
		if i < 0 {
			f := usagef("no check is called %q", name)
			if n := nearest(name, checkNames()); n != "" {
				return f.hint("did you mean %s?", n)
			}
			return f.hint("tcpflow-states anomalies lists them")
		}
		docs = append(docs, all[i])
	}
	out := newResults(a)
	render := (&options{color: "auto"}).render(a)
	switch {
	case asJSON:
		writeChecksJSON(out, docs)
	case markdown:
		writeChecksMarkdown(out, docs)
	case len(names) == 0:
		report.Catalogue(out, docs, render)
	default:
		for i, d := range docs {
			if i > 0 {
				out.WriteByte('\n')
			}
			report.CheckPage(out, d, render)
		}
	}
	return out.failed()
}

func checkNames() []string {
	var names []string
	for _, d := range analyzer.Checks() {
		names = append(names, string(d.Name))
	}
	return names
}

func writeChecksJSON(out *results, docs []record.CheckDoc) {
	type peer struct {
		Tool string `json:"tool"`
		Name string `json:"name"`
	}
	type threshold struct {
		Name    string `json:"name"`
		Default string `json:"default"`
		Meaning string `json:"meaning"`
	}
	type doc struct {
		Name      string   `json:"name"`
		Title     string   `json:"title"`
		Severity  string   `json:"severity"`
		Family    string   `json:"family"`
		Rule      string   `json:"rule"`
		Condition string   `json:"condition"`
		Benign    []string `json:"benign"`
		Peers     []peer   `json:"peers"`
		Filter    string   `json:"wireshark_filter"`

		Thresholds []threshold `json:"thresholds"`
	}
	list := []doc{}
	for _, d := range docs {
		peers := []peer{}
		for _, p := range d.Peers {
			peers = append(peers, peer(p))
		}
		thresholds := []threshold{}
		for i := range d.Thresholds {
			t := &d.Thresholds[i]
			thresholds = append(thresholds, threshold{t.Name, t.Write(t.Default), t.Meaning})
		}
		list = append(list, doc{string(d.Name), d.Title, d.Severity.String(), d.Family, d.Rule, d.Condition,
			append([]string{}, d.Benign...), peers, d.Filter, thresholds})
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	e.Encode(list)
}

// writeChecksMarkdown writes the README's table.
func writeChecksMarkdown(out *results, docs []record.CheckDoc) {
	fmt.Fprint(out, "| check | severity | fires when | rule |\n| --- | --- | --- | --- |\n")
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, d := range docs {
		fmt.Fprintf(out, "| `%s` | %s | %s | %s |\n", d.Name, d.Severity, cell.Replace(d.Condition), cell.Replace(d.Rule))
	}
}
