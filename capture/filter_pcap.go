//go:build cgo && !nopcap

package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcap"
)

// pcapProgram is run by libpcap itself: a virtual machine in Go would take the
// captured length for the packet's, and "greater 1000" be wrong on packets cut
// by a snap length.
type pcapProgram struct{ *pcap.BPF }

func (p pcapProgram) match(data []byte, length int) bool {
	if len(data) == 0 {
		return false // BPF.Matches takes the address of the first byte
	}
	return p.Matches(gopacket.CaptureInfo{Length: length}, data)
}

// compileFilter compiles for a LINKTYPE_ value. gopacket's own ways take the
// link type as eight bits and as a DLT_ value, which is not the same number
// everywhere; libpcap translates both rightly for a capture file, so it is
// given one without packets.
func compileFilter(linkType int, expr string) (program, error) {
	name, err := emptyCapture(linkType)
	if err != nil {
		return nil, fmt.Errorf("a file to compile the filter with: %w", err)
	}
	defer os.Remove(name)
	handle, err := pcap.OpenOffline(name)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	bpf, err := handle.NewBPF(expr)
	if err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	return pcapProgram{bpf}, nil
}

// emptyCapture writes a pcap file that is a header only.
func emptyCapture(linkType int) (name string, err error) {
	f, err := os.CreateTemp("", "filter-*.pcap")
	if err != nil {
		return "", err
	}
	h := binary.LittleEndian.AppendUint32(nil, magicMicro)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = binary.LittleEndian.AppendUint32(h, maxCaptured)
	h = binary.LittleEndian.AppendUint32(h, uint32(linkType))
	_, err = f.Write(h)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
	}
	return f.Name(), err
}
