package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

func (a *app) interfacesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "interfaces",
		Short: "list the interfaces to capture on",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return a.listInterfaces(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) listInterfaces(asJSON bool) error {
	all, err := capture.Interfaces()
	if err != nil {
		return err
	}
	out := newResults(a)
	if asJSON {
		type line struct {
			Number      int      `json:"number"`
			Name        string   `json:"name"`
			Description string   `json:"description"`
			Addresses   []string `json:"addresses"`
			Up          bool     `json:"up"`
			Running     bool     `json:"running"`
			Loopback    bool     `json:"loopback"`
		}
		lines := []line{}
		for n, i := range all {
			lines = append(lines, line{n + 1, i.Name, i.Description, addresses(i), i.Up, i.Running, i.Loopback})
		}
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.Encode(lines)
		return out.failed()
	}
	name := 0
	for _, i := range all {
		name = max(name, len(i.Name))
	}
	for n, i := range all {
		text := fmt.Sprintf("%2d  %-*s  %-4s", n+1, name, i.Name, upOrDown(i))
		if i.Loopback {
			text += "  loopback"
		}
		if list := addresses(i); len(list) > 0 {
			text += "  " + strings.Join(list, ", ")
		}
		if i.Description != "" {
			text += "  (" + i.Description + ")"
		}
		fmt.Fprintln(out, strings.TrimRight(text, " "))
	}
	return out.failed()
}

func upOrDown(i capture.Interface) string {
	if i.Up {
		return "up"
	}
	return "down"
}

func addresses(i capture.Interface) []string {
	list := []string{}
	for _, p := range i.Addresses {
		list = append(list, p.String())
	}
	return list
}
