package fsm

import "testing"

// TestSpace holds the sequence space of a segment against RFC 9293 §3.4: one
// number for a SYN, one for a FIN, none for an ACK; data on a SYN counts with an option
// or without.
func TestSpace(t *testing.T) {
	const seq = 0xffff_fffe // so that all but the shortest wrap
	for _, c := range []struct {
		name  string
		seg   Segment
		space uint32
		fin   Seq
	}{
		{"pure ACK", Segment{Flags: ACK}, 0, 0},
		{"SYN", Segment{Flags: SYN}, 1, 0},
		{"SYN-ACK", Segment{Flags: SYN | ACK}, 1, 0},
		{"SYN with data that no option asks for", Segment{Flags: SYN, Len: 100}, 101, 0},
		{"SYN with data under Fast Open", Segment{Flags: SYN, Len: 100, Opts: OptFastOpen}, 101, 0},
		{"data", Segment{Flags: ACK | PSH, Len: 100}, 100, 0},
		{"FIN", Segment{Flags: FIN | ACK}, 1, seq},
		{"FIN on data", Segment{Flags: FIN | ACK, Len: 100}, 101, 98},
		{"SYN and FIN", Segment{Flags: SYN | FIN}, 2, 0xffff_ffff},
		{"RST", Segment{Flags: RST}, 0, 0},
		{"no flags", Segment{}, 0, 0},
	} {
		c.seg.Seq = seq
		if got := c.seg.Space(); got != c.space {
			t.Errorf("%s: space %d, want %d", c.name, got, c.space)
		}
		if got, want := c.seg.End(), Seq(seq).Add(c.space); got != want {
			t.Errorf("%s: end %d, want %d", c.name, got, want)
		}
		if c.seg.Flags&FIN != 0 && c.seg.FinSeq() != c.fin {
			t.Errorf("%s: FIN at %d, want %d", c.name, c.seg.FinSeq(), c.fin)
		}
	}
}

func TestFlags(t *testing.T) {
	for f, want := range map[Flags]string{
		0:               "none",
		SYN:             "S",
		SYN | ACK:       "S.",
		FIN | ACK:       "F.",
		PSH | ACK:       "P.",
		ACK:             ".",
		RST:             "R",
		RST | ACK:       "R.",
		FIN | PSH | URG: "FPU",
		SYN | ECE | CWR: "SEW",
		ACK | AE:        ".e",
		Reserved:        "none", // named elsewhere: they are no flags
		SYN | Reserved:  "S",
	} {
		if got := f.String(); got != want {
			t.Errorf("%#x: %q, want %q", uint16(f), got, want)
		}
	}
	if f := SYN | ACK; !f.Has(SYN) || !f.Has(SYN|ACK) || f.Has(SYN|RST) || !f.Any(SYN|RST) || f.Any(FIN|RST) {
		t.Error("Flags.Has or Flags.Any is wrong")
	}
	if o := OptMSS | OptSACK; !o.Has(OptMSS) || o.Has(OptMSS|OptMD5) || !o.Any(OptMSS|OptMD5) || o.Any(OptMD5) {
		t.Error("OptionSet.Has or OptionSet.Any is wrong")
	}
	if m := RSTExact | TookBack; !m.Any(TookBack|Joined) || m.Any(Joined) {
		t.Error("Meaning.Any is wrong")
	}
}
