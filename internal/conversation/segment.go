package conversation

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// parseSegment reads a line that stands for a packet:
//
//	[NUMBER] [+SECONDS] > FLAGS SEQ[(DATA)] [ack N] [<OPTIONS>] [WORD …] [=> STATE STATE [LABEL] …]
//	[NUMBER] [+SECONDS] dup [FRAME] [ttl N] [=> …]
func (p *parser) parseSegment(text string) error {
	words, err := splitWords(text)
	if err != nil {
		return err
	}
	f := frame{offset: -1, vlan: -1, ipID: -1, ttl: defaultTTL}
	f.expect = Expectation{Conn: p.index, Line: p.line}
	w := &wordList{words: words}

	wantNumber := 0
	if n, err := strconv.Atoi(w.peek()); err == nil {
		if n < 1 {
			return fmt.Errorf("frame number %q is not positive", w.peek())
		}
		wantNumber = n
		w.next()
	}
	f.at = p.now + spacing
	if len(p.script.frames) == 0 {
		f.at = 0
	}
	if s, ok := strings.CutPrefix(w.peek(), "+"); ok {
		w.next()
		d, err := parseSeconds(s)
		if err != nil {
			return err
		}
		f.at = p.now + d
	} else if s, ok := strings.CutPrefix(w.peek(), "@"); ok {
		w.next()
		if f.at, err = parseSeconds(s); err != nil {
			return err
		}
	}

	switch w.peek() {
	case ">", "<":
		if w.next() == "<" {
			f.expect.From = fsm.Server
		}
		err = p.parseOwnSegment(&f, w)
	case "dup":
		w.next()
		err = p.parseCopy(&f, w)
	case "":
		err = fmt.Errorf("line ends before the direction (> or <)")
	default:
		err = fmt.Errorf("%q is not a direction (> or <), dup, or a header", w.peek())
	}
	if err != nil {
		return err
	}
	if err := parseExpectation(&f, w); err != nil {
		return err
	}
	p.now = f.at
	if f.hidden {
		if wantNumber != 0 || f.expect.Stated || len(f.expect.Labels) > 0 {
			return fmt.Errorf("a hidden segment has no frame number and no expectation")
		}
	} else {
		p.number++
		f.expect.Frame = p.number
		if wantNumber != 0 && wantNumber != p.number {
			return fmt.Errorf("this is frame %d, not %d", p.number, wantNumber)
		}
	}
	p.script.frames = append(p.script.frames, f)
	return nil
}

// parseOwnSegment reads what follows the direction up to "=>".
func (p *parser) parseOwnSegment(f *frame, w *wordList) error {
	side, c := f.expect.From, p.conn
	var err error
	if f.flags, err = parseFlags(w.next()); err != nil {
		return err
	}
	f.window = c.window[side]
	if f.flags.Has(fsm.RST) {
		f.window = 0 // as stacks do
	}
	seqWord := w.next()
	data := ""
	if i := strings.IndexByte(seqWord, '('); i >= 0 {
		seqWord, data = seqWord[:i], seqWord[i:]
	}
	if f.seq, err = parseNumber(seqWord, c.ISN[side]); err != nil {
		return fmt.Errorf("sequence number: %w", err)
	}

	fill, hasAck := -1, false
	for w.peek() != "" && w.peek() != "=>" {
		switch word := w.next(); {
		case strings.HasPrefix(word, "<"):
			f.options, err = parseOptions(word[1:len(word)-1], c.ISN[side.Peer()])
		case word == "ack":
			hasAck = true
			if f.ack, err = parseNumber(w.next(), c.ISN[side.Peer()]); err != nil {
				err = fmt.Errorf("acknowledgment number: %w", err)
			}
		case word == "fill":
			var n uint64
			n, err = parseLimited(word, w, math.MaxUint8)
			fill = int(n)
		default:
			err = f.setField(word, w)
		}
		if err != nil {
			return err
		}
	}
	if f.flags.Has(fsm.ACK) != hasAck && !f.flags.Has(fsm.RST) && f.flags.Has(fsm.ACK) {
		return fmt.Errorf("flags have the ACK bit (.) and no ack number is given")
	}
	first := uint32(f.seq - c.ISN[side])
	if f.flags.Has(fsm.SYN) {
		first++ // data begins behind the SYN's own number
	}
	f.payload, err = parseData(data, first, fill)
	return err
}

// setField reads a word about the segment, and its number if it has one.
func (f *frame) setField(word string, w *wordList) error {
	switch word {
	case "hidden":
		f.hidden = true
		return nil
	case "lost": // for the reader only: it passed the tap and did not arrive
		return nil
	case "badsum":
		f.checksum = checksumWrong
		return nil
	case "pseudosum":
		f.checksum = checksumPseudo
		return nil
	}
	limit, known := map[string]uint64{
		"win": math.MaxUint16, "urg": math.MaxUint16, "id": math.MaxUint16,
		"ttl": math.MaxUint8, "tos": math.MaxUint8,
		"vlan": 4094, "offset": 15, "reserved": 7,
	}[word]
	if !known {
		return fmt.Errorf("unknown word %q", word)
	}
	n, err := parseLimited(word, w, limit)
	if err != nil {
		return err
	}
	switch word {
	case "win":
		f.window = uint16(n)
	case "urg":
		f.urgent = uint16(n)
	case "id":
		f.ipID = int(n)
	case "ttl":
		f.ttl = uint8(n)
	case "tos":
		f.tos = uint8(n)
	case "vlan":
		f.vlan = int(n)
	case "offset":
		f.offset = int(n)
	case "reserved":
		f.flags |= fsm.Flags(n) << 9
	}
	return nil
}

// parseLimited reads the number behind a word.
func parseLimited(word string, w *wordList, limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(w.peek(), 0, 32)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%s %q is not a number up to %d", word, w.peek(), limit)
	}
	w.next()
	return n, nil
}

// parseCopy reads what follows "dup": the frame that is captured again.
func (p *parser) parseCopy(f *frame, w *wordList) error {
	f.copyOf = p.number
	if n, err := strconv.Atoi(w.peek()); err == nil {
		f.copyOf = n
		w.next()
	}
	if f.copyOf < 1 || f.copyOf > p.number {
		return fmt.Errorf("there is no frame %d to capture again", f.copyOf)
	}
	if w.peek() == "ttl" {
		w.next()
		n, err := strconv.ParseUint(w.next(), 0, 8)
		if err != nil {
			return fmt.Errorf("ttl is not a number up to 255")
		}
		f.ttl, f.hasTTL = uint8(n), true
	}
	for _, g := range p.script.frames {
		if g.expect.Frame == f.copyOf && !g.hidden {
			f.expect.From = g.expect.From
			f.expect.Conn = g.expect.Conn
		}
	}
	if w.peek() != "" && w.peek() != "=>" {
		return fmt.Errorf("unknown word %q behind dup", w.peek())
	}
	return nil
}

// parseExpectation reads "=> STATE STATE [LABEL] …"; a state may end in "?".
func parseExpectation(f *frame, w *wordList) error {
	if w.peek() == "" {
		return nil
	}
	w.next() // "=>", the only word that the callers leave
	e := &f.expect
	for _, side := range []fsm.Side{fsm.Client, fsm.Server} {
		name, unproved := strings.CutSuffix(w.next(), "?")
		state, ok := fsm.ParseState(name)
		if !ok {
			return fmt.Errorf("the %v's state %q is not one of RFC 9293", side, name)
		}
		e.State[side], e.Proved[side] = state, !unproved
	}
	e.Stated = true
	for w.peek() != "" {
		label := w.next()
		name := strings.TrimSuffix(strings.TrimPrefix(label, "["), "]")
		if !isName(name) || label != "["+name+"]" {
			return fmt.Errorf("%q is not a label like [keepalive]", label)
		}
		e.Labels = append(e.Labels, name)
	}
	return nil
}

func parseFlags(word string) (fsm.Flags, error) {
	if word == "none" {
		return 0, nil
	}
	if word == "" {
		return 0, fmt.Errorf("no flags")
	}
	const letters = "FSRP.UEWe" // in the order of the header's bits
	var flags fsm.Flags
	for _, c := range word {
		bit := strings.IndexRune(letters, c)
		if bit < 0 {
			return 0, fmt.Errorf("flag %q in %q is none of %s, nor is it \"none\"", c, word, letters)
		}
		flags |= 1 << bit
	}
	return flags, nil
}

// parseNumber reads a sequence number relative to isn, or an absolute one
// behind "=".
func parseNumber(word string, isn fsm.Seq) (fsm.Seq, error) {
	if s, ok := strings.CutPrefix(word, "="); ok {
		n, err := strconv.ParseUint(s, 0, 32)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number of 32 bits", s)
		}
		return fsm.Seq(n), nil
	}
	n, err := strconv.ParseInt(word, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", word)
	}
	return isn + fsm.Seq(uint32(n)), nil
}

// parseSeconds reads a span such as 0.000020 without going through a float.
func parseSeconds(s string) (fsm.Time, error) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > 9 {
		return 0, fmt.Errorf("time %q is finer than a nanosecond", s)
	}
	sec, err1 := strconv.ParseUint(whole, 10, 32)
	ns, err2 := strconv.ParseUint(part+"000000000"[len(part):], 10, 32)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("time %q is not a number of seconds", s)
	}
	return fsm.Time(sec)*fsm.Second + fsm.Time(ns), nil
}

// parseData turns "(512)", "(\"text\")" or "(hex 00ff)" into octets. Counted data is
// a pattern over the sequence number, so that sending a range again sends the
// same octets; fill (0–255) replaces the pattern.
func parseData(data string, first uint32, fill int) ([]byte, error) {
	if data == "" {
		return nil, nil
	}
	inner := data[1 : len(data)-1]
	if strings.HasPrefix(inner, `"`) {
		text, err := strconv.Unquote(inner)
		if err != nil {
			return nil, fmt.Errorf("data %s is not a quoted string", inner)
		}
		return []byte(text), nil
	}
	if s, ok := strings.CutPrefix(inner, "hex "); ok {
		octets, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("data %q is not hexadecimal", s)
		}
		return octets, nil
	}
	n, err := strconv.ParseUint(inner, 10, 16)
	if err != nil || n > 65000 {
		return nil, fmt.Errorf("length %q is not a number up to 65000", inner)
	}
	octets := make([]byte, n)
	for i := range octets {
		octets[i] = patternOctet(first + uint32(i))
		if fill >= 0 {
			octets[i] = byte(fill)
		}
	}
	return octets, nil
}

// patternOctet is the octet at a relative sequence number: letters whose order
// shifts each time round, so that a shifted copy does not match.
func patternOctet(n uint32) byte { return byte('a' + (n+n/26)%26) }
