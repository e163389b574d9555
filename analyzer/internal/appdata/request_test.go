package appdata

import "testing"

// TestIsRequest has data that begin as requests, and such as only resemble them.
func TestIsRequest(t *testing.T) {
	for _, c := range []struct {
		data string
		want bool
	}{
		{"GET / HTTP/1.1\r\n", true},
		{"OPTIONS * HTTP/1.1\r\n", true},
		{"CONNECT example.org:443", true},
		{"POST http://example.org/", true},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", true},
		{"SSH-2.0-OpenSSH_9.2", true},
		{"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", true},
		{"\x00\x00\x00\x25\x00\x03\x00\x00user\x00", true},
		{"\x00\x00\x00\x08\x04\xd2\x16\x2f", true},
		{"", false},
		{"G", false},
		{"GET", false},
		{"GET ", false},
		{"QUIT\r\n", false},
		{"NICK one", false},
		{"get /", false},
		{"\x15\x03\x03\x00\x1a", false}, // an alert
		{"\x16\x03\x03\x00\x46\x10\x00\x00\x42", false}, // ClientKeyExchange
		{"*\r\n$", false},   // no count
		{"*2\r\n:1", false}, // no bulk string
		{"\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00", false},      // CancelRequest, which has no answer
		{"X\x00\x00\x00\x04", false},                             // PostgreSQL's Terminate
		{"\x01\x00\x00\x00\x01", false},                          // MySQL's COM_QUIT
		{"\x30\x05\x02\x01\x03\x42\x00", false},                  // LDAP's unbind
		{"<14>1 2026-11-29T16:00:00Z host program - - -", false}, // syslog
	} {
		if got := IsRequest([]byte(c.data)); got != c.want {
			t.Errorf("%q: %v", c.data, got)
		}
	}
}
