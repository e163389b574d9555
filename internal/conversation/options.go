package conversation

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// parseOptions turns "mss 1460, ws 7, sackok, ts 1 2, sack 1-513" into the octets
// of a header's option field, padded with NOPs to whole words. SACK blocks are
// relative to peerISN. "raw HEX" stands for itself; behind "eol" the padding is zero.
func parseOptions(text string, peerISN fsm.Seq) ([]byte, error) {
	var octets []byte
	pad := byte(1)
	for _, item := range strings.Split(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 {
			return nil, fmt.Errorf("empty option in <%s>", text)
		}
		name, args := words[0], words[1:]
		var err error
		switch name {
		case "eol":
			octets, pad = append(octets, 0), 0
		case "nop":
			octets = append(octets, 1)
		case "mss":
			octets, err = appendNumbers(append(octets, 2, 4), 2, args, 1)
		case "ws":
			octets, err = appendNumbers(append(octets, 3, 3), 1, args, 1)
		case "sackok":
			octets = append(octets, 4, 2)
		case "ts":
			octets, err = appendNumbers(append(octets, 8, 10), 4, args, 2)
		case "sack":
			octets, err = appendSACK(octets, args, peerISN)
		case "tfo":
			cookie, bad := hex.DecodeString(strings.Join(args, ""))
			if bad != nil {
				return nil, fmt.Errorf("cookie %q is not hexadecimal", strings.Join(args, ""))
			}
			octets = append(append(octets, 34, byte(2+len(cookie))), cookie...)
		case "raw":
			raw, bad := hex.DecodeString(strings.Join(args, ""))
			if bad != nil {
				return nil, fmt.Errorf("raw option %q is not hexadecimal", strings.Join(args, ""))
			}
			octets = append(octets, raw...)
		default:
			return nil, fmt.Errorf("unknown option %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("option %s: %w", name, err)
		}
	}
	for len(octets)%4 != 0 {
		octets = append(octets, pad)
	}
	if len(octets) > 40 {
		return nil, fmt.Errorf("options take %d octets, more than 40", len(octets))
	}
	return octets, nil
}

func appendNumbers(octets []byte, size int, args []string, want int) ([]byte, error) {
	if len(args) != want {
		return nil, fmt.Errorf("want %d number(s), not %d", want, len(args))
	}
	for _, a := range args {
		n, err := strconv.ParseUint(a, 0, 8*size)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number of %d bits", a, 8*size)
		}
		var word [8]byte
		binary.BigEndian.PutUint64(word[:], n)
		octets = append(octets, word[8-size:]...)
	}
	return octets, nil
}

func appendSACK(octets []byte, blocks []string, isn fsm.Seq) ([]byte, error) {
	if len(blocks) == 0 {
		return nil, fmt.Errorf("no block")
	}
	octets = append(octets, 5, byte(2+8*len(blocks)))
	for _, b := range blocks {
		from, to, ok := strings.Cut(b, "-")
		if !ok {
			return nil, fmt.Errorf("block %q is not FROM-TO", b)
		}
		for _, edge := range []string{from, to} {
			n, err := parseNumber(edge, isn)
			if err != nil {
				return nil, err
			}
			octets = binary.BigEndian.AppendUint32(octets, uint32(n))
		}
	}
	return octets, nil
}
