package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// Connection implements browse.Reader. What passed between other ends is left out first,
// which is much quicker; where the record is not what the list says of the connection then,
// all of the files is analysed.
func (b *browsing) Connection(ctx context.Context, id uint64, frame fsm.Frame) (*record.Report, error) {
	row, known := b.rows.Row(id)
	if !known {
		return &record.Report{}, nil
	}
	between := func(x, y netip.AddrPort) bool {
		return x == row.Client && y == row.Server || y == row.Client && x == row.Server
	}
	o, chosen := b.options()
	workers := o.Workers
	o.Workers, o.MaxSegments = 1, shownSegments
	if frame != 0 {
		o.Judge = func(f fsm.Frame) bool { return f == frame }
	}
	var found *record.Connection
	take := func(c *record.Connection) error {
		found = c.Clone()
		return errEnough
	}
	if !row.Related && o.Select == nil {
		o.Select, o.Segments = between, func(uint64) bool { return true }
		o.Each = func(c *record.Connection) error {
			if c.FirstFrame == row.Frames[0] && b.rows.Shows(&row, c) {
				return take(c)
			}
			return nil
		}
		r, err := b.again(ctx, o, chosen)
		if err != nil {
			return nil, err
		}
		if found != nil {
			found.ID, found.Stream = id, row.Stream
			r.Connections = []*record.Connection{found}
			return r, nil
		}
	}
	o.Select, o.Segments, o.Workers = b.opt.ends.choice(), nil, workers
	o.SegmentsBetween = between
	o.Each = func(c *record.Connection) error {
		if c.ID == id {
			return take(c)
		}
		return nil
	}
	r, err := b.again(ctx, o, chosen)
	if err != nil {
		return nil, err
	}
	if found != nil {
		r.Connections = []*record.Connection{found}
	}
	return r, nil
}

// Share implements browse.Reader.
func (b *browsing) Share() float64 {
	if share := b.share.Load(); share > 0 {
		return float64(share-1) / 1000
	}
	return -1
}

// Matching implements browse.Reader.
func (b *browsing) Matching(ctx context.Context, expression string, each func(uint64)) error {
	where, err := report.ParseWhere(expression, true)
	if err != nil {
		return err
	}
	o, chosen := b.options()
	before := o.Choose
	o.Choose = func(c *record.Connection) bool { return (before == nil || before(c)) && where.Match(c) }
	o.Each = func(c *record.Connection) error {
		each(c.ID)
		return nil
	}
	_, err = b.again(ctx, o, chosen)
	return err
}

// Write implements browse.Reader: one analysis finds what belongs to the connections, and the
// files are then read once more for their packets.
func (b *browsing) Write(ctx context.Context, ids []uint64, name string) (uint64, error) {
	if _, err := os.Lstat(name); err == nil {
		return 0, fmt.Errorf("%q exists already", name)
	}
	cut, err := b.app.cutoutOf(&cutOptions{write: name, spool: defaultSpool}, &selection{}, b.files, false)
	if err != nil {
		return 0, err
	}
	cut.file.tell = func(string, ...any) {} // the screen is no place for notices
	wanted := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	o, chosen := b.options()
	choose := o.Choose
	o.Choose = func(c *record.Connection) bool {
		cut.shared.add(c)
		return choose == nil || choose(c)
	}
	o.Each = func(c *record.Connection) error {
		if wanted[c.ID] {
			cut.add(c)
		}
		return nil
	}
	r, err := b.again(ctx, o, chosen)
	if err == nil {
		err = b.writeOut(cut, r)
	}
	if e := cut.end(); err == nil {
		err = e
	}
	return cut.out.written, err
}

// writeOut reads the files for the packets of a cutout.
func (b *browsing) writeOut(cut *cutout, r *record.Report) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cut.write(&cutFiles{
		open:   func() (capture.Source, error) { source, _, err := b.app.open(b.files, b.sig); return source, err },
		filter: b.filter, most: b.opt.count, sig: b.sig,
	}, b.opt, fragmented(r))
}
