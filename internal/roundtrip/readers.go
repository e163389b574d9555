package roundtrip

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

// Reader has a program such as tshark or capinfos read a file.
func Reader(program string) func(file string) error {
	return func(file string) error {
		args := []string{"-r", file}
		if strings.Contains(program, "capinfos") {
			args = args[1:]
		} else {
			args = append([]string{"-n"}, args...)
		}
		cmd := exec.Command(program, args...)
		var errors strings.Builder
		cmd.Stderr = &errors
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w: %s", program, err, errors.String())
		}
		return nil
	}
}

// Shows returns the frames that tshark shows by a display filter. It reads twice: in one
// pass a field such as tcp.completeness has the value before the packet.
func Shows(tshark string) func(file, filter string) ([]uint64, error) {
	return func(file, filter string) (frames []uint64, err error) {
		out, err := exec.Command(tshark, "-n", "-2", "-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number").Output()
		for line := range strings.FieldsSeq(string(out)) {
			n, err := strconv.ParseUint(line, 10, 64)
			if err != nil {
				return nil, err
			}
			frames = append(frames, n)
		}
		return frames, err
	}
}

// lengthen copies a file and adds a packet without TCP at the time at which another capture ends.
func lengthen(from, to, like string) error {
	last := int64(0)
	other, err := capture.Open(like)
	if err != nil {
		return err
	}
	defer other.Close()
	for p := (capture.Packet{}); other.Next(&p) == nil; {
		last = max(last, p.Time)
	}
	source, err := capture.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := capture.NewWriter(file, source)
	if err != nil {
		return err
	}
	var p capture.Packet
	for source.Next(&p) == nil {
		if err := w.Write(&p); err != nil {
			return err
		}
	}
	// An ARP packet of nobody's.
	arp := make([]byte, 60)
	arp[12], arp[13] = 8, 6
	if err := w.Write(&capture.Packet{Data: arp, Length: len(arp), Time: last, LinkType: 1, Interface: p.Interface}); err != nil {
		return err
	}
	return w.Close()
}
