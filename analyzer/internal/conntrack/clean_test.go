package conntrack

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/flow"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestClean plays one clean connection, and then with one thing changed after which it
// is not clean, whether or not any check would mind.
func TestClean(t *testing.T) {
	const synOptions = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps
	const client, server = 0, packedFromServer
	seg := func(from, flags packedBits, seq, ack, length int) packedSegment {
		b := packedSegment{
			seq: fsm.Seq(seq), ack: fsm.Seq(ack), length: uint32(length), bits: from | flags | packedVerified,
			window: 500, headers: 52, opts: fsm.OptTimestamps,
		}
		if flags&packedBits(fsm.SYN) != 0 {
			b.opts, b.mss, b.scale = synOptions, 1460, 7
		}
		return b
	}
	const syn, ack, fin = packedBits(fsm.SYN), packedBits(fsm.ACK), packedBits(fsm.FIN)
	conversation := func() []packedSegment {
		list := []packedSegment{
			seg(client, syn, 100, 0, 0),
			seg(server, syn|ack, 900, 101, 0),
			seg(client, ack, 101, 901, 0),
			seg(client, ack, 101, 901, 50), // 3: request
			seg(server, ack, 901, 151, 0),
			seg(server, ack, 901, 151, 1000), // 5: answer
			seg(client, ack, 151, 1901, 0),
			seg(server, ack, 1901, 151, 10),    // 7: more of it
			seg(server, ack|fin, 1911, 151, 0), // 8
			seg(client, ack, 151, 1912, 0),
			seg(client, ack|fin, 151, 1912, 0), // 10
			seg(server, ack, 1912, 152, 0),     // 11
		}
		return list
	}
	type change = func(list []packedSegment) []packedSegment
	all := func(set func(b *packedSegment)) change {
		return func(list []packedSegment) []packedSegment {
			for i := range list {
				set(&list[i])
			}
			return list
		}
	}
	at := func(i int, set func(b *packedSegment)) change {
		return func(list []packedSegment) []packedSegment {
			set(&list[i])
			return list
		}
	}
	insert := func(i int, more ...packedSegment) change {
		return func(list []packedSegment) []packedSegment {
			return append(list[:i:i], append(more, list[i:]...)...)
		}
	}
	noStamps := func(b *packedSegment) { b.opts &^= fsm.OptTimestamps }
	late := func(b packedSegment) packedSegment {
		b.time = 100_000_000
		return b
	}

	for _, tt := range []struct {
		name string
		do   change // before the segments have their times
		ends bool

		inOrder bool // the numbers are to fit what changed
	}{
		{"as it is", all(func(*packedSegment) {}), true, false},
		{"without timestamps", all(noStamps), true, false},
		{"checksums unverified", all(func(b *packedSegment) { b.bits &^= packedVerified }), true, false},
		{"the window opens", func(list []packedSegment) []packedSegment {
			list = insert(7, seg(client, ack, 151, 1901, 0))(list)
			for i := range list[7:] {
				list[7+i].window = 600
			}
			return list
		}, true, false},
		{"larger than the MSS, joined by the card", at(5, func(b *packedSegment) { b.length = 1000; b.headers = 1500 }), true, false},

		{"a SYN alone", func(list []packedSegment) []packedSegment { return list[:1] }, false, false},
		{"no last ACK", func(list []packedSegment) []packedSegment { return list[:11] }, false, false},
		{"window closed", at(6, func(b *packedSegment) { b.window = 0 }), false, false},
		{"congestion marked", at(5, func(b *packedSegment) { b.tos = 3 }), false, false},
		{"PSH alone", at(5, func(b *packedSegment) { b.bits = b.bits&^ack | packedBits(fsm.PSH) }), false, false},
		{"URG", at(5, func(b *packedSegment) { b.bits |= packedBits(fsm.URG) }), false, false},
		{"RST", at(11, func(b *packedSegment) { b.bits |= packedBits(fsm.RST) }), false, false},
		{"ECN asked for", at(0, func(b *packedSegment) { b.bits |= packedBits(fsm.ECE | fsm.CWR) }), false, false},
		{"SYN with an acknowledgment number", at(0, func(b *packedSegment) { b.ack = 1 }), false, false},
		{"SYN with data", at(0, func(b *packedSegment) { b.length = 1 }), false, false},
		{"SYN without an MSS", at(0, func(b *packedSegment) { b.opts &^= fsm.OptMSS }), false, false},
		{"MSS of 0", at(1, func(b *packedSegment) { b.mss = 0 }), false, false},
		{"scale of 15", at(0, func(b *packedSegment) { b.scale = 15 }), false, false},
		{"an unusual option on the SYN", at(0, func(b *packedSegment) { b.opts |= fsm.OptMPTCP }), false, false},
		{"an option only in the SYN-ACK", at(0, func(b *packedSegment) { b.opts &^= fsm.OptSACKPermitted }), false, false},
		{"SYN-ACK of another number", at(1, func(b *packedSegment) { b.ack++ }), false, false},
		{"SYN-ACK from the client", at(1, func(b *packedSegment) { b.bits &^= packedFromServer }), false, false},
		{"handshake's last ACK too low", at(2, func(b *packedSegment) { b.ack-- }), false, false},
		{"the server goes on first", func(list []packedSegment) []packedSegment {
			list[2] = seg(server, ack, 901, 101, 10)
			return list
		}, false, false},
		{"next to no window after the handshake", at(2, func(b *packedSegment) { b.window = 0 }), false, false},
		{"next to no window after the handshake, unscaled", func(list []packedSegment) []packedSegment {
			list[0].opts &^= fsm.OptWindowScale
			list[1].opts &^= fsm.OptWindowScale
			list[0].scale, list[1].scale = 0, 0
			for i := range list {
				list[i].window = 5000
			}
			list[2].window = 63
			list[3].window = 5000
			return list
		}, false, false},
		{"a FIN in place of the handshake's last ACK", at(2, func(b *packedSegment) { b.bits |= fin }), false, false},
		{"out of order", func(list []packedSegment) []packedSegment {
			list[5], list[7] = list[7], list[5]
			return list
		}, false, false},
		{"retransmitted", insert(6, seg(server, ack, 901, 151, 1000)), false, false},
		{"a FIN retransmitted", insert(9, seg(server, ack|fin, 1911, 151, 0)), false, false},
		{"small segments, but few", insert(8, seg(server, ack, 0, 0, 10), seg(server, ack, 0, 0, 10)), true, true},
		{"a third FIN", insert(11, seg(server, ack|fin, 0, 0, 0)), false, true},
		{"acknowledges what was not sent", at(6, func(b *packedSegment) { b.ack++ }), false, false},
		{"acknowledges less", at(7, func(b *packedSegment) { b.ack-- }), false, false},
		{"timestamp missing", at(6, func(b *packedSegment) { b.opts = 0 }), false, false},
		{"timestamps nobody agreed on", func(list []packedSegment) []packedSegment {
			all(noStamps)(list)
			list[6].opts = fsm.OptTimestamps
			return list
		}, false, false},
		{"SACK", at(6, func(b *packedSegment) { b.opts |= fsm.OptSACK }), false, false},
		{"fills the window", at(5, func(b *packedSegment) { b.length = 500 << 7 }), false, true},
		{"larger than the MSS", at(5, func(b *packedSegment) { b.length = 1461; b.headers = 30 }), false, true},
		{"the window shrinks", at(6, func(b *packedSegment) { b.window = 480 }), false, false},
		{"an ACK that says nothing", insert(7, seg(client, ack, 151, 1901, 0)), false, false},
		{"ACKs held back", insert(8,
			late(seg(client, ack, 151, 1911, 0)), late(seg(server, ack, 1911, 151, 10)),
			late(seg(client, ack, 151, 1921, 0)), late(seg(server, ack, 1921, 151, 10)),
			late(seg(client, ack, 151, 1931, 0))), false, true},
		{"small segments", func(list []packedSegment) []packedSegment {
			var many []packedSegment
			for range 21 {
				many = append(many, seg(server, ack, 0, 0, 10))
			}
			return insert(8, many...)(list)
		}, false, true},
		{"data behind a FIN", insert(10, seg(client, ack, 151, 1912, 10)), false, true},
		{"FINs that cross", func(list []packedSegment) []packedSegment {
			list = append(list[:9], list[10:]...)
			list[9].ack = 1911
			return list
		}, false, false},
		{"last ACK from the wrong side", at(11, func(b *packedSegment) { *b = seg(client, ack, 152, 1912, 0); b.window = 600 }), false, false},
		{"last ACK of the data alone", func(list []packedSegment) []packedSegment {
			list = insert(8, seg(client, ack, 151, 1911, 20))(list)
			list[10].seq, list[11].seq, list[12].ack = 171, 171, 171
			return list
		}, false, false},
		{"once more", insert(12, seg(server, ack, 1912, 152, 0)), false, true},
	} {
		list := tt.do(conversation())
		if tt.inOrder {
			number(list)
		}
		stamp(list)
		if ends := isClean(list); ends != tt.ends {
			t.Errorf("%s: clean %t, want %t", tt.name, ends, tt.ends)
		}
	}
	for _, tt := range []struct {
		name string
		do   change // afterwards
	}{
		{"clock set back", at(6, func(b *packedSegment) { b.time = 1 })},
		{"SYN-ACK that echoes another time", at(1, func(b *packedSegment) { b.tsEcr++ })},
		{"timestamp goes back", at(7, func(b *packedSegment) { b.tsVal = firstStamp })},
		{"timestamp leaps", at(7, func(b *packedSegment) { b.tsVal += flow.ClockJumpTicks })},
		{"echo of a time to come", at(6, func(b *packedSegment) { b.tsEcr += 1000 })},
	} {
		list := conversation()
		stamp(list)
		if isClean(tt.do(list)) {
			t.Errorf("%s: clean", tt.name)
		}
	}
}

func isClean(list []packedSegment) bool {
	var c cleanConn
	for i := range list {
		if !c.accepts(list[i].from(), &list[i]) {
			return false
		}
	}
	return c.stage == ended
}

// number gives the segments the numbers of a conversation in which all comes in
// order and each acknowledges all before it.
func number(list []packedSegment) {
	next := [2]fsm.Seq{100, 900}
	for i := range list {
		b := &list[i]
		from := b.from()
		b.seq, b.ack = next[from], next[from.Peer()]
		if b.flags()&fsm.ACK == 0 {
			b.ack = 0
		}
		next[from] += fsm.Seq(b.length)
		if b.flags()&(fsm.SYN|fsm.FIN) != 0 {
			next[from]++
		}
	}
}

// firstStamp is the timestamp that the conversation's clock begins with.
const firstStamp = 5000

// stamp gives the segments times, a millisecond apart and as much more as their
// time says, and timestamps that fit.
func stamp(list []packedSegment) {
	now := fsm.Second
	var latest [2]uint32
	for i := range list {
		b := &list[i]
		now += 1_000_000 + b.time
		b.time = now
		if b.opts&fsm.OptTimestamps != 0 {
			b.tsVal, b.tsEcr = firstStamp+uint32(i), latest[b.from().Peer()]
		}
		latest[b.from()] = b.tsVal
	}
}
