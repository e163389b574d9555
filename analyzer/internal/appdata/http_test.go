package appdata

import "testing"

// TestMessageSize has beginnings of messages of HTTP whose headers tell their size, and such as
// do not.
func TestMessageSize(t *testing.T) {
	for _, c := range []struct {
		data string
		want uint32
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27},
		{"GET / HTTP/1.0\r\n\r\n", 18},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc", 149},
		{"POST / HTTP/1.1\r\ncontent-length:100\r\nHost: a\r\n\r\n", 148},
		{"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc", 1_000_044},
		{"GET / HT", HeaderOpen},
		{"POST / HTTP/1.1\r\nHost: a\r\n", HeaderOpen},
		{"HTTP/1.1 200 OK\r\nContent-Le", HeaderOpen},
		{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n", 0},
		{"PUT / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n", 0},
		{"PUT / HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n", 0},
		{"PUT / HTTP/1.1\r\nContent-Length: 9a\r\n\r\n", 0},
		{"PUT / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\nServer: a\r\n\r\n", 0},
		{"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n", 0},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 100\r\n\r\n", 0},
		{"HTTP/1.1 100 Continue\r\n\r\n", 0},
		{"GET /\r\n", 0},                   // HTTP/0.9
		{"OPTIONS * RTSP/1.0\r\n", 0},      // not HTTP
		{"GET / HTTP/1.1\nHost: a\n\n", 0}, // ends its lines in a way of its own
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
		{"QUIT\r\n", 0},
		{"", 0},
	} {
		if got := MessageSize([]byte(c.data)); got != c.want {
			t.Errorf("%q: %d, want %d", c.data, got, c.want)
		}
	}
}
