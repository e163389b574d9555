package main

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/saved"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// selection chooses connections by what the analysis says of them, and which findings
// count. What is given twice is "or", different flags are "and".
type selection struct {
	where, since, until              string
	verdict, check, service, ignored []string
	only                             []string
	severity                         string

	expression *report.Where
	least      record.Severity
	from, to   moment
	services   []func(*record.Connection) bool
	begin      atomic.Int64 // time of the first packet, for moments that count from it
}

func (s *selection) addFlags(f *pflag.FlagSet) {
	f.StringVar(&s.where, "where", "", "only connections of which this `EXPR`ession over the JSON's names is true")
	f.StringSliceVar(&s.verdict, "verdict", nil, "only connections with this verdict `CODE`; several may be given, here and below")
	f.StringSliceVar(&s.check, "check", nil, "only connections with a finding of this `NAME`")
	f.StringVar(&s.severity, "severity", "", "only connections with a finding of `SEVERITY` error, warning or note, or above")
	f.StringSliceVar(&s.service, "service", nil, "only connections to this `SERVICE`: a name, a port, an address, or both: 10.0.0.1:443")
	f.StringVar(&s.since, "since", "", "only connections that last beyond this `TIME`: 2026-03-29T13:00:00Z, or 10s from the first packet")
	f.StringVar(&s.until, "until", "", "only connections that begin before this `TIME`")
	f.StringSliceVar(&s.ignored, "ignore", nil, "leave out the findings of this `CHECK`")
	f.StringSliceVar(&s.only, "only", nil, "leave out the findings of all checks but this `CHECK`")
}

// again returns the same selection for another analysis, which may run at the same time and
// begin at another. It was parsed before without an error.
func (s *selection) again() *selection {
	c := &selection{where: s.where, since: s.since, until: s.until, verdict: s.verdict, check: s.check, service: s.service,
		ignored: s.ignored, only: s.only, severity: s.severity}
	c.parse(true)
	return c
}

// moment is a time, or one counted from the first packet.
type moment struct {
	set   bool
	at    int64 // nanoseconds
	after bool  // the first packet
}

func (m *moment) time(first int64) int64 {
	if m.after {
		return first + m.at
	}
	return m.at
}

func parseMoment(flag, text string) (m moment, err error) {
	if text == "" {
		return m, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return moment{true, int64(d), true}, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, time.UTC); err == nil {
			return moment{true, t.UnixNano(), false}, nil
		}
	}
	return m, usagef("--%s %q: not a time", flag, text).hint("such as --%s 2026-03-29T13:00:00Z (UTC), or --%s 10s after the first packet", flag, flag)
}

// parse reads the flags' values.
func (s *selection) parse(multi bool) (err error) {
	if s.where != "" {
		if s.expression, err = report.ParseWhere(s.where, multi); err != nil {
			return whereFailure(err)
		}
	}
	var codes []string
	for _, d := range record.VerdictDocs {
		codes = append(codes, string(d.Code))
	}
	if err := eachOneOf("verdict", s.verdict, codes); err != nil {
		return err
	}
	var checks []string
	for _, d := range analyzer.Checks() {
		checks = append(checks, string(d.Name))
	}
	for flag, names := range map[string][]string{"check": s.check, "ignore": s.ignored, "only": s.only} {
		if err := eachOneOf(flag, names, checks); err != nil {
			return err
		}
	}
	if len(s.only) > 0 && len(s.ignored) > 0 {
		return usagef("--only and --ignore do not go together")
	}
	if s.severity != "" {
		var ok bool
		if s.least, ok = parseSeverity(s.severity); !ok {
			return notOneOf("severity", s.severity, "error", "warning", "note")
		}
	}
	for _, text := range s.service {
		f, err := parseService(text)
		if err != nil {
			return err
		}
		s.services = append(s.services, f)
	}
	if s.from, err = parseMoment("since", s.since); err != nil {
		return err
	}
	s.to, err = parseMoment("until", s.until)
	return err
}

// eachOneOf refuses a name that is not among those there are.
func eachOneOf(flag string, given, names []string) error {
	for _, name := range given {
		if slices.Contains(names, name) {
			continue
		}
		f := usagef("--%s %q: there is no such %s", flag, name, map[bool]string{true: "verdict", false: "check"}[flag == "verdict"])
		if n := nearest(name, names); n != "" {
			return f.hint("did you mean --%s %s?", flag, n)
		}
		return f
	}
	return nil
}

// whereFailure is the error of an expression.
func whereFailure(err error) error {
	f := usagef("--where: %v", err)
	var w *report.WhereError
	if !errors.As(err, &w) || w.Unknown == "" {
		return f.hint("the names are those of the JSON: tcpflow-states schema, docs/json.md")
	}
	if n := nearest(w.Unknown, w.Names); n != "" {
		return f.hint("did you mean %s?", n)
	}
	return f.hint("there are %s", strings.Join(w.Names[:min(len(w.Names), 12)], ", "))
}

// parseService reads what --service names.
func parseService(text string) (func(*record.Connection) bool, error) {
	if port, err := strconv.ParseUint(text, 10, 16); err == nil {
		return func(c *record.Connection) bool { return c.Server.Port == uint16(port) }, nil
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return func(c *record.Connection) bool { return c.Server.IP == a.Addr() && c.Server.Port == a.Port() }, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return func(c *record.Connection) bool { return c.Server.IP == a }, nil
	}
	if text == "" || strings.ContainsAny(text, ":/ ") {
		return nil, usagef("--service %q: not a service", text).hint("such as --service https, --service 443, --service 10.0.0.1 or --service 10.0.0.1:443")
	}
	return func(c *record.Connection) bool { return c.Service == text }, nil
}

func parseSeverity(text string) (record.Severity, bool) {
	for s := record.SeverityNote; s <= record.SeverityError; s++ {
		if s.String() == text {
			return s, true
		}
	}
	return 0, false
}

// choice returns the choice of connections as the analyzer takes it, nil for all.
func (s *selection) choice() func(*record.Connection) bool {
	if s.expression == nil && len(s.verdict)+len(s.check)+len(s.services) == 0 && s.severity == "" && !s.from.set && !s.to.set {
		return nil
	}
	return s.chooses
}

// byKind and those after it tell how little the choice looks at, as the analyzer asks.
func (s *selection) byKind() bool {
	return len(s.services) == 0 && !s.from.set && !s.to.set && (s.expression == nil || s.expression.ByKind())
}

func (s *selection) byCount() bool { return s.expression == nil || s.expression.ByCount() }

func (s *selection) byRTT() bool { return s.expression == nil || s.expression.ByRTT() }

func (s *selection) early() bool { return s.expression == nil || s.expression.Early() }

func (s *selection) chooses(c *record.Connection) bool {
	return s.choosesBut(c) && (s.expression == nil || s.expression.Match(c))
}

// choosesSaved does the same with a connection of a saved report.
func (s *selection) choosesSaved(c *saved.Connection) bool {
	return s.choosesBut(&c.Record) && (s.expression == nil || s.expression.MatchJSON(c.JSON))
}

// choosesBut asks all but the expression.
func (s *selection) choosesBut(c *record.Connection) bool {
	if len(s.verdict) > 0 && !slices.Contains(s.verdict, string(c.Verdict.Code)) {
		return false
	}
	if len(s.check) > 0 && !slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool { return slices.Contains(s.check, string(a.Name)) }) {
		return false
	}
	if s.severity != "" && !slices.ContainsFunc(c.Anomalies, func(a record.Anomaly) bool { return a.Severity >= s.least }) {
		return false
	}
	if len(s.services) > 0 && !slices.ContainsFunc(s.services, func(f func(*record.Connection) bool) bool { return f(c) }) {
		return false
	}
	if s.from.set && int64(c.Last) < s.from.time(s.begin.Load()) || s.to.set && int64(c.First) > s.to.time(s.begin.Load()) {
		return false
	}
	return true
}

// silenced returns which checks are left out, as the analyzer takes it, nil for none.
func (s *selection) silenced() func(record.CheckName) bool {
	switch {
	case len(s.only) > 0:
		return func(name record.CheckName) bool { return !slices.Contains(s.only, string(name)) }
	case len(s.ignored) > 0:
		return func(name record.CheckName) bool { return slices.Contains(s.ignored, string(name)) }
	}
	return nil
}

// note notes the time of the first packet.
func (s *selection) note(at int64) { s.begin.Store(at) }
