package recent

import "testing"

// TestMap puts in more than is kept: the latest stay, and what is renewed.
func TestMap(t *testing.T) {
	const most = 4
	var m Map[int, int]
	if _, ok := m.Get(1); ok {
		t.Error("there is something in an empty one")
	}
	if _, ok := m.Renew(1, most); ok {
		t.Error("so there is when it is renewed")
	}
	for i := range 100 {
		m.Put(i, -i, most)
		if v, ok := m.Renew(0, most); !ok || v != 0 {
			t.Fatalf("%d: the one renewed each time is %d, %v", i, v, ok)
		}
		for k := max(0, i-most/2); k <= i; k++ {
			if v, ok := m.Get(k); !ok || v != -k {
				t.Errorf("%d: %d is %d, %v", i, k, v, ok)
			}
		}
		if _, ok := m.Get(i - 2*most); ok && i > 2*most {
			t.Errorf("%d: %d is still there", i, i-2*most)
		}
		if latest, before := m.Len(); latest > most || before > most {
			t.Fatalf("%d: %d and %d are kept", i, latest, before)
		}
	}
	m.Put(99, 7, most)
	m.Delete(99)
	if _, ok := m.Get(99); ok {
		t.Error("what was deleted is there")
	}
}
