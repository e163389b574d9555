package report

import (
	"strconv"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// filters lists Wireshark's display filters of the connections shown and of what was found
// on them. They are to be copied, so none is broken over lines.
func (p *page) filters(d *Digest, r *record.Report) {
	p.line()
	p.heading("Wireshark filters")
	shown, _ := d.connections()
	for _, c := range shown {
		p.line("  " + p.paint(bold, padRight("#"+number(c.ID), 5)) + p.ofFiles(c) + " " + string(c.AppendWiresharkFilter(nil)))
		for i := range c.Anomalies {
			p.findingFilter("        ", &c.Anomalies[i])
		}
	}
	for i := range r.Capture.Anomalies {
		p.findingFilter("  ", &r.Capture.Anomalies[i])
	}
}

func (p *page) findingFilter(indent string, a *record.Anomaly) {
	if filter := framesFilter(a); filter != "" {
		p.line(indent + p.paint(severityStyle(a.Severity), a.Severity.String()+" "+string(a.Name)) + p.ofFile(a.Frames[0]) + "  " + filter)
	}
}

// framesFilter is the filter of a finding's frames, "" if it has none in one file.
func framesFilter(a *record.Anomaly) string {
	return string(record.AppendWiresharkFrames(nil, a.Frames))
}

// ofFile says in which of several files a frame is.
func (p *page) ofFile(f fsm.Frame) string {
	if !p.o.Multi {
		return ""
	}
	return " (file " + strconv.Itoa(f.File()+1) + ")"
}

// ofFiles says in which of several files a connection is.
func (p *page) ofFiles(c *record.Connection) string {
	if c.Lowest.File() != c.Highest.File() {
		return " (several files)"
	}
	return p.ofFile(c.Lowest)
}

// wiresharkHead writes the filters into a timeline's head.
func (p *page) wiresharkHead(c *record.Connection) {
	if c.Stream == 0 && !p.o.Filters {
		return
	}
	p.head("wireshark", string(c.AppendWiresharkFilter(nil)))
	if !p.o.Filters {
		return
	}
	for i := range c.Anomalies {
		if a := &c.Anomalies[i]; framesFilter(a) != "" {
			p.head("", string(a.Name)+p.ofFile(a.Frames[0])+": "+framesFilter(a))
		}
	}
}
