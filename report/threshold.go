package report

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// thresholdValue writes one of the numbers of a threshold.
func thresholdValue(t *record.Threshold, value int64) string {
	if t.Count {
		return phrase.Count(value)
	}
	return phrase.Duration(float64(value) / 1e9)
}

// defaultsField tells what a file of defaults set.
func (p *page) defaultsField() {
	if text := p.o.defaultsText(); text != "" {
		p.field(summaryNames, "defaults", p.text(text))
	}
}

// changedField tells which thresholds are not what they are by default.
func (p *page) changedField(list []record.Threshold) {
	var texts []string
	for i := range list {
		t := &list[i]
		texts = append(texts, t.Path()+" "+thresholdValue(t, t.Value)+" (default "+thresholdValue(t, t.Default)+")")
	}
	if len(texts) > 0 {
		p.field(summaryNames, "thresholds", p.text("changed: "+strings.Join(texts, ", ")))
	}
}

// ignoredField tells which checks were not run.
func (p *page) ignoredField(list []record.CheckName) {
	const most = 8
	var names []string
	for _, name := range list[:min(len(list), most)] {
		names = append(names, string(name))
	}
	text := strings.Join(names, ", ")
	if more := len(list) - most; more > 0 {
		text += " and " + phrase.Count(more) + " others"
	}
	if text != "" {
		p.field(summaryNames, "ignored", p.text("findings of "+text))
	}
}

// thresholdLines lists the thresholds of all checks.
func (p *page) thresholdLines(checks []record.CheckDoc) {
	longest := 0
	var list []*record.Threshold
	for i := range checks {
		for k := range checks[i].Thresholds {
			t := &checks[i].Thresholds[k]
			list = append(list, t)
			longest = max(longest, cells(t.Path()+thresholdValue(t, t.Default))+1)
		}
	}
	if len(list) == 0 {
		return
	}
	p.line()
	p.heading("thresholds that --set changes")
	for _, t := range list {
		p.hanging(2, padRight(t.Path()+" "+thresholdValue(t, t.Default), longest+2), plain, p.text(t.Meaning), plain)
	}
}

// thresholdFields explains the thresholds of one check.
func (p *page) thresholdFields(names int, c *record.CheckDoc) {
	for i := range c.Thresholds {
		t := &c.Thresholds[i]
		name := ""
		if i == 0 {
			name = "--set"
		}
		p.optionalField(names, name, t.Path()+"="+t.Write(t.Default)+": "+t.Meaning)
	}
}

// thresholds appends the thresholds that were changed.
func (e *encoder) thresholds(list []record.Threshold) {
	e.array(`"thresholds":`)
	for i := range list {
		t := &list[i]
		e.open('{')
		e.keyStr(`"check":`, string(t.Check))
		e.keyStr(`"name":`, t.Name)
		e.keyStr(`"value":`, t.Write(t.Value))
		e.keyStr(`"default":`, t.Write(t.Default))
		e.endObject()
	}
	e.endArray()
}

// ignored appends the checks that were not run.
func (e *encoder) ignored(list []record.CheckName) {
	e.array(`"ignored":`)
	for _, name := range list {
		e.str(string(name))
	}
	e.endArray()
}
