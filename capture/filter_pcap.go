//go:build cgo && !nopcap

package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
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
	name, done, err := emptyCapture(linkType)
	if err != nil {
		return nil, fmt.Errorf("a file to compile the filter with: %w", err)
	}
	defer done()
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

// emptyCapture gives a pcap file that is a header only: the end of a pipe, so that
// nothing need be written, where such an end has a name.
func emptyCapture(linkType int) (name string, done func(), err error) {
	var r, w *os.File
	if runtime.GOOS == "windows" {
		w, err = os.CreateTemp("", "filter-*.pcap")
	} else {
		r, w, err = os.Pipe()
	}
	if err != nil {
		return "", nil, err
	}
	h := binary.LittleEndian.AppendUint32(nil, magicMicro)
	h = binary.LittleEndian.AppendUint16(h, 2)
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = append(h, make([]byte, 8)...)
	h = binary.LittleEndian.AppendUint32(h, maxCaptured)
	h = binary.LittleEndian.AppendUint32(h, uint32(linkType))
	_, err = w.Write(h)
	err = errors.Join(err, w.Close())
	if r != nil {
		return fmt.Sprintf("/dev/fd/%d", r.Fd()), func() { r.Close() }, err
	}
	return w.Name(), func() { os.Remove(w.Name()) }, err
}
