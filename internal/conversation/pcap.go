package conversation

import (
	"encoding/binary"
	"io"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// WritePcap writes packets as a little-endian pcap file with nanosecond times
// and the Ethernet link type.
func WritePcap(w io.Writer, packets []Packet, snapLen int) error {
	if snapLen == 0 {
		snapLen = 262144
	}
	var b []byte
	le := binary.LittleEndian
	b = le.AppendUint32(b, 0xa1b23c4d) // nanosecond magic
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = le.AppendUint64(b, 0) // time zone and accuracy, both unused
	b = le.AppendUint32(b, uint32(snapLen))
	b = le.AppendUint32(b, 1) // LINKTYPE_ETHERNET
	for _, p := range packets {
		b = le.AppendUint32(b, uint32(p.Time/fsm.Second))
		b = le.AppendUint32(b, uint32(p.Time%fsm.Second))
		b = le.AppendUint32(b, uint32(len(p.Data)))
		b = le.AppendUint32(b, uint32(p.Length))
		b = append(b, p.Data...)
	}
	_, err := w.Write(b)
	return err
}
