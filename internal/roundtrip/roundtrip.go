// Package roundtrip writes the packets of chosen connections with -w, and holds the file
// against the capture that they come from: the packets bit for bit, and what is said of the
// connections.
package roundtrip

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// A Checker checks captures.
type Checker struct {
	Run     func(args ...string) ([]byte, error)        // the program's standard output
	Readers []func(file string) error                   // other programs that must take the file written
	Every   bool                                        // the readers read every file, not only the first of a capture
	Alone   int                                         // how many connections of a capture are written alone
	Filters func(file, filter string) ([]uint64, error) // the frames that a display filter shows, or nil
	Folder  string                                      // for files written

	Captures, Selections, Packets, Connections, Filtered int
	Excuses                                              map[string]int

	read bool // readers have read a file of this capture
}

// A Connection is what the program's JSON says of one.
type Connection struct {
	ID             uint64
	Client, Server struct {
		IP   string
		Port int
	}
	FirstTime string `json:"first_time"`
	LastTime  string `json:"last_time"`
	Incarn    int    `json:"incarnation"`
	Filter    string `json:"wireshark_filter"`
	Stream    *int   `json:"tcp_stream"`
	State     struct{ Client, Server string }
	Close     struct {
		Kind string
	}
	Verdict   struct{ Code string }
	Anomalies []struct {
		Name, Severity string
		Frames         []uint64
		Filter         string `json:"wireshark_filter"`
	}
	Traffic  struct{ Client, Server struct{ Packets, Bytes int } }
	ICMP     []struct{ Frame uint64 }
	Segments []struct{ Frame uint64 }
}

type document struct {
	Connections []*Connection
}

// report runs the program. A capture that is cut short is read as far as it goes.
func (c *Checker) report(args ...string) (*document, error) {
	out, err := c.Run(append([]string{"--json", "--workers", "1"}, args...)...)
	var d document
	if jsonErr := json.Unmarshal(out, &d); jsonErr != nil {
		return nil, cmp.Or(err, jsonErr)
	}
	return &d, nil
}

// Check checks a capture, and returns what is wrong.
func (c *Checker) Check(file string) (problems []string) {
	whole, err := c.report("--segments", file)
	if err != nil {
		return nil // no capture, or one that nobody reads
	}
	c.Captures++
	c.read = false
	packets, err := read(file)
	if err != nil {
		return []string{err.Error()}
	}
	if len(whole.Connections) == 0 {
		return nil
	}
	fail := func(name, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s, %s: %s", file, name, fmt.Sprintf(format, args...)))
	}
	step := max(1, len(whole.Connections)/max(1, c.Alone))
	for i := 0; i < len(whole.Connections) && i/step < c.Alone; i += step {
		one := whole.Connections[i]
		id := strconv.FormatUint(one.ID, 10)
		c.selection("--conn "+id, []string{"--conn", id}, file, whole, packets, func(k *Connection) bool { return k == one }, fail)
		if c.Filters != nil {
			c.filters(one, file, whole, fail)
		}
	}
	c.selection("--severity warning", []string{"--severity", "warning"}, file, whole, packets, func(k *Connection) bool {
		return slices.ContainsFunc(k.Anomalies, func(a struct {
			Name, Severity string
			Frames         []uint64
			Filter         string `json:"wireshark_filter"`
		}) bool {
			return a.Severity == "warning" || a.Severity == "error"
		})
	}, fail)
	c.selection("--where", []string{"--where", "server.port < 1024"}, file, whole, packets, func(k *Connection) bool { return k.Server.Port < 1024 }, fail)
	return problems
}

// selection writes what is chosen and looks at the file.
func (c *Checker) selection(name string, args []string, file string, whole *document, packets []packet, chosen func(*Connection) bool, fail func(name, format string, args ...any)) {
	var want []*Connection
	for _, k := range whole.Connections {
		if chosen(k) {
			want = append(want, k)
		}
	}
	if len(want) == 0 {
		return
	}
	c.Selections++
	out := filepath.Join(c.Folder, "out.pcapng")
	defer os.Remove(out)
	if _, err := c.report(append(args, "-w", out, file)...); err != nil {
		fail(name, "%v", err)
		return
	}
	written, err := read(out)
	if err != nil {
		fail(name, "%v", err)
		return
	}
	c.Packets += len(written)
	for _, text := range compare(packets, written, whole.Connections, chosen) {
		fail(name, "%s", text)
	}
	for _, takes := range c.Readers {
		if c.read && !c.Every {
			break
		}
		if err := takes(out); err != nil {
			fail(name, "%v", err)
		}
	}
	c.read = true
	again, err := c.report(out)
	if err != nil {
		fail(name, "read again: %v", err)
		return
	}
	bad := c.differing(want, again.Connections)
	c.Connections += len(want)
	if len(bad) == 0 {
		return
	}
	// What the capture's end decides is told again where the file has the same end.
	late := filepath.Join(c.Folder, "late.pcapng")
	defer os.Remove(late)
	if err := lengthen(out, late, file); err != nil {
		fail(name, "%v", err)
		return
	}
	if again, err = c.report(late); err != nil {
		fail(name, "read again: %v", err)
		return
	}
	still := c.differing(want, again.Connections)
	c.excuse(len(bad)-len(still), "by the end of the whole capture")
	for k, now := range still {
		neighbours := 0
		for _, o := range whole.Connections {
			if o != k && !chosen(o) && o.ends() == k.ends() {
				neighbours++
			}
		}
		if neighbours > 0 {
			c.excuse(1, "by others on the same addresses and ports, which were not chosen")
			continue
		}
		fail(name, "connection %d\n\tis    %s\n\tagain %s", k.ID, k.gist(), now)
	}
}

// differing returns which connections are told otherwise, and how. Connections between the
// same ends are told apart by their first times, which may be others by a little where the
// clocks of directions differ, or else by their order.
func (c *Checker) differing(want, got []*Connection) map[*Connection]string {
	found := map[string][]*Connection{}
	for _, k := range got {
		found[k.ends()] = append(found[k.ends()], k)
	}
	bad := map[*Connection]string{}
	for _, k := range want {
		list := found[k.ends()]
		if len(list) == 0 {
			bad[k] = "not there"
			continue
		}
		at := max(0, slices.IndexFunc(list, func(o *Connection) bool { return o.FirstTime == k.FirstTime }))
		if list[at].gist() != k.gist() {
			bad[k] = list[at].gist()
		}
		found[k.ends()] = slices.Delete(list, at, at+1)
	}
	return bad
}

// ends writes the ends in their order.
func (k *Connection) ends() string {
	a, b := fmt.Sprint(k.Client), fmt.Sprint(k.Server)
	return min(a, b) + " " + max(a, b)
}

func (c *Checker) excuse(n int, why string) {
	if n == 0 {
		return
	}
	if c.Excuses == nil {
		c.Excuses = map[string]int{}
	}
	c.Excuses[why] += n
}

// gist is what must be the same.
func (k *Connection) gist() string {
	var found []string
	for _, a := range k.Anomalies {
		found = append(found, a.Severity+" "+a.Name)
	}
	slices.Sort(found)
	return fmt.Sprint(k.State, k.Verdict.Code, k.Close.Kind, k.Traffic, found)
}

// filters holds the display filters of a connection and its findings against what another
// program shows by them.
func (c *Checker) filters(k *Connection, file string, whole *document, fail func(name, format string, args ...any)) {
	// Display filters do not tell those apart that go on at once between the same ends.
	others := map[uint64]bool{}
	for _, o := range whole.Connections {
		if o != k && o.ends() == k.ends() && o.FirstTime <= k.LastTime && k.FirstTime <= o.LastTime {
			return
		}
		for _, s := range o.Segments {
			others[s.Frame] = o != k
		}
	}
	shown, err := c.Filters(file, k.Filter)
	if err != nil {
		fail(k.Filter, "%v", err)
		return
	}
	c.Filtered++
	for _, s := range k.Segments {
		if !slices.Contains(shown, s.Frame) {
			fail(k.Filter, "frame %d is not shown", s.Frame)
			break
		}
	}
	for _, f := range shown {
		if others[f] {
			fail(k.Filter, "frame %d of another connection is shown", f)
			break
		}
	}
	if len(k.Anomalies) == 0 || k.Anomalies[0].Filter == "" {
		return
	}
	a := k.Anomalies[0]
	shown, err = c.Filters(file, a.Filter)
	frames := slices.Compact(slices.Sorted(slices.Values(a.Frames)))
	if err != nil || !slices.Equal(shown, frames) {
		fail(a.Filter, "%s shows %d, want %d: %v", a.Name, shown, frames, err)
	}
	c.Filtered++
}

// packet is what must be the same of a packet.
type packet struct {
	key     string
	comment string
}

func read(file string) ([]packet, error) {
	source, err := capture.Open(file)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var list []packet
	for p := (capture.Packet{}); source.Next(&p) == nil; {
		whose := ""
		if p.Process != nil {
			whose = p.Process.Key()
		}
		list = append(list, packet{fmt.Sprintf("%d %d %d %x %x %q", p.Time, p.Length, p.LinkType, p.Options, p.Data, whose), p.Comment})
	}
	return list, nil
}

// compare holds packets written against the capture.
func compare(packets, written []packet, connections []*Connection, chosen func(*Connection) bool) (problems []string) {
	const (
		nobodys = iota
		foreign
		wanted
	)
	whose := make([]int, len(packets)+1)
	for _, k := range connections {
		mine := chosen(k)
		for _, s := range k.Segments {
			if mine {
				whose[s.Frame] = wanted
			} else {
				whose[s.Frame] = max(whose[s.Frame], foreign)
			}
		}
		for _, e := range k.ICMP {
			if mine {
				whose[e.Frame] = wanted
			}
		}
	}
	// What is the same, octets and time, is not told apart.
	want, may := map[string]int{}, map[string]int{}
	for i, p := range packets {
		switch whose[i+1] {
		case wanted:
			want[p.key]++
			may[p.key]++
		case nobodys:
			may[p.key]++
		}
	}
	at := 0
	for i, p := range written {
		for at < len(packets) && packets[at].key != p.key {
			at++
		}
		switch {
		case at == len(packets):
			return append(problems, fmt.Sprintf("packet %d written is not in the capture, or out of order", i+1))
		case !strings.HasPrefix(p.comment, packets[at].comment):
			problems = append(problems, fmt.Sprintf("packet %d: comment %q, was %q", i+1, p.comment, packets[at].comment))
		case may[p.key] == 0:
			problems = append(problems, fmt.Sprintf("packet %d, frame %d of the capture, is of another connection", i+1, at+1))
		}
		at++
		may[p.key]--
		want[p.key]--
	}
	missing := 0
	for _, n := range want {
		missing += max(0, n)
	}
	if missing > 0 {
		problems = append(problems, fmt.Sprintf("%d packets are not written", missing))
	}
	return problems
}
