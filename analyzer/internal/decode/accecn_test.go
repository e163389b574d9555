package decode

import (
	"encoding/hex"
	"strings"
	"testing"
)

// TestAccECNOption holds every row of RFC 9768 Table 5 (§3.2.3): which counters an option
// of each kind and length has.
func TestAccECNOption(t *testing.T) {
	all := [3]bool{true, true, true}
	for _, row := range []struct {
		clause, options string
		want            AccECN
	}{
		{"Table 5, order 0, length 11: EE0B, ECEB, EE1B", "ac0b 000001 000002 000003 01", AccECN{all, [3]uint32{ECT0: 1, CE: 2, ECT1: 3}}},
		{"Table 5, order 0, length 8: EE0B, ECEB", "ac08 010203 000002", AccECN{[3]bool{ECT0: true, CE: true}, [3]uint32{ECT0: 0x010203, CE: 2}}},
		{"Table 5, order 0, length 5: EE0B", "0101 ac05 ffffff 01", AccECN{[3]bool{ECT0: true}, [3]uint32{ECT0: 0xffffff}}},
		{"Table 5, order 0, length 2: none", "ac02 0101", AccECN{}},
		{"Table 5, order 1, length 11: EE1B, ECEB, EE0B", "ae0b 000001 000002 000003 01", AccECN{all, [3]uint32{ECT1: 1, CE: 2, ECT0: 3}}},
		{"Table 5, order 1, length 8: EE1B, ECEB", "ae08 000001 000002", AccECN{[3]bool{ECT1: true, CE: true}, [3]uint32{ECT1: 1, CE: 2}}},
		{"Table 5, order 1, length 5: EE1B", "ae05 000007 010101", AccECN{[3]bool{ECT1: true}, [3]uint32{ECT1: 7}}},
		{"Table 5, order 1, length 2: none", "ae02 0101", AccECN{}},
		{"another length", "ac06 00000100 0101", AccECN{}},
		{"too long", "ac0e 000001 000001 000000 000000 0101", AccECN{}},
		{"behind timestamps", "0101 080a 0000000000000000 ac05 000009 010101", AccECN{[3]bool{ECT0: true}, [3]uint32{ECT0: 9}}},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(row.options, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		var p Packet
		accurateECN(&p, b)
		if p.AccECN == nil {
			p.AccECN = &AccECN{} // it has a length that no option has
		}
		if *p.AccECN != row.want {
			t.Errorf("%s: %+v, want %+v", row.clause, *p.AccECN, row.want)
		}
		for n := range b {
			accurateECN(&p, b[:n])
		}
	}
}
