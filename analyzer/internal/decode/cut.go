package decode

import "github.com/tcpflow-states/tcpflow-states/fsm"

// cuttable are the options that may be missing where the snap length cut the list,
// with the octets that each takes at least.
var cuttable = [...]struct {
	set     fsm.OptionSet
	kind    uint8 // that tells it alone; 0 where several kinds or a subtype do
	octets  int
	onlySYN bool
}{
	{fsm.OptMSS, kindMSS, 4, true},
	{fsm.OptWindowScale, kindWindowScale, 3, true},
	{fsm.OptSACKPermitted, kindSACKPermitted, 2, true},
	{fsm.OptSACK, kindSACK, 10, false},
	{fsm.OptTimestamps, kindTimestamps, 10, false},
	{fsm.OptFastOpen, kindFastOpen, 2, true},
	{fsm.OptMD5, kindMD5, 18, false},
	{fsm.OptAO, kindAO, 4, false},
	{fsm.OptMPTCP, kindMPTCP, 3, false},
	{fsm.OptAccECN, 0, 2, false},
}

// cutOptions says what the snap length may have cut off a list of options: begun is
// the option of which the first octets, rest, were captured, and may are all that
// the octets cut off have room for, begun among them. An option that was read
// before comes no second time, and SACK blocks no SYN carries.
func cutOptions(s *fsm.Segment, rest []byte, room int) (begun, may fsm.OptionSet) {
	syn := s.Flags&fsm.SYN != 0
	if len(rest) > 0 {
		n := 2 // at least
		if len(rest) > 1 {
			n = int(rest[1])
		}
		for _, o := range cuttable {
			if o.kind == rest[0] {
				begun = o.set
				n = max(n, o.octets)
			}
		}
		if begun == fsm.OptFastOpen || begun == fsm.OptMPTCP || len(rest) == 1 && begun != 0 {
			n = max(n, len(rest)+1)
		}
		room -= n - len(rest)
	}
	for _, o := range cuttable {
		if o.octets <= room && s.Opts&o.set == 0 && (!syn || o.set != fsm.OptSACK) && (syn || !o.onlySYN) {
			may |= o.set
		}
	}
	return begun, may | begun
}
