package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/markdown"
)

// Result is how all did on one trace.
type Result struct {
	group, kind string
	n           int
	Title       string
	File        *File
	Rows        []*Row
	Note        string   // why there are none
	Remarks     []string // under the table
}

// Row is how one tool did.
type Row struct {
	Name    string
	Runs    []Usage
	Note    string // why there are none
	packets uint64
}

// row returns the row of that name, or nil.
func (r *Result) row(name string) *Row {
	if r == nil {
		return nil
	}
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	return nil
}

func (r *Row) measured() bool { return r != nil && len(r.Runs) > 0 }

// exceeded reports whether the row's runs were ended by a limit.
func (r *Row) exceeded() bool { return r != nil && strings.HasPrefix(r.Note, "more than") }

// median is the middle wall time; of an even number the mean of the two.
func (r *Row) median() time.Duration {
	return middle(r.Runs, func(u Usage) time.Duration { return u.Wall })
}

func (r *Row) perPacket() float64 { return r.median().Seconds() / float64(r.packets) }

// memory is the peak of all runs.
func (r *Row) memory() (most int64) {
	for _, u := range r.Runs {
		most = max(most, u.Memory)
	}
	return most
}

func middle(runs []Usage, of func(Usage) time.Duration) time.Duration {
	var all []time.Duration
	for _, u := range runs {
		all = append(all, of(u))
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// times is a tool's time to the reference's.
func (r *Result) times(name string) (float64, bool) {
	row, base := r.row(name), r.row(reference)
	if !row.measured() || !base.measured() {
		return 0, false
	}
	return row.median().Seconds() / base.median().Seconds(), true
}

// write prints the result as a table of its own.
func (r *Result) write(w io.Writer) {
	fmt.Fprintf(w, "### %s\n\n%d packets, %s; %d connections\n\n", r.Title, r.File.Packets, memory(r.File.Size), r.File.Connections)
	rows := [][]string{{"", "runs", "time, median", "least to most", "× tcpdump", "processor time", "peak memory"}}
	for _, row := range r.Rows {
		if !row.measured() {
			rows = append(rows, []string{row.Name, "–", row.Note, "", "", "", ""})
			continue
		}
		ratio := "–"
		if x, ok := r.times(row.Name); ok {
			ratio = fmt.Sprintf("%.2f", x)
		}
		low := slices.MinFunc(row.Runs, byWall).Wall
		high := slices.MaxFunc(row.Runs, byWall).Wall
		rows = append(rows, []string{row.Name, fmt.Sprint(len(row.Runs)), seconds(row.median()), seconds(low) + " to " + seconds(high), ratio,
			seconds(middle(row.Runs, func(u Usage) time.Duration { return u.CPU })), memory(row.memory())})
	}
	markdown.Table(w, rows)
	fmt.Fprintln(w)
}

func byWall(a, b Usage) int { return int(a.Wall - b.Wall) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// memory writes bytes as MB or GB.
func memory(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 1e9:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}
