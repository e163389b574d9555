package decode

// AccECN is what the options of Accurate ECN count (RFC 9768 §3.2.3): the octets of data
// that their sender received with each codepoint, modulo 2^24.
type AccECN struct {
	Has   [3]bool // by codepoint; the last fields may be left out
	Count [3]uint32
}

// The codepoints that are counted.
const (
	ECT0 = iota
	ECT1
	CE
)

// Two kinds of the option differ in the order of their fields (RFC 9768 Table 5).
var accECNOrder = [2][3]int{
	{ECT0, CE, ECT1}, // kind 172
	{ECT1, CE, ECT0}, // kind 174
}

// accurateECN reads the option among a header's into p.
func accurateECN(p *Packet, b []byte) {
	EachOption(b, func(kind uint8, value []byte) {
		if kind != kindAccECN0 && kind != kindAccECN1 || len(value)%3 != 0 || len(value) > 9 {
			return
		}
		p.AccECN = &AccECN{}
		for i := 0; len(value) >= 3; i, value = i+1, value[3:] {
			field := accECNOrder[(kind-kindAccECN0)/2][i]
			p.AccECN.Has[field] = true
			p.AccECN.Count[field] = uint32(value[0])<<16 | uint32(value[1])<<8 | uint32(value[2])
		}
	})
}
