package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// line tells a connection that has ended in one line: when, which, how long,
// how much each way, how it was closed, and its gravest finding.
func (o *output) line(c *record.Connection) string {
	arrow := "→"
	if o.render.ASCII {
		arrow = "->"
	}
	t := time.Unix(0, int64(c.Last))
	if o.render.Zone != nil {
		t = t.In(o.render.Zone)
	}
	ends := address(c.Client) + " " + arrow + " " + address(c.Server)
	text := fmt.Sprintf("%s  #%-3d %s  %s  %s/%s  %s",
		t.Format("15:04:05.000"), c.ID, ends, lasted(c.Last-c.First),
		size(c.Traffic[fsm.Client].Octets), size(c.Traffic[fsm.Server].Octets), ending(c))
	if len(c.Anomalies) > 0 {
		a := &c.Anomalies[0]
		text += "  " + o.paint(a.Severity, a.Severity.String()+": "+a.Name)
		if more := len(c.Anomalies) - 1; more > 0 {
			text += fmt.Sprintf(" +%d", more)
		}
	}
	return text + "\n"
}

func (o *output) paint(s record.Severity, text string) string {
	if !o.render.Color {
		return text
	}
	sgr := [...]string{"35", "36", "33", "1;31"}[s&3]
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

func address(a record.Addr) string { return netip.AddrPortFrom(a.IP, a.Port).String() }

// ending says how a connection was closed and by whom.
func ending(c *record.Connection) string {
	text := strings.ReplaceAll(c.Close.Kind, "-", " ")
	if by := c.Close.ResetBy; by != "" {
		text += " by " + by
	} else if by := c.Close.FirstCloser; by != "" {
		text += " by " + by
	}
	return text
}

func lasted(t fsm.Time) string {
	switch s := t.Seconds(0); {
	case s < 1:
		return fmt.Sprintf("%.1f ms", s*1e3)
	case s < 120:
		return fmt.Sprintf("%.1f s", s)
	case s < 7200:
		return fmt.Sprintf("%.0f min", s/60)
	default:
		return fmt.Sprintf("%.1f h", s/3600)
	}
}

func size(n uint64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return uintText(n) + " B"
	}
	f, i := float64(n)/1000, 0
	for f >= 999.5 && i < len(units)-1 {
		f /= 1000
		i++
	}
	return fmt.Sprintf("%.3g %cB", f, units[i])
}

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }
