package report

import (
	"cmp"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

const (
	mostProcesses  = 6   // that a timeline's head names
	longestCommand = 200 // cells
)

// processHead names the processes of either end, a line for each.
func (p *page) processHead(c *record.Connection) {
	name := "process"
	for i := range c.Owners {
		if i == mostProcesses {
			break
		}
		p.head(name, p.processText(&c.Owners[i]))
		name = ""
	}
	switch more := len(c.Owners) - mostProcesses; {
	case c.MoreOwners:
		p.head(name, "more than these")
	case more > 0:
		p.head(name, "and "+phrase.Counted(uint64(more), "other", "others")+": in the JSON")
	}
}

func (p *page) processText(o *record.Owner) string {
	end := "of an unknown end"
	if o.HasSide {
		end = o.Side.String()
	}
	facts := []string{processName(o.Process)}
	if o.For != nil {
		facts = append(facts, "on behalf of "+processName(o.For))
	}
	if o.HasUID || o.User != "" {
		user := o.User
		if user == "" {
			user = number(uint64(o.UID))
		}
		facts = append(facts, "user "+user)
	}
	if x := &o.Container; x.Name != "" || x.ID != "" {
		facts = append(facts, "container "+cmp.Or(x.Name, shortID(x.ID))+optional(", image ", x.Image))
	}
	if o.Pod.Name != "" {
		facts = append(facts, "pod "+strings.TrimPrefix(o.Pod.Namespace+"/"+o.Pod.Name, "/"))
	}
	if o.Source == record.OwnerFoundLate {
		facts = append(facts, "found late")
	}
	if text := cmp.Or(o.Command, o.Path); text != "" && text != o.Name {
		facts = append(facts, cut(text, longestCommand, p.g.ellipsis))
	}
	return end + ": " + strings.Join(facts, "; ")
}

// processesBriefly names the first process of either end.
func processesBriefly(c *record.Connection) string {
	var ends []string
	for side := fsm.Client; side <= fsm.Server; side++ {
		for i := range c.Owners {
			if o := &c.Owners[i]; o.HasSide && o.Side == side && (o.PID != 0 || o.Name != "") {
				ends = append(ends, side.String()+": "+processName(o.Process))
				break
			}
		}
	}
	return strings.Join(ends, ", ")
}

// processName writes a process's name and number.
func processName(x *record.Process) string {
	if x.PID == 0 {
		return cmp.Or(x.Name, "unknown")
	}
	if x.Name == "" {
		return "process " + number(uint64(x.PID))
	}
	return x.Name + " (" + number(uint64(x.PID)) + ")"
}

// shortID cuts a container's ID to what tools for containers show of it.
func shortID(id string) string { return id[:min(len(id), 12)] }
