package flow

import (
	"testing"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// TestCourse plays one connection by the book, and then with one thing changed
// that takes it out of the book, whether or not any check would mind.
func TestCourse(t *testing.T) {
	const synOptions = fsm.OptMSS | fsm.OptWindowScale | fsm.OptSACKPermitted | fsm.OptTimestamps
	const client, server = 0, briefFromServer
	seg := func(from, flags briefBits, seq, ack, length int) brief {
		b := brief{
			seq: fsm.Seq(seq), ack: fsm.Seq(ack), length: uint32(length), bits: from | flags | briefVerified,
			window: 500, headers: 52, opts: fsm.OptTimestamps,
		}
		if flags&briefBits(fsm.SYN) != 0 {
			b.opts, b.mss, b.scale = synOptions, 1460, 7
		}
		return b
	}
	const syn, ack, fin = briefBits(fsm.SYN), briefBits(fsm.ACK), briefBits(fsm.FIN)
	conversation := func() []brief {
		list := []brief{
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
	type change = func(list []brief) []brief
	all := func(set func(b *brief)) change {
		return func(list []brief) []brief {
			for i := range list {
				set(&list[i])
			}
			return list
		}
	}
	at := func(i int, set func(b *brief)) change {
		return func(list []brief) []brief {
			set(&list[i])
			return list
		}
	}
	insert := func(i int, more ...brief) change {
		return func(list []brief) []brief {
			return append(list[:i:i], append(more, list[i:]...)...)
		}
	}
	noStamps := func(b *brief) { b.opts &^= fsm.OptTimestamps }
	late := func(b brief) brief {
		b.time = 100_000_000
		return b
	}

	for _, tt := range []struct {
		name string
		do   change // before the segments have their times
		ends bool

		inOrder bool // the numbers are to fit what changed
	}{
		{"as it is", all(func(*brief) {}), true, false},
		{"without timestamps", all(noStamps), true, false},
		{"checksums unverified", all(func(b *brief) { b.bits &^= briefVerified }), true, false},
		{"the window opens", func(list []brief) []brief {
			list = insert(7, seg(client, ack, 151, 1901, 0))(list)
			for i := range list[7:] {
				list[7+i].window = 600
			}
			return list
		}, true, false},
		{"larger than the MSS, joined by the card", at(5, func(b *brief) { b.length = 1000; b.headers = 1500 }), true, false},

		{"a SYN alone", func(list []brief) []brief { return list[:1] }, false, false},
		{"no last ACK", func(list []brief) []brief { return list[:11] }, false, false},
		{"window closed", at(6, func(b *brief) { b.window = 0 }), false, false},
		{"congestion marked", at(5, func(b *brief) { b.tos = 3 }), false, false},
		{"PSH alone", at(5, func(b *brief) { b.bits = b.bits&^ack | briefBits(fsm.PSH) }), false, false},
		{"URG", at(5, func(b *brief) { b.bits |= briefBits(fsm.URG) }), false, false},
		{"RST", at(11, func(b *brief) { b.bits |= briefBits(fsm.RST) }), false, false},
		{"ECN asked for", at(0, func(b *brief) { b.bits |= briefBits(fsm.ECE | fsm.CWR) }), false, false},
		{"SYN with an acknowledgment number", at(0, func(b *brief) { b.ack = 1 }), false, false},
		{"SYN with data", at(0, func(b *brief) { b.length = 1 }), false, false},
		{"SYN without an MSS", at(0, func(b *brief) { b.opts &^= fsm.OptMSS }), false, false},
		{"MSS of 0", at(1, func(b *brief) { b.mss = 0 }), false, false},
		{"scale of 15", at(0, func(b *brief) { b.scale = 15 }), false, false},
		{"an unusual option on the SYN", at(0, func(b *brief) { b.opts |= fsm.OptMPTCP }), false, false},
		{"an option only in the SYN-ACK", at(0, func(b *brief) { b.opts &^= fsm.OptSACKPermitted }), false, false},
		{"SYN-ACK of another number", at(1, func(b *brief) { b.ack++ }), false, false},
		{"SYN-ACK from the client", at(1, func(b *brief) { b.bits &^= briefFromServer }), false, false},
		{"handshake's last ACK too low", at(2, func(b *brief) { b.ack-- }), false, false},
		{"the server goes on first", func(list []brief) []brief {
			list[2] = seg(server, ack, 901, 101, 10)
			return list
		}, false, false},
		{"next to no window after the handshake", at(2, func(b *brief) { b.window = 0 }), false, false},
		{"next to no window after the handshake, unscaled", func(list []brief) []brief {
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
		{"a FIN in place of the handshake's last ACK", at(2, func(b *brief) { b.bits |= fin }), false, false},
		{"out of order", func(list []brief) []brief {
			list[5], list[7] = list[7], list[5]
			return list
		}, false, false},
		{"sent again", insert(6, seg(server, ack, 901, 151, 1000)), false, false},
		{"a FIN sent again", insert(9, seg(server, ack|fin, 1911, 151, 0)), false, false},
		{"small segments, but few", insert(8, seg(server, ack, 0, 0, 10), seg(server, ack, 0, 0, 10)), true, true},
		{"a third FIN", insert(11, seg(server, ack|fin, 0, 0, 0)), false, true},
		{"acknowledges what was not sent", at(6, func(b *brief) { b.ack++ }), false, false},
		{"acknowledges less", at(7, func(b *brief) { b.ack-- }), false, false},
		{"timestamp missing", at(6, func(b *brief) { b.opts = 0 }), false, false},
		{"timestamps nobody agreed on", func(list []brief) []brief {
			all(noStamps)(list)
			list[6].opts = fsm.OptTimestamps
			return list
		}, false, false},
		{"SACK", at(6, func(b *brief) { b.opts |= fsm.OptSACK }), false, false},
		{"fills the window", at(5, func(b *brief) { b.length = 500 << 7 }), false, true},
		{"larger than the MSS", at(5, func(b *brief) { b.length = 1461; b.headers = 30 }), false, true},
		{"the window shrinks", at(6, func(b *brief) { b.window = 480 }), false, false},
		{"an ACK that says nothing", insert(7, seg(client, ack, 151, 1901, 0)), false, false},
		{"ACKs held back", insert(8,
			late(seg(client, ack, 151, 1911, 0)), late(seg(server, ack, 1911, 151, 10)),
			late(seg(client, ack, 151, 1921, 0)), late(seg(server, ack, 1921, 151, 10)),
			late(seg(client, ack, 151, 1931, 0))), false, true},
		{"small segments", func(list []brief) []brief {
			var many []brief
			for range 21 {
				many = append(many, seg(server, ack, 0, 0, 10))
			}
			return insert(8, many...)(list)
		}, false, true},
		{"data behind a FIN", insert(10, seg(client, ack, 151, 1912, 10)), false, true},
		{"FINs that cross", func(list []brief) []brief {
			list = append(list[:9], list[10:]...)
			list[9].ack = 1911
			return list
		}, false, false},
		{"last ACK from the wrong side", at(11, func(b *brief) { *b = seg(client, ack, 152, 1912, 0); b.window = 600 }), false, false},
		{"last ACK of the data alone", func(list []brief) []brief {
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
		if ends := byTheBook(list); ends != tt.ends {
			t.Errorf("%s: by the book %t, want %t", tt.name, ends, tt.ends)
		}
	}
	for _, tt := range []struct {
		name string
		do   change // afterwards
	}{
		{"clock set back", at(6, func(b *brief) { b.time = 1 })},
		{"SYN-ACK that echoes another time", at(1, func(b *brief) { b.tsEcr++ })},
		{"timestamp goes back", at(7, func(b *brief) { b.tsVal = firstStamp })},
		{"timestamp leaps", at(7, func(b *brief) { b.tsVal += clockJump })},
		{"echo of a time to come", at(6, func(b *brief) { b.tsEcr += 1000 })},
	} {
		list := conversation()
		stamp(list)
		if byTheBook(tt.do(list)) {
			t.Errorf("%s: by the book", tt.name)
		}
	}
}

func byTheBook(list []brief) bool {
	var c course
	for i := range list {
		if !c.take(list[i].from(), &list[i]) {
			return false
		}
	}
	return c.stage == ended
}

// number gives the segments the numbers of a conversation in which all comes in
// order and each acknowledges all before it.
func number(list []brief) {
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
func stamp(list []brief) {
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
