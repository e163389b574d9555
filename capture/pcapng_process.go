package capture

import (
	"bytes"
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Processes stand in pcapng in three ways, none of them in the specification yet:
//
//   - Wireshark, from 4.7 on, has a custom block of its own with an entry for a process: its
//     number and options, little-endian whatever the section is. Packets name the number
//     (epb_processid_threadid). A number may be used anew: the process is the one of that
//     number that began last before the packet, the first if none did, and of those whose
//     beginning is not known the last described.
//   - Apple's tcpdump has a block for each process, and packets the place of that block in
//     the section, of the process itself and of one on whose behalf it acts. Wireshark 4.7
//     counts the blocks of all sections through; Apple's header counts those of the section.
//   - ptcpdump writes comments, see package process.

const (
	blockDarwin = 0x80000001 // Apple's process information block

	wiresharkNumber = 32622 // of the enterprise
	entryProcess    = 3

	optEPBProcess         = 8
	optEPBDarwin          = 0x8001
	optEPBDarwinEffective = 0x8003
)

// Bounds on what a file can make us keep of processes. What is beyond is not known.
const (
	maxProcessBlock = 64 << 10 // longer blocks are passed over
	maxProcessBytes = 16 << 20 // of all processes of a file
	maxNumberUses   = 16       // processes of one number in a section: the latest
	maxDescription  = 16 << 10 // octets of a block that are written again
)

// processes are what a file has told of processes.
type processes struct {
	blocks   []*process.Process            // of this section, in order; nil for what was not kept
	numbered map[uint32][]*process.Process // those of the section by number, in order
	bare     map[uint32]*process.Process   // those of which packets tell nothing but the number
	acting   map[[2]*process.Process]*process.Process
	comments map[string]*process.Process // by what they say
	lastText string                      // the comment of the packet before
	last     *process.Process
	bytes    int
}

// newProcesses returns an empty one.
func newProcesses() *processes {
	return &processes{
		numbered: map[uint32][]*process.Process{}, bare: map[uint32]*process.Process{},
		acting: map[[2]*process.Process]*process.Process{}, comments: map[string]*process.Process{},
	}
}

// nextSection forgets what is of one section only.
func (s *processes) nextSection() {
	s.blocks = s.blocks[:0]
	clear(s.numbered)
}

// keep reports whether there is room for a process, with so many bytes beside it.
func (s *processes) keep(p *process.Process, beside int) bool {
	n := p.Size() + beside
	if s.bytes+n > maxProcessBytes {
		return false
	}
	s.bytes += n
	return true
}

// add takes in the process of a block.
func (s *processes) add(p *process.Process) {
	if !s.keep(p, 0) {
		p = nil
	}
	if len(s.blocks) < maxProcessBytes/64 {
		s.blocks = append(s.blocks, p)
	}
	if p == nil || p.PID == 0 {
		return
	}
	list := append(s.numbered[p.PID], p)
	s.numbered[p.PID] = list[max(0, len(list)-maxNumberUses):]
}

// of returns the process of a packet that names its number.
func (s *processes) of(pid uint32, at int64) *process.Process {
	if pid == 0 {
		return nil
	}
	var found, first *process.Process
	for _, p := range s.numbered[pid] {
		if p.Started <= at && (found == nil || p.Started >= found.Started) {
			found = p
		}
		if first == nil || p.Started < first.Started {
			first = p
		}
	}
	switch {
	case found != nil:
		return found
	case first != nil:
		return first
	}
	p := s.bare[pid]
	if p == nil {
		if p = (&process.Process{PID: pid}); !s.keep(p, 64) {
			return nil
		}
		s.bare[pid] = p
	}
	return p
}

// place returns the process of the block at a place of the section.
func (s *processes) place(at uint32) *process.Process {
	if uint64(at) >= uint64(len(s.blocks)) {
		return nil
	}
	return s.blocks[at]
}

// actingFor returns a process that acts on behalf of another.
func (s *processes) actingFor(p, other *process.Process) *process.Process {
	if p == nil || other == nil || p == other {
		return p
	}
	key := [2]*process.Process{p, other}
	acting := s.acting[key]
	if acting == nil {
		own := *p
		own.For = other
		if acting = &own; !s.keep(acting, 64) {
			return p
		}
		s.acting[key] = acting
	}
	return acting
}

// told returns the process that a packet's comments tell of. Those of packets that follow each
// other are mostly the same.
func (s *processes) told(comment string) *process.Process {
	if comment == s.lastText {
		return s.last
	}
	p := process.FromComment(comment)
	if p != nil {
		key := p.Key()
		if known := s.comments[key]; known != nil {
			p = known
		} else if s.keep(p, len(key)+64) {
			s.comments[key] = p
		} else {
			p = nil
		}
	}
	s.lastText, s.last = comment, p
	return p
}

// isProcessBlock reports whether a block may tell of a process, by its type and length.
func isProcessBlock(kind, total uint32) bool {
	return (kind == blockCustom || kind == blockDarwin) && total >= 16 && total <= maxProcessBlock
}

// known returns what is known of processes, to add to it.
func (r *ngFile) known() *processes {
	if r.processes == nil {
		r.processes = newProcesses()
	}
	return r.processes
}

// customBlock takes in Wireshark's description of a process, and reports whether a block is
// one: the enterprise's number, type of the entry, its length, the entry, options.
func (r *ngFile) customBlock(body []byte) bool {
	if len(body) < 16 || r.u32(body) != wiresharkNumber || binary.LittleEndian.Uint32(body[4:]) != entryProcess {
		return false
	}
	n := binary.LittleEndian.Uint32(body[8:])
	if n < 4 || uint64(n) > uint64(len(body)-12) {
		return false
	}
	entry := body[12 : 12+n]
	p := &process.Process{PID: binary.LittleEndian.Uint32(entry), Kind: process.Wireshark}
	little := ngFile{} // whose numbers are little-endian
	little.options(entry[4:], func(code uint16, value []byte) { describeProcess(p, code, value) })
	p.NameByPath()
	if len(entry) <= maxDescription {
		p.Block = bytes.Clone(entry)
	}
	r.known().add(p)
	return true
}

// describeProcess takes in an option of Wireshark's entry.
func describeProcess(p *process.Process, code uint16, value []byte) {
	switch {
	case code == 2: // pib_name
		p.Name = process.Cut(string(value), process.MaxName)
	case code == 3: // pib_path
		p.Path = process.Cut(string(value), process.MaxText)
	case code == 4: // pib_cmdline: a zero behind each argument
		p.Command = process.Cut(string(bytes.ReplaceAll(value, []byte{0}, []byte{' '})), process.MaxText)
	case code == 5 && len(value) == 4: // pib_ppid
		p.Parent = binary.LittleEndian.Uint32(value)
	case code == 6 && len(value) == 4: // pib_uid
		p.UID, p.HasUID = binary.LittleEndian.Uint32(value), true
	case code == 7: // pib_user
		p.User = process.Cut(string(value), process.MaxName)
	case code == 9 && len(value) == 8: // pib_starttime; 8 is a UUID
		p.Started = max(0, int64(binary.LittleEndian.Uint64(value)))
	}
}

// darwinBlock takes in Apple's description of a process: its number, options.
func (r *ngFile) darwinBlock(body []byte) {
	p := &process.Process{PID: r.u32(body), Kind: process.Darwin}
	p.Block = binary.LittleEndian.AppendUint32(nil, p.PID)
	r.options(body[4:], func(code uint16, value []byte) {
		switch code {
		case 2: // its name, of at most 15 octets
			p.Name = process.Cut(string(value), process.MaxName)
		case 3: // its path
			p.Path = process.Cut(string(value), process.MaxText)
		}
		// Of 4, a UUID, and comments no number is in the byte order of the section.
		if code >= optComment && code <= 4 && len(p.Block)+len(value)+8 <= maxDescription {
			p.Block = appendOption(p.Block, code, value)
		}
	})
	if p.PID == 1<<32-1 { // -1: not known
		p.PID = 0
	}
	p.NameByPath()
	r.known().add(p)
}

// packetProcess finds a packet's process by its options, which were read.
func (r *ngFile) packetProcess(p *Packet, o *processOptions) {
	switch {
	case o.darwin:
		s := r.known()
		p.Process = s.place(o.place)
		if o.acts {
			p.Process = s.actingFor(p.Process, s.place(o.behalf))
		}
	case o.pid != 0:
		p.Process = r.known().of(o.pid, p.Time)
	case p.Comment != "" && process.InComment(p.Comment):
		p.Process = r.known().told(p.Comment)
	}
}

// processOptions are those of a packet's options that name a process.
type processOptions struct {
	pid           uint32 // 0 for none
	darwin, acts  bool
	place, behalf uint32
}

func (r *ngFile) processOption(o *processOptions, code uint16, value []byte) {
	switch {
	case code == optEPBProcess && len(value) == 8:
		o.pid = r.u32(value)
	case code == optEPBDarwin && len(value) == 4:
		o.darwin, o.place = true, r.u32(value)
	case code == optEPBDarwinEffective && len(value) == 4:
		o.acts, o.behalf = true, r.u32(value)
	}
}
