package conversation

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// What a script need not say.
const (
	defaultClient = "10.0.0.1:40000"
	defaultServer = "10.0.0.2:80"
	defaultWindow = 64240
	defaultTTL    = 64
	spacing       = fsm.Second / 100
)

// Every script begins at this moment, so that captures are the same each time.
var defaultStart = fsm.Time(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).UnixNano())

// Load reads and parses the script in the named file. Errors begin with
// "file:line: ".
func Load(path string) (*Script, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Parse(path, f)
}

// Parse parses a script; name stands for the file in errors.
func Parse(name string, r io.Reader) (*Script, error) {
	p := &parser{script: &Script{Path: name, start: defaultStart}}
	p.conn = &Conn{
		Name:   "1",
		Client: netip.MustParseAddrPort(defaultClient),
		Server: netip.MustParseAddrPort(defaultServer),
		ISN:    [2]fsm.Seq{1000, 5000},
		window: [2]uint16{defaultWindow, defaultWindow},
	}
	p.script.Conns = []*Conn{p.conn}

	lines := bufio.NewScanner(r)
	for lines.Scan() {
		p.line++
		if err := p.parseLine(lines.Text()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, p.line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p.script, nil
}

type parser struct {
	script *Script
	conn   *Conn // the one that lines belong to
	index  int   // its place in script.Conns
	line   int
	now    fsm.Time // time of the last frame, since the start
	number int      // of the last captured frame
}

func (p *parser) parseLine(text string) error {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' {
		return nil
	}
	if word, rest, ok := strings.Cut(text, ":"); ok && isWord(word) {
		return p.parseHeader(word, strings.TrimSpace(rest))
	}
	return p.parseSegment(text)
}

func isWord(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return s != ""
}

func (p *parser) parseHeader(word, rest string) error {
	switch word {
	case "title":
		p.script.Title = rest
	case "peers":
		p.script.Peers = strings.TrimSpace(p.script.Peers + " " + rest)
	case "snaplen":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 1 {
			return fmt.Errorf("snap length %q is not a positive number", rest)
		}
		p.script.SnapLen = n
	case "connection":
		return p.parseConnection(rest)
	case "client":
		return p.parseEndpoint(fsm.Client, rest)
	case "server":
		return p.parseEndpoint(fsm.Server, rest)
	case "finding":
		return p.parseFinding(rest)
	case "closer":
		if rest != "client" && rest != "server" && rest != "none" {
			return fmt.Errorf("closer %q is not client, server or none", rest)
		}
		p.conn.Closer = rest
	default:
		return fmt.Errorf("unknown header %q", word)
	}
	return nil
}

// parseConnection goes back to the named connection or begins it. A new one has
// the addresses of the one before until it names its own.
func (p *parser) parseConnection(name string) error {
	if name == "" {
		return fmt.Errorf("connection without a name")
	}
	if len(p.script.Conns) == 1 && len(p.script.frames) == 0 {
		p.conn.Name = name
		return nil
	}
	for i, c := range p.script.Conns {
		if c.Name == name {
			p.conn, p.index = c, i
			return nil
		}
	}
	c := *p.conn
	c.Name, c.Findings, c.Closer = name, nil, ""
	p.conn, p.index = &c, len(p.script.Conns)
	p.script.Conns = append(p.script.Conns, &c)
	return nil
}

// parseEndpoint reads "ADDRESS:PORT [isn N] [win N]". Either may be left out.
func (p *parser) parseEndpoint(side fsm.Side, text string) error {
	for _, f := range p.script.frames {
		if f.expect.Conn == p.index {
			return fmt.Errorf("the %v must be described before the connection's first segment", side)
		}
	}
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "isn", "win":
			bits := 32
			if words[i] == "win" {
				bits = 16
			}
			if i+1 == len(words) {
				return fmt.Errorf("%s without a number", words[i])
			}
			n, err := strconv.ParseUint(words[i+1], 0, bits)
			if err != nil {
				return fmt.Errorf("%s %q is not a number of %d bits", words[i], words[i+1], bits)
			}
			if bits == 32 {
				p.conn.ISN[side] = fsm.Seq(n)
			} else {
				p.conn.window[side] = uint16(n)
			}
			i++
		default:
			addr, err := netip.ParseAddrPort(words[i])
			if err != nil {
				return fmt.Errorf("address %q: want ADDRESS:PORT", words[i])
			}
			if side == fsm.Client {
				p.conn.Client = addr
			} else {
				p.conn.Server = addr
			}
		}
	}
	return nil
}

// parseFinding reads "NAME [frames N,N,…] [side client|server]".
func (p *parser) parseFinding(text string) error {
	words := strings.Fields(text)
	if len(words) == 0 || !isWord(words[0]) && !isName(words[0]) {
		return fmt.Errorf("finding %q does not begin with an anomaly's name", text)
	}
	f := Finding{Name: words[0], Line: p.line}
	for i := 1; i < len(words); i += 2 {
		if i+1 == len(words) {
			return fmt.Errorf("finding: %q needs a value", words[i])
		}
		value := words[i+1]
		switch words[i] {
		case "frames", "frame":
			for _, s := range strings.Split(value, ",") {
				n, err := strconv.Atoi(s)
				if err != nil || n < 1 {
					return fmt.Errorf("finding: frame %q is not a positive number", s)
				}
				f.Frames = append(f.Frames, n)
			}
		case "side":
			if value != "client" && value != "server" {
				return fmt.Errorf("finding: side %q is not client or server", value)
			}
			f.Side = value
		default:
			return fmt.Errorf("finding: unknown word %q", words[i])
		}
	}
	p.conn.Findings = append(p.conn.Findings, f)
	return nil
}

// isName is isWord with digits, for names such as split-handshake-4way.
func isName(s string) bool {
	return isWord(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return 'a'
		}
		return r
	}, s))
}

// finish checks what only the whole script can show.
func (p *parser) finish() error {
	if p.script.Title == "" {
		return fmt.Errorf("no title")
	}
	if p.number == 0 {
		return fmt.Errorf("no segment that is captured")
	}
	for i, c := range p.script.Conns {
		used := false
		for _, f := range p.script.frames {
			used = used || f.expect.Conn == i
		}
		if !used {
			return fmt.Errorf("connection %q has no segment", c.Name)
		}
		if c.Client.Addr().Is4() != c.Server.Addr().Is4() {
			return fmt.Errorf("connection %q mixes IPv4 and IPv6", c.Name)
		}
		for _, f := range c.Findings {
			for _, n := range f.Frames {
				if n > p.number {
					return fmt.Errorf("line %d: finding %s names frame %d of %d", f.Line, f.Name, n, p.number)
				}
			}
		}
	}
	return nil
}
