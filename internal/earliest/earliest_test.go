package earliest

import "testing"

// TestMap has the first keys stay, whatever comes behind them, and nothing else.
func TestMap(t *testing.T) {
	for _, most := range []int{1, 7, 64, 1000} {
		var m Map[[2]int, int]
		if m.Get([2]int{}) != nil || m.Len() != 0 {
			t.Errorf("there is something in an empty one")
		}
		for i := range 20 * most {
			v, added := m.At([2]int{i, -i}, most)
			if added != (i < most) || (v != nil) != added {
				t.Fatalf("of at most %d: number %d is %v, %v", most, i, v, added)
			}
			if added {
				*v = i
			}
			first := i / 20
			if v, added := m.At([2]int{first, -first}, most); added || v == nil || *v != first {
				t.Fatalf("of at most %d, after %d: number %d is %v, %v", most, i, first, v, added)
			}
			if m.Get([2]int{i, i + 1}) != nil {
				t.Fatalf("of at most %d: there is a key that was not put in", most)
			}
		}
		if m.Len() != most || len(m.All()) != most {
			t.Errorf("of at most %d there are %d", most, m.Len())
		}
	}
}

// TestFilter holds that the filter is right about most keys: it is there for speed only.
func TestFilter(t *testing.T) {
	const most = 1 << 12
	var m Map[int, struct{}]
	for i := range most {
		m.At(i, most)
	}
	set := 0
	for _, word := range m.full.bits {
		for ; word != 0; word &= word - 1 {
			set++
		}
	}
	if all := 64 * len(m.full.bits); set*4 > all || set*5 < all {
		t.Errorf("%d of %d bits are set, want about 22 %%", set, all)
	}
}
