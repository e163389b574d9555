package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// magics are the first bytes of what is read.
var magics = []struct{ name, prefix string }{
	{"pcap", "\xd4\xc3\xb2\xa1"},
	{"pcap", "\xa1\xb2\xc3\xd4"},
	{"pcap", "\x4d\x3c\xb2\xa1"},
	{"pcap", "\xa1\xb2\x3c\x4d"},
	{"pcap", "\x34\xcd\xb2\xa1"},
	{"pcap", "\xa1\xb2\xcd\x34"},
	{"pcapng", "\x0a\x0d\x0d\x0a"},
	{"gzip", "\x1f\x8b"},
	{"zstd", "\x28\xb5\x2f\xfd"},
	{"bzip2", "BZh"},
	{"lz4", "\x04\x22\x4d\x18"},
	{"xz", "\xfd7zXZ\x00"},
}

// identify names what begins with head, or returns "" for what is not read.
func identify(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return m.name
		}
	}
	// A zstd stream may begin with frames to be skipped, which pzstd writes.
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18" {
		return "zstd"
	}
	return ""
}

// refused are the first bytes of what is known but not read.
var refused = []struct {
	prefix string
	kind   error
	name   string
	hint   string
}{
	{"LZIP", ErrCompression, "lzip", "lzip -dc FILE | tcpflow-states -"},
	{"\x1f\x9d", ErrCompression, "compress (.Z)", "gzip -dc FILE | tcpflow-states -"},
	{"PK\x03\x04", ErrCompression, "a zip archive", "unzip -p FILE | tcpflow-states -"},
	{"7z\xbc\xaf\x27\x1c", ErrCompression, "a 7z archive", "7z x -so FILE | tcpflow-states -"},
	{"snoop\x00\x00\x00", ErrFormat, "snoop", editcap},
	{"btsnoop\x00", ErrFormat, "btsnoop (Bluetooth)", ""},
	{"RTSS", ErrFormat, "Microsoft Network Monitor 1", editcap},
	{"GMBU", ErrFormat, "Microsoft Network Monitor 2", editcap},
	{"TRSNIFF data", ErrFormat, "Sniffer (DOS)", editcap},
	{"XCP\x00", ErrFormat, "NetXray or Sniffer (Windows)", editcap},
	{"\x05VNF", ErrFormat, "Visual Networks", editcap},
	{"iptrace 1.0", ErrFormat, "AIX iptrace", editcap},
	{"iptrace 2.0", ErrFormat, "AIX iptrace", editcap},
	{"\x7fver", ErrFormat, "WildPackets/Savvius Peek", editcap},
	{"ObserverPktBuffe", ErrFormat, "Network Instruments Observer", editcap},
	{"\x00\x00\x02\x00\x12\x05\x00\x10", ErrFormat, "Tektronix K12", editcap},
}

const editcap = "convert it with Wireshark's editcap: editcap -F pcapng FILE NEW.pcapng"

// refusal says what an input is that begins with head and is not read. The
// caller fills in its name.
func refusal(head []byte) *InputError {
	if len(head) == 0 {
		return &InputError{Kind: ErrEmpty}
	}
	for _, m := range refused {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return &InputError{Kind: m.kind, Detail: "it is " + m.name, Hint: m.hint}
		}
	}
	switch {
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return &InputError{Kind: ErrNotCapture, Detail: "it is a tar archive", Hint: "unpack it first: tar -xf FILE"}
	case looksLikeText(head): // before ERF: a line that begins with a time of day passes for it
		return &InputError{Kind: ErrNotCapture, Detail: "it is text",
			Hint: "a capture file is what `tcpdump -w FILE` writes, not what tcpdump prints"}
	case looksLikeERF(head):
		return &InputError{Kind: ErrFormat, Detail: "it looks like Endace ERF", Hint: editcap}
	case len(head) < 4:
		return &InputError{Kind: ErrNotCapture, Detail: "it is " + counted(len(head), "byte") + " long"}
	}
	return &InputError{Kind: ErrNotCapture, Detail: fmt.Sprintf("it begins with the bytes % x", head[:4]),
		Hint: "pcap and pcapng are supported, also compressed with gzip, zstd, bzip2, lz4 or xz"}
}

// looksLikeERF guesses: ERF has no magic number, but its first record has a
// time, a type, a length and a wire length that go together.
func looksLikeERF(head []byte) bool {
	if len(head) < 16 {
		return false
	}
	sec := binary.LittleEndian.Uint32(head[4:]) // whole seconds of a 32.32 fixed-point time
	kind := head[8] &^ 0x80
	size := binary.BigEndian.Uint16(head[10:])
	wire := binary.BigEndian.Uint16(head[14:])
	const y1995, y2060 = 788918400, 2840140800
	return sec > y1995 && sec < y2060 && kind >= 1 && kind <= 48 && size > 16 && wire > 0 && wire <= size
}

// looksLikeText reports whether head is UTF-8 without control characters; its
// last character may be cut.
func looksLikeText(head []byte) bool {
	head = head[:min(len(head), 512)]
	for i := 0; i < len(head); {
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 && (i == 0 || len(head)-i >= utf8.UTFMax) {
			return false
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b {
			return false
		}
		i += n
	}
	return true
}
