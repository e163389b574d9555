package series

import (
	"encoding/binary"
	"errors"
	"iter"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// ErrBroken says that bytes are no series.
var ErrBroken = errors.New("series: not a series")

// Reader reads a series.
type Reader struct {
	spentKnown bool
	points     uint64
	cut        uint64
	closing    uint64
	rest       uint8
	restTime   fsm.Time
	data       []byte
	amended    map[fsm.Frame]amendment
}

type amendment struct {
	marks    Marks
	original fsm.Frame
}

// NewReader returns a Reader of a series, or ErrBroken.
func NewReader(data []byte) (*Reader, error) {
	s := scanner{data: data}
	r := &Reader{}
	r.spentKnown = s.uint() == 1
	r.points, r.cut, r.closing = s.uint(), s.uint(), s.uint()
	r.rest, r.restTime = uint8(s.byte()), fsm.Time(s.uint())
	if s.broken || int(r.rest) >= len(Accounts) {
		return nil, ErrBroken
	}
	r.data = s.data
	if r.points == 0 {
		return r, nil
	}
	n := uint64(0)
	ok := r.each(func(*Point, []booking) bool { n++; return true }, func(f fsm.Frame, a amendment) {
		if r.amended == nil {
			r.amended = map[fsm.Frame]amendment{}
		}
		b := r.amended[f]
		b.marks |= a.marks
		if a.original != 0 {
			b.original = a.original
		}
		r.amended[f] = b
	})
	if !ok || n != r.points {
		return nil, ErrBroken
	}
	return r, nil
}

// Points returns how many segments the series has, and how many it lacks at its end.
func (r *Reader) Points() (n, cut uint64) { return r.points, r.cut }

// All yields the segments. A Point is valid until the next one.
func (r *Reader) All() iter.Seq[*Point] {
	return func(yield func(*Point) bool) {
		r.each(func(p *Point, _ []booking) bool {
			if a, is := r.amended[p.Frame]; is {
				p.Marks |= a.marks
				if a.original != 0 {
					p.Original = a.original
				}
			}
			return yield(p)
		}, nil)
	}
}

// Waits returns what the connection's time went to, from its first segment to its last. It
// is empty where that is not known.
func (r *Reader) Waits() (list []Wait) {
	if !r.spentKnown {
		return nil
	}
	var until fsm.Time
	n := uint64(0)
	book := func(account uint8, time fsm.Time) {
		until += time
		if r.closing != 0 && n > r.closing {
			account = toClose
		}
		a := &Accounts[account]
		if last := len(list) - 1; last >= 0 && list[last].Cause == a.Cause && list[last].Side == a.Side {
			list[last].Until = until
		} else if time > 0 {
			list = append(list, Wait{a.Cause, a.Side, until})
		}
	}
	r.each(func(p *Point, booked []booking) bool {
		if n++; n == 1 {
			until = p.Time
		}
		for _, b := range booked {
			book(b.account, b.time)
		}
		return true
	}, nil)
	if r.cut == 0 {
		n = r.closing + 1
		book(r.rest, r.restTime)
	}
	return list
}

// each calls take for every segment with what was booked before it, and amend for every
// amendment. It reports whether all could be read.
func (r *Reader) each(take func(*Point, []booking) bool, amend func(fsm.Frame, amendment)) bool {
	if r.points == 0 {
		return true
	}
	s := scanner{data: r.data}
	var last state
	last.time = fsm.Time(s.int())
	number := s.uint()
	last.frame = fsm.NewFrame(int(s.uint()), number-1)
	spent := last.time
	var p Point
	for len(s.data) > 0 && !s.broken {
		head := s.uint()
		if head == headAmend {
			frame := s.reference(last.frame)
			a := amendment{marks: Marks(s.uint()), original: s.reference(frame)}
			if a.original == frame {
				a.original = 0
			}
			if amend != nil && !s.broken {
				amend(frame, a)
			}
			continue
		}
		booked := s.segment(&p, head, &last, &spent)
		if s.broken {
			return false
		}
		if !take(&p, booked) {
			return true
		}
	}
	return !s.broken
}

// scanner takes values off bytes. Once broken it yields zeros.
type scanner struct {
	data   []byte
	broken bool
	booked [4]booking
}

func (s *scanner) uint() uint64 {
	v, n := binary.Uvarint(s.data)
	if n <= 0 {
		s.broken, s.data = true, nil
		return 0
	}
	s.data = s.data[n:]
	return v
}

func (s *scanner) int() int64 {
	v := s.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (s *scanner) byte() byte {
	if len(s.data) == 0 {
		s.broken = true
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *scanner) reference(from fsm.Frame) fsm.Frame {
	v := s.int()
	number := uint64(int64(from.Number()) - v>>1)
	if v&1 == 0 {
		return fsm.NewFrame(from.File(), number)
	}
	return fsm.NewFrame(int(s.uint()), number)
}

// segment reads a segment behind its head.
func (s *scanner) segment(p *Point, head uint64, last *state, spent *fsm.Time) []booking {
	*p = Point{From: fsm.Client, Time: last.time + fsm.Time(s.int())}
	if head&headServer != 0 {
		p.From = fsm.Server
	}
	d := &last.dir[p.From]
	file, number := last.frame.File(), last.frame.Number()+1
	p.Seq, p.Len, p.Ack, p.Window, p.Flags = d.next, d.len, d.ack, d.win, d.flags
	if head&headFrame != 0 {
		number += uint64(s.int())
	}
	if head&headSeq != 0 {
		p.Seq += uint64(s.int())
	}
	if head&headLen != 0 {
		p.Len = uint32(s.uint())
	}
	if head&headAck != 0 {
		p.Ack += uint64(s.int())
	}
	if head&headWindow != 0 {
		p.Window += uint32(s.int())
	}
	var sampled, original scanner // where they stand: the frame is known when the file is
	if head&headSampled != 0 {
		sampled = *s
		s.reference(0)
	}
	if head&headFlags != 0 {
		p.Flags = fsm.Flags(s.uint())
	}
	if head&headMarks != 0 {
		p.Marks = Marks(s.uint())
	}
	if head&headSACK != 0 {
		s.sack(p, d)
	}
	wait, booked := last.wait, []booking(nil)
	if head&headWait != 0 {
		wait = s.byte()
	}
	booked = s.waits(wait, p.Time, spent)
	if head&headFile != 0 {
		file = int(s.uint())
	}
	p.Frame = fsm.NewFrame(file, number)
	if head&headOriginal != 0 {
		original = *s
		s.reference(0)
		p.Original = original.reference(p.Frame)
	}
	if head&headSampled != 0 {
		p.Sampled = sampled.reference(p.Frame)
	}
	last.frame, last.time, last.wait = p.Frame, p.Time, wait
	d.next, d.ack, d.len, d.win, d.flags = p.end(), p.Ack, p.Len, p.Window, p.Flags
	return booked
}

func (s *scanner) sack(p *Point, d *direction) {
	n := s.byte()
	if int(n) > len(p.SACK) {
		s.broken = true
		return
	}
	p.SACKs = n
	before := d.sack
	for i := range p.SACK[:n] {
		r := &p.SACK[i]
		switch code := s.byte(); {
		case code < sackMore:
			*r = before[code]
		case code < sackOther:
			*r = before[code-sackMore]
			r.To += s.int()
		default:
			r.From = int64(p.Ack) + s.int()
			r.To = r.From + s.int()
		}
		d.sack[i] = *r
	}
}

// waits returns what was booked before a segment of that time.
func (s *scanner) waits(code uint8, now fsm.Time, spent *fsm.Time) []booking {
	switch {
	case code == waitHeld:
		return nil
	case code < uint8(waitSeveral):
		s.booked[0] = booking{code - 1, now - *spent}
		*spent = now
		return s.booked[:1]
	}
	n := s.byte()
	if int(n) > len(s.booked) || code > uint8(waitSeveral) {
		s.broken = true
		return nil
	}
	for i := range s.booked[:n] {
		b := &s.booked[i]
		b.account, b.time = s.byte(), fsm.Time(s.uint())
		*spent += b.time
		if int(b.account) >= len(Accounts) {
			s.broken = true
			return nil
		}
	}
	return s.booked[:n]
}
