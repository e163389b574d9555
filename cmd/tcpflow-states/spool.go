package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
)

// spool keeps packets in a file until they are taken, the oldest first. The file is a
// ring, so that it never grows beyond a size; memory does not grow with it. It is for
// one goroutine.
type spool struct {
	file *os.File
	size int64 // bytes of the ring

	// Bytes since the beginning: taken, read into in, in the file, and added.
	taken, read, written, added int64

	in, out []byte // read and not taken; added and not in the file
	inBuf   []byte
	pending int   // packets in it
	smaller error // why size is less than was asked for
	named   bool  // the file has its name still

	// Processes of packets, which are few, stay in memory: a packet has its place, from 1.
	processes []*record.Process
	places    map[*record.Process]uint64
}

const (
	spoolChunk = 1 << 20  // of what is written or read at once
	leastSpool = 16 << 20 // below it is no use, and a packet might not fit
	spoolHead  = 80       // of a record, before its comment, tag and data

	largestPacket = 16 << 20
)

// minSpool is the smallest size that a spool takes.
const minSpool = leastSpool + 2*largestPacket

// newSpool makes a spool in a file without a name in the folder, of at least minSpool
// bytes. The file takes no more room than the packets that were ever in it at a time.
func newSpool(folder string, size int64) (*spool, error) {
	f, err := os.CreateTemp(folder, "tcpflow-states-")
	if err != nil {
		return nil, err
	}
	named := os.Remove(f.Name()) != nil // not all systems remove a file that is open
	return &spool{file: f, size: max(size, minSpool), named: named}, nil
}

// len returns how many packets are in it.
func (s *spool) len() int { return s.pending }

// limit returns how many bytes its packets may take, and why that is less than was asked
// for, if it is: there was no room for more.
func (s *spool) limit() (bytes int64, less error) { return s.size, s.smaller }

// fits reports whether a packet with a tag can be added before others are taken.
func (s *spool) fits(p *capture.Packet, tag []byte) bool {
	return s.added-s.taken+recordLen(p, tag) <= s.size
}

func recordLen(p *capture.Packet, tag []byte) int64 {
	return int64(spoolHead + len(p.Comment) + len(tag) + len(p.Options) + len(p.Data))
}

// add adds a packet, which must fit, and what the caller wants to know of it again.
func (s *spool) add(p *capture.Packet, tag []byte) error {
	n := recordLen(p, tag)
	b := binary.LittleEndian.AppendUint32(s.out, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Comment)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(tag)))
	b = binary.LittleEndian.AppendUint32(b, uint32(p.Length))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Time))
	b = binary.LittleEndian.AppendUint64(b, p.Number)
	b = binary.LittleEndian.AppendUint64(b, uint64(p.LinkType))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Interface))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Source))
	var untimed uint64
	if p.Untimed {
		untimed = 1
	}
	b = binary.LittleEndian.AppendUint64(b, untimed)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(p.Options)))
	b = binary.LittleEndian.AppendUint64(b, s.place(p.Process))
	b = append(append(append(b, p.Comment...), tag...), p.Options...)
	s.out = append(b, p.Data...)
	s.added += n
	s.pending++
	if len(s.out) < spoolChunk {
		return nil
	}
	return s.flush()
}

// place returns the place of a process from 1, and 0 for none.
func (s *spool) place(p *record.Process) uint64 {
	if p == nil {
		return 0
	}
	place := s.places[p]
	if place == 0 {
		if s.places == nil {
			s.places = map[*record.Process]uint64{}
		}
		s.processes = append(s.processes, p)
		place = uint64(len(s.processes))
		s.places[p] = place
	}
	return place
}

// flush writes what was added into the file. Where the disk is full, the ring is made as
// small as the file is by then; what is over it waits in memory until packets are taken.
func (s *spool) flush() error {
	for len(s.out) > 0 {
		if s.added-s.taken > s.size { // the ring was made smaller
			return nil
		}
		at := s.written % s.size
		n := min(int64(len(s.out)), s.size-at)
		if _, err := s.file.WriteAt(s.out[:n], at); err != nil {
			if !full(err) || s.written >= s.size || s.written < leastSpool {
				return err
			}
			s.size, s.smaller = s.written, err
			continue
		}
		s.written += n
		s.out = append(s.out[:0], s.out[n:]...)
	}
	return nil
}

// full reports whether an error says that there is no more room.
func full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// take takes the oldest packet out, with its tag. Both are valid until the next call of
// a method. It returns io.EOF when there is none.
func (s *spool) take(p *capture.Packet) (tag []byte, err error) {
	if s.pending == 0 {
		return nil, io.EOF
	}
	b, err := s.peek(4)
	if err != nil {
		return nil, err
	}
	n := int(binary.LittleEndian.Uint32(b))
	if b, err = s.peek(n); err != nil {
		return nil, err
	}
	comment, tagged := int(binary.LittleEndian.Uint32(b[4:])), int(binary.LittleEndian.Uint32(b[8:]))
	p.Length = int(binary.LittleEndian.Uint32(b[12:]))
	p.Time = int64(binary.LittleEndian.Uint64(b[16:]))
	p.Number = binary.LittleEndian.Uint64(b[24:])
	p.LinkType = int(binary.LittleEndian.Uint64(b[32:]))
	p.Interface = int(binary.LittleEndian.Uint64(b[40:]))
	p.Source = int(binary.LittleEndian.Uint64(b[48:]))
	p.Untimed = b[56] != 0
	options := int(binary.LittleEndian.Uint64(b[64:]))
	p.Process = nil
	if place := binary.LittleEndian.Uint64(b[72:]); place > 0 {
		p.Process = s.processes[place-1]
	}
	b = b[spoolHead:n:n]
	p.Comment, b = string(b[:comment]), b[comment:]
	tag, b = b[:tagged], b[tagged:]
	p.Options, p.Data = b[:options:options], b[options:]
	s.in = s.in[n:]
	s.taken += int64(n)
	s.pending--
	return tag, nil
}

// peek returns the next n bytes, reading them if need be.
func (s *spool) peek(n int) ([]byte, error) {
	if len(s.in) >= n {
		return s.in, nil
	}
	// What is there moves to the front.
	s.inBuf = append(s.inBuf[:0], s.in...)
	for len(s.inBuf) < n {
		if s.read == s.written {
			// The rest waits in memory.
			s.inBuf = append(s.inBuf, s.out...)
			s.read, s.written = s.read+int64(len(s.out)), s.written+int64(len(s.out))
			s.out = s.out[:0]
			break
		}
		at := s.read % s.size
		want := min(max(spoolChunk, int64(n)), s.written-s.read, s.size-at)
		have := len(s.inBuf)
		s.inBuf = append(s.inBuf, make([]byte, want)...)
		if _, err := s.file.ReadAt(s.inBuf[have:], at); err != nil {
			return nil, fmt.Errorf("packets that wait cannot be read again: %w", err)
		}
		s.read += want
	}
	s.in = s.inBuf
	return s.in, nil
}

// close gives the file up.
func (s *spool) close() error {
	err := s.file.Close()
	if s.named {
		os.Remove(s.file.Name())
	}
	return err
}
