package flow

import "testing"

// TestAgreesFarApart compares bytes whose numbers lie half the number space apart,
// a distance that has no opposite in 32 bits.
func TestAgreesFarApart(t *testing.T) {
	o := content{seq: 5, len: 3, kept: 3, begin: [ComparedBytes]byte{'a', 'b', 'c'}}
	if !o.agrees(5+1<<31, []byte("xyz")) {
		t.Error("bytes with no number in common disagree")
	}
	if o.agrees(6, []byte("xy")) || !o.agrees(6, []byte("bc")) || !o.agrees(3, []byte("xyab")) || o.agrees(3, []byte("xyz")) {
		t.Error("an overlap is not told")
	}
}
