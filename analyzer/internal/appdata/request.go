// Package appdata recognises what the data of an application begin as, where a protocol says it
// in clear. It never needs more than the beginning, and claims nothing of what it does not know.
package appdata

import (
	"bytes"
	"encoding/binary"
)

// IsRequest reports whether data begin as something that its protocol requires an answer to.
func IsRequest(data []byte) bool {
	return IsHTTP(data) || isClientHello(data) || isStartup(data) || isCommand(data) || bytes.HasPrefix(data, []byte("SSH-"))
}

// IsHTTP reports whether data begin with a method and a target of HTTP (RFC 9112 §3).
func IsHTTP(data []byte) bool {
	method, rest, found := bytes.Cut(data, []byte(" "))
	if !found || len(method) < 3 || len(rest) == 0 {
		return false
	}
	for _, c := range method {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return rest[0] == '/' || rest[0] == '*' || bytes.HasPrefix(rest, []byte("http")) || string(method) == "CONNECT"
}

// isClientHello reports whether data begin with a TLS record that holds a ClientHello
// (RFC 8446 §4, §5.1).
func isClientHello(data []byte) bool {
	return len(data) > 5 && data[0] == 22 && data[1] == 3 && data[5] == 1
}

// isStartup reports whether data begin as a StartupMessage of PostgreSQL's protocol 3, or as a
// request for encryption before it.
func isStartup(data []byte) bool {
	const version3, encryption = 3 << 16, 1234<<16 | 5679
	if len(data) < 8 {
		return false
	}
	length, code := binary.BigEndian.Uint32(data), binary.BigEndian.Uint32(data[4:])
	return code == version3 && length < 10_000 || code == encryption && length == 8
}

// isCommand reports whether data begin as a command of Redis: an array of bulk strings.
func isCommand(data []byte) bool {
	count, rest, found := bytes.Cut(data, []byte("\r\n"))
	if !found || len(count) < 2 || count[0] != '*' || len(rest) == 0 || rest[0] != '$' {
		return false
	}
	for _, c := range count[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
