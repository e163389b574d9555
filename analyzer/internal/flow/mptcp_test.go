package flow

import "testing"

// TestToken holds the token of a key that Linux chose against the one by which it then
// joined a subflow, and that of version 0 (RFC 6824 §3.2, SHA-1) against SHA-1's value for
// eight octets of zero.
func TestToken(t *testing.T) {
	if got := tokenOf(0x3580318ee98ac307, 1); got != 0x17841d73 {
		t.Errorf("version 1: %08x", got)
	}
	if got := tokenOf(0, 0); got != 0x05fe405753>>8 {
		t.Errorf("version 0: %08x", got)
	}
}
