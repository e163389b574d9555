package appdata

import "testing"

// TestFatalAlert has segments that are a fatal alert in clear, and such as only resemble one.
func TestFatalAlert(t *testing.T) {
	for _, c := range []struct {
		data string
		want string
	}{
		{"\x15\x03\x03\x00\x02\x02\x28", "handshake_failure"},
		{"\x15\x03\x01\x00\x02\x02\x46", "protocol_version"},
		{"\x15\x03\x03\x00\x02\x02\x30", "unknown_ca"},
		{"\x15\x03\x03\x00\x02\x01\x00", ""}, // close_notify
		{"\x15\x03\x03\x00\x02\x01\x70", ""}, // a warning, after which the handshake goes on
		{"\x15\x03\x03\x00\x02\x02\x07", ""}, // no alert's number
		{"\x15\x03\x03\x00\x02\x02", ""},
		{"\x15\x03\x03\x00\x1a\x02\x28", ""}, // encrypted
		{"\x16\x03\x03\x00\x02\x02\x28", ""},
		{"", ""},
	} {
		if got, _ := FatalAlert([]byte(c.data), uint32(len(c.data))); got != c.want {
			t.Errorf("%x: %q, want %q", c.data, got, c.want)
		}
	}
	if name, _ := FatalAlert([]byte("\x15\x03\x03\x00\x02\x02\x28"), 8); name != "" {
		t.Errorf("%s at the beginning of more", name)
	}
}
