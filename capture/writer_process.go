package capture

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// writtenProcesses are the processes that a Writer has described.
type writtenProcesses struct {
	places   map[*process.Process]uint32 // their blocks in the section, counted from 0
	numbered map[uint32]*process.Process // the last of each number
	blocks   uint32
}

// process describes a process before the first packet that names it, and returns the
// packet's options that name it beside those that it has.
func (w *Writer) process(p *process.Process) (options []byte, err error) {
	if p == nil {
		return nil, nil
	}
	switch p.Kind {
	case process.Wireshark:
		// Packets name only the number, which another file's process may have too: of those
		// described the last is then meant.
		if w.whose.numbered[p.PID] != p {
			_, err = w.describeProcess(p)
		}
		return nil, err
	case process.Darwin:
		return w.darwinProcess(p)
	}
	return nil, nil
}

func (w *Writer) darwinProcess(p *process.Process) (options []byte, err error) {
	behalf := p.For
	place, err := w.place(p)
	if err != nil {
		return nil, err
	}
	options = appendOption(nil, optEPBDarwin, binary.LittleEndian.AppendUint32(nil, place))
	if behalf == nil || behalf.Kind != process.Darwin {
		return options, nil
	}
	if place, err = w.place(behalf); err != nil {
		return nil, err
	}
	return appendOption(options, optEPBDarwinEffective, binary.LittleEndian.AppendUint32(nil, place)), nil
}

// place returns the place of a process's block in the section, which it writes if need be.
func (w *Writer) place(p *process.Process) (uint32, error) {
	if place, written := w.whose.places[p]; written {
		return place, nil
	}
	return w.describeProcess(p)
}

// describeProcess writes a process's block, and returns its place.
func (w *Writer) describeProcess(p *process.Process) (place uint32, err error) {
	if len(p.Block) < 4 {
		return 0, nil
	}
	if w.whose.places == nil {
		w.whose.places, w.whose.numbered = map[*process.Process]uint32{}, map[uint32]*process.Process{}
	}
	var b []byte
	if p.Kind == process.Darwin {
		b = w.begin(blockDarwin)
		b = append(b, p.Block...)
		b = appendOption(b, optEnd, nil)
	} else {
		b = w.begin(blockCustom)
		b = binary.LittleEndian.AppendUint32(b, wiresharkNumber)
		b = binary.LittleEndian.AppendUint32(b, entryProcess)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Block)))
		b = pad(append(b, p.Block...))
	}
	place = w.whose.blocks
	w.whose.blocks++
	w.whose.places[p], w.whose.numbered[p.PID] = place, p
	return place, w.end(b)
}
