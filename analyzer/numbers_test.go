package analyzer_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
)

// TestOtherNumbers adds constants to all sequence numbers and to all timestamps of captures, so
// that some of each wrap: what is said of the connections must be the same but for these numbers.
// What depends on where the numbers lie was 0 where it stood for unknown.
func TestOtherNumbers(t *testing.T) {
	for i, file := range fuzzinput.Captures("..") {
		t.Run(filepath.Base(file), func(t *testing.T) { sameWithOtherNumbers(t, file, i%len(changes)) })
	}
}

func sameWithOtherNumbers(t *testing.T, file string, change int) {
	list, err := fuzzinput.Load(file, 1<<20)
	if err != nil {
		t.Skip(err)
	}
	r := rand.New(rand.NewPCG(uint64(change), uint64(len(list))))
	list = changes[change].do(list, r)
	analyse := func() string {
		a := analyzer.New(analyzer.Options{NoChecksums: true})
		for i := range list {
			p := list[i]
			p.Number = uint64(i + 1)
			a.Packet(&p)
		}
		report, _ := a.Finish()
		return withoutNumbers(asJSON(t, report))
	}
	before := analyse()
	var headers []tcpHeader
	for i := range list {
		list[i].Data = bytes.Clone(list[i].Data)
		headers = appendHeaders(headers, list[i].Data, list[i].LinkType)
	}
	if len(headers) == 0 {
		t.Skip("no segment that can be changed")
	}
	one := headers[r.IntN(len(headers))]
	seq := -be.Uint32(one.tcp[4:]) - r.Uint32N(100)
	ts := -one.timestamp() - 1
	for slices.ContainsFunc(headers, func(h tcpHeader) bool { return h.has(-ts) }) {
		ts-- // none becomes 0, which is for no timestamp
	}
	known := true
	for _, h := range headers {
		known = h.shift(seq, ts) && known
	}
	after := analyse()
	if !known { // Zeek's state goes by the difference to what is none
		before, after = zeeks.ReplaceAllString(before, ""), zeeks.ReplaceAllString(after, "")
	}
	if after != before {
		t.Errorf("%s, %d and %d added: %s", changes[change].name, seq, ts, firstDifference(before, after))
	}
}

var be = binary.BigEndian

// tcpHeader is a TCP header, in place, with what there is of it and of its options.
type tcpHeader struct{ tcp []byte }

// appendHeaders adds the TCP header that a packet has, or that an ICMP error in it quotes.
func appendHeaders(list []tcpHeader, data []byte, linkType int) []tcpHeader {
	at := map[int]int{1: 14, 113: 16, 276: 20, 101: 0}[linkType]
	for linkType == 1 && len(data) > at+4 && data[at-2] == 0x81 && data[at-1] == 0 {
		at += 4
	}
	for range 2 {
		if len(data) < at+28 {
			return list
		}
		ip, protocol := data[at:], byte(0)
		switch ip[0] >> 4 {
		case 4:
			protocol, at = ip[9], at+int(ip[0]&15)*4
			if be.Uint16(ip[6:])&0x1fff != 0 {
				return list
			}
		case 6:
			protocol, at = ip[6], at+40
		default:
			return list
		}
		switch protocol {
		case 6:
			if at+8 <= len(data) {
				list = append(list, tcpHeader{data[at:]})
			}
			return list
		case 1, 58:
			at += 8
		default:
			return list
		}
	}
	return list
}

// eachOption calls do with each option whole.
func (h tcpHeader) eachOption(do func(kind byte, value []byte)) {
	if len(h.tcp) < 20 {
		return
	}
	decode.EachOption(h.tcp[20:max(20, min(len(h.tcp), int(h.tcp[12]>>4)*4))], do)
}

func (h tcpHeader) timestamp() (ts uint32) {
	h.eachOption(func(kind byte, value []byte) {
		if kind == 8 && len(value) == 8 {
			ts = be.Uint32(value)
		}
	})
	return ts
}

// has reports whether the header has a timestamp, or an echo of it.
func (h tcpHeader) has(ts uint32) (has bool) {
	h.eachOption(func(kind byte, value []byte) {
		has = has || kind == 8 && len(value) == 8 && (be.Uint32(value) == ts || be.Uint32(value[4:]) == ts)
	})
	return has
}

// shift adds to the header's numbers, but for those that are none: 0 in a RST that knows no
// number, an acknowledgment without ACK, an echo of nothing. It reports whether the segment has
// a number.
func (h tcpHeader) shift(seq, ts uint32) (known bool) {
	add := func(b []byte, n uint32) { be.PutUint32(b, be.Uint32(b)+n) }
	whole := len(h.tcp) >= 20
	flags := fsm.Flags(0)
	if whole {
		flags = fsm.Flags(h.tcp[13])
	}
	if known = flags&fsm.RST == 0 || be.Uint32(h.tcp[4:]) != 0; known {
		add(h.tcp[4:], seq)
	}
	if flags&fsm.ACK != 0 {
		add(h.tcp[8:], seq)
	}
	h.eachOption(func(kind byte, value []byte) {
		switch {
		case kind == 5 && len(value)%8 == 0:
			for at := 0; at < len(value); at += 4 {
				add(value[at:], seq)
			}
		case kind == 8 && len(value) == 8:
			add(value, ts)
			if be.Uint32(value[4:]) != 0 {
				add(value[4:], ts)
			}
		}
	})
	return known
}

var (
	isns  = regexp.MustCompile(`"isn":\{[^}]*\}`)
	texts = regexp.MustCompile(`"(message|seen|expected|sentence)":"[^"]*"`)
	zeeks = regexp.MustCompile(`"zeek":\{[^}]*\}`)
	digit = regexp.MustCompile(`[0-9][0-9,]*`)
)

// withoutNumbers returns a report without what numbers it shows.
func withoutNumbers(json string) string {
	json = isns.ReplaceAllString(json, `"isn":{}`)
	return texts.ReplaceAllStringFunc(json, func(text string) string { return digit.ReplaceAllString(text, "#") })
}
