package series

import (
	"encoding/binary"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// Encoder makes a series of the segments of one connection. The zero Encoder is ready
// for use.
type Encoder struct {
	// Room, if set, is how many bytes it and others may still take. When nothing is left the
	// series ends: what comes then is only counted.
	Room *int

	buf    []byte
	points uint64
	cut    uint64
	last   state

	booked  [4]booking
	nBooked int
	spent   fsm.Time // up to when it is known what the time went to
	begun   bool
	closing uint64 // the number of the point with which the close began, from 1; 0 for none
}

// booking is time that went to an account.
type booking struct {
	account uint8
	time    fsm.Time
}

// state is what the next segment is told by its difference to.
type state struct {
	frame fsm.Frame
	time  fsm.Time
	wait  uint8
	dir   [2]direction
}

type direction struct {
	next, ack uint64
	len, win  uint32
	flags     fsm.Flags
	sack      [4]Range // the latest blocks
}

// Reset forgets the series and keeps the memory. What the series took is given back to Room.
func (e *Encoder) Reset() {
	if e.Room != nil {
		*e.Room += len(e.buf)
	}
	buf := e.buf[:0]
	if cap(buf) > 4096 {
		buf = nil
	}
	*e = Encoder{Room: e.Room, buf: buf}
}

// Len returns how many bytes the series has so far.
func (e *Encoder) Len() int { return len(e.buf) }

// Book notes that time went to an account, of the time before the segment that is added next.
func (e *Encoder) Book(account uint8, time fsm.Time) {
	switch {
	case time <= 0:
	case e.nBooked > 0 && e.booked[e.nBooked-1].account == account:
		e.booked[e.nBooked-1].time += time
	case e.nBooked < len(e.booked):
		e.booked[e.nBooked] = booking{account, time}
		e.nBooked++
	}
}

// Closing notes that with the segment that is added next a side closes: what is booked
// afterwards is the close's, until it is called again.
func (e *Encoder) Closing() { e.closing = e.points + 1 }

// takes reports whether there is room.
func (e *Encoder) takes() bool {
	const most = 160 // bytes of a segment
	return e.cut == 0 && (e.Room == nil || *e.Room >= most)
}

// Add appends a segment.
func (e *Encoder) Add(p *Point) {
	if !e.takes() {
		e.cut++
		return
	}
	before := len(e.buf)
	if !e.begun {
		e.begun, e.spent = true, p.Time
		e.last.time, e.last.frame = p.Time, p.Frame-1
		e.buf = binary.AppendVarint(e.buf, int64(p.Time))
		e.buf = binary.AppendUvarint(e.buf, p.Frame.Number())
		e.buf = binary.AppendUvarint(e.buf, uint64(p.Frame.File()))
	}
	e.points++
	e.segment(p)
	if e.Room != nil {
		*e.Room -= len(e.buf) - before
	}
}

func (e *Encoder) segment(p *Point) {
	d := &e.last.dir[p.From]
	wait := e.waitCode(p.Time)
	head := e.head(p, d)
	if wait != e.last.wait || wait == uint8(waitSeveral) {
		head |= headWait
	}
	b := binary.AppendUvarint(e.buf, head)
	b = binary.AppendVarint(b, int64(p.Time-e.last.time))
	if head&headFrame != 0 {
		b = binary.AppendVarint(b, int64(p.Frame.Number())-int64(e.last.frame.Number())-1)
	}
	if head&headSeq != 0 {
		b = binary.AppendVarint(b, int64(p.Seq-d.next))
	}
	if head&headLen != 0 {
		b = binary.AppendUvarint(b, uint64(p.Len))
	}
	if head&headAck != 0 {
		b = binary.AppendVarint(b, int64(p.Ack-d.ack))
	}
	if head&headWindow != 0 {
		b = binary.AppendVarint(b, int64(p.Window)-int64(d.win))
	}
	if head&headSampled != 0 {
		b = appendReference(b, p.Frame, p.Sampled)
	}
	if head&headFlags != 0 {
		b = binary.AppendUvarint(b, uint64(p.Flags))
	}
	if head&headMarks != 0 {
		b = binary.AppendUvarint(b, uint64(p.Marks))
	}
	if head&headSACK != 0 {
		b = appendSACK(b, p, d)
	}
	if head&headWait != 0 {
		b = e.appendWait(b, wait)
	}
	if head&headFile != 0 {
		b = binary.AppendUvarint(b, uint64(p.Frame.File()))
	}
	if head&headOriginal != 0 {
		b = appendReference(b, p.Frame, p.Original)
	}
	e.buf = b
	e.nBooked = 0
	e.last.frame, e.last.time, e.last.wait = p.Frame, p.Time, wait
	d.next, d.ack, d.len, d.win, d.flags = p.end(), p.Ack, p.Len, p.Window, p.Flags
}

// appendSACK appends the blocks, which mostly are some of those before.
func appendSACK(b []byte, p *Point, d *direction) []byte {
	b = append(b, p.SACKs)
	before := d.sack
	for i, r := range p.SACK[:p.SACKs] {
		d.sack[i] = r
		code, more := uint8(sackOther), uint8(sackOther)
		for k, x := range before {
			if x == r {
				code = sackSame + uint8(k)
				break
			}
			if x.From == r.From && more == sackOther {
				more = sackMore + uint8(k)
			}
		}
		switch code = min(code, more); {
		case code < sackMore:
			b = append(b, code)
		case code < sackOther:
			b = binary.AppendVarint(append(b, code), r.To-before[code-sackMore].To)
		default:
			b = binary.AppendVarint(binary.AppendVarint(append(b, code), r.From-int64(p.Ack)), r.To-r.From)
		}
	}
	return b
}

// head returns what of a segment differs from what was to be expected.
func (e *Encoder) head(p *Point, d *direction) (head uint64) {
	set := func(bit uint64, is bool) {
		if is {
			head |= bit
		}
	}
	set(headServer, p.From == fsm.Server)
	set(headFrame, p.Frame.Number() != e.last.frame.Number()+1)
	set(headSeq, p.Seq != d.next)
	set(headLen, p.Len != d.len)
	set(headAck, p.Ack != d.ack)
	set(headWindow, p.Window != d.win)
	set(headSampled, p.Sampled != 0)
	set(headFlags, p.Flags != d.flags)
	set(headMarks, p.Marks != 0)
	set(headSACK, p.SACKs > 0)
	set(headFile, p.Frame.File() != e.last.frame.File())
	set(headOriginal, p.Original != 0)
	return head
}

// end returns the number behind the segment's last one.
func (p *Point) end() uint64 {
	n := p.Seq + uint64(p.Len)
	if p.Flags&fsm.SYN != 0 {
		n++
	}
	if p.Flags&fsm.FIN != 0 {
		n++
	}
	return n
}

// waitCode says what was booked before a segment of that time.
func (e *Encoder) waitCode(now fsm.Time) uint8 {
	if e.nBooked == 0 {
		return waitHeld
	}
	if e.nBooked == 1 && e.booked[0].time == now-e.spent {
		e.spent = now
		return 1 + e.booked[0].account
	}
	for _, b := range e.booked[:e.nBooked] {
		e.spent += b.time
	}
	return uint8(waitSeveral)
}

func (e *Encoder) appendWait(b []byte, code uint8) []byte {
	b = append(b, code)
	if code == uint8(waitSeveral) {
		b = append(b, uint8(e.nBooked))
		for _, x := range e.booked[:e.nBooked] {
			b = append(b, x.account)
			b = binary.AppendUvarint(b, uint64(x.time))
		}
	}
	return b
}

// Amend adds marks to the segment of a frame that was added before, and says which it
// repeats, if original is not 0.
func (e *Encoder) Amend(frame fsm.Frame, m Marks, original fsm.Frame) {
	if !e.begun || !e.takes() {
		return
	}
	before := len(e.buf)
	b := binary.AppendUvarint(e.buf, headAmend)
	b = appendReference(b, e.last.frame, frame)
	b = binary.AppendUvarint(b, uint64(m))
	if original == 0 {
		original = frame
	}
	e.buf = appendReference(b, frame, original)
	if e.Room != nil {
		*e.Room -= len(e.buf) - before
	}
}

// appendReference appends a frame as its distance from another one.
func appendReference(b []byte, from, to fsm.Frame) []byte {
	n := int64(from.Number()) - int64(to.Number())
	if from.File() == to.File() {
		return binary.AppendVarint(b, n<<1)
	}
	return binary.AppendUvarint(binary.AppendVarint(b, n<<1|1), uint64(to.File()))
}

// Tail is what is known of a series only at its end.
type Tail struct {
	Spent   bool     // what the time went to is known
	Account uint8    // what the time behind the last booking went to, while nobody has closed
	Until   fsm.Time // the last segment's
}

// Append appends the whole series to b. It stays as it is.
func (e *Encoder) Append(b []byte, t Tail) []byte {
	head, rest := uint64(0), t.Account
	if t.Spent {
		head = 1
	}
	if e.closing != 0 {
		rest = toClose
	}
	b = binary.AppendUvarint(b, head)
	b = binary.AppendUvarint(b, e.points)
	b = binary.AppendUvarint(b, e.cut)
	b = binary.AppendUvarint(b, e.closing)
	b = append(b, rest)
	b = binary.AppendUvarint(b, uint64(max(0, t.Until-e.spent)))
	return append(b, e.buf...)
}
