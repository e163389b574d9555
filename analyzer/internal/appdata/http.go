package appdata

import "bytes"

// HeaderOpen is the size of a message whose header does not end in the data it begins with.
const HeaderOpen = 1<<32 - 1

// MessageSize returns how many octets the message of HTTP/1 has with which data begin, header
// and body (RFC 9112 §6.3): HeaderOpen where the data, all of a segment's, end within the
// header, and 0 where they begin with none or its header does not tell. Of an answer it is the
// size that one to a HEAD has not.
func MessageSize(data []byte) uint32 {
	answer := bytes.HasPrefix(data, []byte("HTTP/1."))
	if !answer && (len(data) < len("GET /") || data[0] < 'A' || data[0] > 'Z' || !IsHTTP(data[:min(len(data), 24)])) {
		return 0
	}
	line, fields, ended := bytes.Cut(data, []byte("\r\n"))
	if ended && !bytes.Contains(line, []byte("HTTP/1.")) { // HTTP/0.9 has no header, RTSP is another protocol
		return 0
	}
	end := bytes.Index(data, []byte("\r\n\r\n"))
	switch {
	case end < 0 && !bytes.Contains(data, []byte("\n\n")):
		return HeaderOpen
	case end < 0, answer && hasNoBody(line):
		return 0
	}
	header := uint64(end + len("\r\n\r\n"))
	length, told, known := contentLength(fields[:max(0, end-len(line))])
	switch size := header + length; {
	case !known, answer && !told, size >= 1<<31:
		return 0
	default:
		return uint32(size)
	}
}

// hasNoBody reports whether an answer of this status has no body, whatever its header says, or
// is not the last one.
func hasNoBody(statusLine []byte) bool {
	const at = len("HTTP/1.1 ")
	if len(statusLine) < at+3 {
		return true
	}
	status := string(statusLine[at : at+3])
	return status[0] == '1' || status == "204" || status == "304"
}

// contentLength returns what the header's fields say of the body's length, and whether they say
// it in digits. It is not known where it is told otherwise, or waits for the server's word.
func contentLength(fields []byte) (n uint64, told, known bool) {
	for len(fields) > 0 {
		var line []byte
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Transfer-Encoding")), bytes.EqualFold(name, []byte("Expect")):
			return 0, false, false
		case bytes.EqualFold(name, []byte("Content-Length")):
			value = bytes.TrimSpace(value)
			if told || len(value) == 0 || len(value) > 10 {
				return 0, false, false
			}
			told = true
			for _, c := range value {
				if c < '0' || c > '9' {
					return 0, false, false
				}
				n = 10*n + uint64(c-'0')
			}
		}
	}
	return n, told, true
}
