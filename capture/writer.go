package capture

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
)

// Writer writes packets as pcapng, which unlike pcap can hold several link
// types, comments and the counts of dropped packets. Timestamps are in
// nanoseconds. It is for one goroutine.
type Writer struct {
	w       *bufio.Writer
	from    Source
	ifaces  map[origin]uint32
	written uint32            // interfaces
	same    map[string]uint32 // by description, where sources come one after the other; or nil
	sources map[int]uint32    // first interface of each source
	flushed int64             // time of the packet at the last flush
	last    int64             // time of the last packet
	block   []byte
	snapLen int // of the first interface
	whose   writtenProcesses
}

// origin is what makes an interface of its own in the file written.
type origin struct{ source, iface, linkType int }

// NewWriter starts a capture file on w with packets that come from the source
// from, which is asked for names, snap lengths and counters. Nothing but the
// file's header is written at once, and that is flushed, so that a program
// behind a pipe can start. Each Write of w gets whole blocks of the format.
func NewWriter(w io.Writer, from Source) (*Writer, error) {
	wr := &Writer{
		w:       bufio.NewWriterSize(w, 64<<10),
		from:    from,
		ifaces:  map[origin]uint32{},
		sources: map[int]uint32{},
	}
	if f, ok := from.(interface{ Successive() bool }); ok && f.Successive() {
		wr.same = map[string]uint32{}
	}
	b := wr.begin(blockSection)
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint64(b, 1<<64-1) // the section's length is not known
	for _, info := range from.Info() {
		for _, comment := range info.Comments { // as far as it is known at the beginning
			b = appendOption(b, optComment, []byte(comment))
		}
	}
	b = appendOption(b, 4, []byte("tcpflow-states")) // shb_userappl
	b = appendOption(b, optEnd, nil)
	if err := wr.end(b); err != nil {
		return nil, err
	}
	return wr, wr.Flush()
}

// Write appends a packet with its comment. It flushes when ReadTimeout has
// passed since the last flush by the packets' times, so that a reader can
// follow; when no packets come, the caller has to call Flush.
func (w *Writer) Write(p *Packet) error {
	key := origin{p.Source, p.Interface, p.LinkType}
	id, ok := w.ifaces[key]
	if !ok {
		var err error
		if id, err = w.describe(key); err != nil {
			return err
		}
		w.ifaces[key] = id
		if _, ok := w.sources[p.Source]; !ok {
			w.sources[p.Source] = id
		}
	}
	place, err := w.process(p.Process)
	if err != nil {
		return err
	}
	w.last = p.Time
	if p.Untimed && id == 0 && len(p.Data) == min(p.Length, w.snapLen) {
		return w.simple(p)
	}
	ticks := uint64(max(0, p.Time))
	b := w.begin(blockEnhanced)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(ticks>>32))
	b = binary.LittleEndian.AppendUint32(b, uint32(ticks))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.Length))
	b = pad(append(b, p.Data...))
	if p.Comment != "" {
		b = appendOption(b, optComment, []byte(p.Comment))
	}
	b = append(append(b, p.Options...), place...)
	if p.Comment != "" || len(p.Options)+len(place) > 0 {
		b = appendOption(b, optEnd, nil)
	}
	if err := w.end(b); err != nil {
		return err
	}
	if d := p.Time - w.flushed; d >= int64(ReadTimeout) || d < 0 {
		return w.Flush()
	}
	return nil
}

// simple writes a packet without a time, which has no room for a comment either. It is of the
// first interface, whose snap length tells how much of it was captured.
func (w *Writer) simple(p *Packet) error {
	b := w.begin(blockSimple)
	b = binary.LittleEndian.AppendUint32(b, uint32(p.Length))
	return w.end(pad(append(b, p.Data...)))
}

// describe writes the interface that packets of an origin refer to, and returns its number.
func (w *Writer) describe(from origin) (id uint32, err error) {
	b := w.begin(blockInterface)
	b = binary.LittleEndian.AppendUint16(b, uint16(from.linkType))
	b = binary.LittleEndian.AppendUint16(b, 0)
	var snapLen int
	var name string
	var options []byte
	if infos := w.from.Info(); from.source < len(infos) {
		info := infos[from.source]
		snapLen = info.SnapLen
		if from.iface < len(info.Interfaces) {
			name = info.Interfaces[from.iface]
		}
		if from.iface < len(info.Described) {
			name, options = "", info.Described[from.iface]
		}
	}
	if w.written == 0 {
		if w.snapLen = snapLen; snapLen == 0 {
			w.snapLen = math.MaxInt
		}
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(snapLen))
	if name != "" {
		b = appendOption(b, optIfName, []byte(name))
	}
	b = append(b, options...)
	b = appendOption(b, optIfTsresol, []byte{9})
	b = appendOption(b, optEnd, nil)
	if id, written := w.same[string(b)]; written {
		w.block = b
		return id, nil
	}
	id = w.written
	if w.same != nil {
		w.same[string(b)] = id
	}
	w.written++
	return id, w.end(b)
}

// Flush passes on everything written so far.
func (w *Writer) Flush() error {
	w.flushed = w.last
	return w.w.Flush()
}

// Close writes the counters of the sources that have them, and flushes. It
// closes neither the file nor the source, and is to be called before the
// source is closed.
func (w *Writer) Close() error {
	var list []uint32
	counted := map[uint32]counters{}
	for i, info := range w.from.Info() {
		id, ok := w.sources[i]
		if !ok || !info.HasDropCounters {
			continue
		}
		if _, before := counted[id]; !before {
			list = append(list, id)
		}
		counted[id] = counters{sum(counted[id].received, info.Received), sum(counted[id].dropped, info.Dropped)}
	}
	for _, id := range list {
		ticks := uint64(max(0, w.last))
		b := w.begin(blockStats)
		b = binary.LittleEndian.AppendUint32(b, id)
		b = binary.LittleEndian.AppendUint32(b, uint32(ticks>>32))
		b = binary.LittleEndian.AppendUint32(b, uint32(ticks))
		b = appendOption(b, optISBReceived, binary.LittleEndian.AppendUint64(nil, counted[id].received))
		b = appendOption(b, optISBIfDropped, binary.LittleEndian.AppendUint64(nil, counted[id].dropped))
		b = appendOption(b, optEnd, nil)
		if err := w.end(b); err != nil {
			return err
		}
	}
	return w.Flush()
}

// begin starts a block whose length end fills in.
func (w *Writer) begin(kind uint32) []byte {
	b := binary.LittleEndian.AppendUint32(w.block[:0], kind)
	return append(b, 0, 0, 0, 0)
}

func (w *Writer) end(b []byte) error {
	total := uint32(len(b) + 4)
	binary.LittleEndian.PutUint32(b[4:], total)
	b = binary.LittleEndian.AppendUint32(b, total)
	w.block = b // keep what it has grown to
	if len(b) > w.w.Available() {
		if err := w.w.Flush(); err != nil {
			return err
		}
	}
	_, err := w.w.Write(b)
	return err
}

// appendOption appends an option; a value that is too long for one is cut.
func appendOption(b []byte, code uint16, value []byte) []byte {
	value = value[:min(len(value), 0xffff)]
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

// pad fills up to a multiple of four octets. Blocks are built from their
// beginning, which is aligned.
func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
