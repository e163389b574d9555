package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// Builders of capture files, byte for byte, in either byte order. They know
// the formats from their specifications and share nothing with the readers.

// order is what both of encoding/binary's byte orders are.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// pcapHead is a pcap file header; its zero fields get the usual values.
type pcapHead struct {
	magic        uint32
	major, minor uint16
	snapLen      uint32
	link         uint32
}

func (h pcapHead) bytes(o order) []byte {
	if h.magic == 0 {
		h.magic = 0xa1b2c3d4
	}
	if h.major == 0 {
		h.major, h.minor = 2, 4
	}
	if h.link == 0 {
		h.link = 1
	}
	b := o.AppendUint32(nil, h.magic)
	b = o.AppendUint16(b, h.major)
	b = o.AppendUint16(b, h.minor)
	b = o.AppendUint64(b, 0)
	b = o.AppendUint32(b, h.snapLen)
	return o.AppendUint32(b, h.link)
}

// words appends numbers of 32 bits.
func words(o order, b []byte, v ...uint32) []byte {
	for _, w := range v {
		b = o.AppendUint32(b, w)
	}
	return b
}

// record appends a pcap record whose lengths are true.
func record(o order, b []byte, sec, frac uint32, data string) []byte {
	n := uint32(len(data))
	return append(words(o, b, sec, frac, n, n), data...)
}

// block appends a pcapng block around a body, which is padded.
func block(o order, b []byte, kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	total := uint32(len(body) + 12)
	b = append(words(o, b, kind, total), body...)
	return words(o, b, total)
}

// opt is a pcapng option.
type opt struct {
	code  uint16
	value []byte
}

func options(o order, b []byte, list ...opt) []byte {
	for _, p := range list {
		b = o.AppendUint16(b, p.code)
		b = o.AppendUint16(b, uint16(len(p.value)))
		b = append(b, p.value...)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	if len(list) > 0 {
		b = words(o, b, 0)
	}
	return b
}

func shb(o order, b []byte, list ...opt) []byte {
	body := words(o, nil, 0x1a2b3c4d)
	body = o.AppendUint16(body, 1)
	body = o.AppendUint16(body, 0)
	body = o.AppendUint64(body, 1<<64-1)
	return block(o, b, 0x0a0d0d0a, options(o, body, list...))
}

func idb(o order, b []byte, link uint16, snapLen uint32, list ...opt) []byte {
	body := o.AppendUint16(nil, link)
	body = o.AppendUint16(body, 0)
	body = words(o, body, snapLen)
	return block(o, b, 1, options(o, body, list...))
}

func epb(o order, b []byte, iface uint32, ticks uint64, data string, list ...opt) []byte {
	n := uint32(len(data))
	body := words(o, nil, iface, uint32(ticks>>32), uint32(ticks), n, n)
	body = append(body, data...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	return block(o, b, 6, options(o, body, list...))
}

// got is a packet in a form that == compares.
type got struct {
	data    string
	time    int64
	length  int
	link    int
	iface   int
	source  int
	number  uint64
	comment string
}

// drain reads a source to its end, which is nil for a clean one.
func drain(s Source) ([]got, error) {
	var list []got
	var p Packet
	for {
		err := s.Next(&p)
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, got{string(p.Data), p.Time, p.Length, p.LinkType, p.Interface, p.Source, p.Number, p.Comment})
	}
}

// readAll opens bytes as a capture and reads it to its end.
func readAll(b []byte) ([]got, Info, error) {
	s, err := OpenReader("test", bytes.NewReader(b))
	if err != nil {
		return nil, Info{}, err
	}
	defer s.Close()
	list, err := drain(s)
	return list, s.Info()[0], err
}

// mustRead is readAll for a capture that is whole.
func mustRead(t *testing.T, b []byte) ([]got, Info) {
	t.Helper()
	list, info, err := readAll(b)
	if err != nil {
		t.Fatal(err)
	}
	return list, info
}

func asCut(t *testing.T, err error) *CutError {
	t.Helper()
	var cut *CutError
	if !errors.As(err, &cut) {
		t.Fatalf("error %v, want a *CutError", err)
	}
	return cut
}
