package report

import (
	"io"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// Catalogue lists the checks by family, in the order given: name, severity, title.
func Catalogue(w io.Writer, checks []record.CheckDoc, o Options) error {
	return render(w, o, func(p *page) {
		if len(checks) == 0 {
			p.line("no checks")
			return
		}
		var families []string
		name := 0
		for i := range checks {
			if !slices.Contains(families, checks[i].Family) {
				families = append(families, checks[i].Family)
			}
			name = max(name, cells(p.text(string(checks[i].Name))))
		}
		name = min(name, p.width/2)
		for i, f := range families {
			if i > 0 {
				p.line()
			}
			p.heading(p.text(familyWords(f)))
			for k := range checks {
				if checks[k].Family == f {
					p.catalogueLine(&checks[k], name)
				}
			}
		}
		p.thresholdLines(checks)
		p.line()
		p.line("  ", phrase.Counted(uint64(len(checks)), "check", "checks"), "; tcpflow-states anomalies NAME explains one")
	})
}

func (p *page) catalogueLine(c *record.CheckDoc, name int) {
	severity := padRight(c.Severity.String(), len("warning"))
	lead := "  " + p.paint(severityStyle(c.Severity), severity) + "  "
	indent := 2 + cells(severity) + 2
	short := cut(p.text(string(c.Name)), name, p.g.ellipsis)
	indent += name + 2
	for i, l := range wrap(p.text(c.Title), p.width-indent) {
		if i == 0 {
			p.line(lead, p.paint(bold, short), strings.Repeat(" ", name-cells(short)+2), l)
		} else {
			p.line(strings.Repeat(" ", indent), l)
		}
	}
}

// CheckPage explains one check: what fires it, the rule, what else could look
// like it, and what other tools call it.
func CheckPage(w io.Writer, c record.CheckDoc, o Options) error {
	const names = 18
	return render(w, o, func(p *page) {
		p.heading(p.text(string(c.Name)))
		p.hanging(2, "", plain, p.text(c.Title), plain)
		p.line()
		p.hanging(2, padRight("severity", names), dim, severityMeaning(c.Severity), plain)
		p.optionalField(names, "family", familyWords(c.Family))
		p.optionalField(names, "fires when", c.Condition)
		p.optionalField(names, "rule", c.Rule)
		for i, b := range c.Benign {
			name := ""
			if i == 0 {
				name = "could also be"
			}
			p.optionalField(names, name, b)
		}
		for i, t := range c.Peers {
			name := ""
			if i == 0 {
				name = "also known as"
			}
			p.optionalField(names, name, t.Tool+": "+t.Name)
		}
		p.optionalField(names, "Wireshark filter", c.Filter)
		p.thresholdFields(names, &c)
	})
}

func (p *page) optionalField(n int, name, value string) {
	if value != "" {
		p.field(n, name, p.text(value))
	}
}

func severityMeaning(s record.Severity) string {
	switch s {
	case record.SeverityError:
		return "error: an endpoint broke the protocol, or the connection failed"
	case record.SeverityWarning:
		return "warning: trouble worth looking at"
	case record.SeverityNote:
		return "note: unusual but legal"
	}
	return "capture: a fault of the capture itself"
}

// familyWords is what a family of checks is called; its name stands in JSON.
func familyWords(family string) string {
	if family == "together" {
		return "across connections"
	}
	return family
}
