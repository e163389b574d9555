package decode

import "testing"

func TestEncapNumbersAreStable(t *testing.T) {
	var table encapTable
	table.init()
	a := table.push(0, vlanTag, 100)
	ab := table.push(a, vlanTag, 12)
	b := table.push(0, vlanTag, 12)
	for _, test := range []struct {
		got, want Encap
	}{
		{table.push(0, vlanTag, 100), a},
		{table.push(a, vlanTag, 12), ab},
		{table.push(0, vlanTag, 12), b},
		{table.push(0, vlanTag, 100+8), 4}, // shares its slot with 100
		{table.push(0, vlanTag, 100), a},
	} {
		if test.got != test.want {
			t.Errorf("number %d, want %d", test.got, test.want)
		}
	}
	for e, want := range []string{"", "vlan 100", "vlan 100.12", "vlan 12", "vlan 108", ""} {
		if got := table.name(Encap(e)); got != want {
			t.Errorf("name of %d is %q, want %q", e, got, want)
		}
	}
}

func TestEncapsAreBounded(t *testing.T) {
	var table encapTable
	table.init()
	first := table.push(0, vlanTag, 1)
	for id := range uint32(2 * maxEncaps) {
		table.push(first, vlanTag, id)
	}
	if n := len(table.stacks); n != maxEncaps+1 {
		t.Errorf("%d stacks kept", n)
	}
	if e := table.push(maxEncaps, vlanTag, 7); e != maxEncaps || table.name(e) != "other encapsulations" {
		t.Errorf("beyond the bound: %d, %q", e, table.name(e))
	}
	if e := table.push(0, vlanTag, 1); e != first {
		t.Errorf("an old stack became %d", e)
	}
}
