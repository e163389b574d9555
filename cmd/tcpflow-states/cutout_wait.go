package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// waitingRoom is where the packets of what can be read only once wait until it is known
// which connections are chosen: in a store of a fixed size that holds the latest. Each is
// written or dropped, in the order of the capture, when the room that it takes is needed,
// or at the end. So what was chosen by then is whole unless its beginning had to go.
type waitingRoom struct {
	spool   *spool
	decoder *analyzer.Decoder
	tag     []byte
	gone    map[int]uint64 // the last packet that left, by source
	at      int64          // the latest time of those that left
	short   uint64         // connections of which packets had left when they were chosen
	shed    uint64         // packets that were too large
	err     error          // of writing, while connections were taken
	swept   int            // what was held when what is past was forgotten
}

// maxHeld bounds what is remembered of chosen connections while their packets wait.
const maxHeld = 1 << 17

// wait has packets wait in a store of a size.
func (x *cutout) wait(size memorySize) error {
	spool, err := newSpool(os.TempDir(), int64(size))
	if err != nil {
		return &failure{code: exitOutput, err: fmt.Errorf("no place for packets that wait: %w", err), help: "they wait in a file in $TMPDIR"}
	}
	x.room = &waitingRoom{spool: spool, decoder: analyzer.NewDecoder(), gone: map[int]uint64{}}
	return nil
}

// left reports whether a packet has left already.
func (w *waitingRoom) left(f fsm.Frame) bool { return f.Number() <= w.gone[f.File()] }

// enter takes a packet that was read.
func (x *cutout) enter(p *capture.Packet) error {
	w := x.room
	f, at := fsm.NewFrame(p.Source, p.Number), fsm.Time(p.Time)
	e, together := decoded(w.decoder, p)
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	x.remember(together, e, f, at)
	w.tag = e.appendTo(w.tag[:0])
	for !w.spool.fits(p, w.tag) {
		if w.spool.len() == 0 {
			w.shed++
			return nil
		}
		if err := x.leave(); err != nil {
			return err
		}
	}
	if err := w.spool.add(p, w.tag); err != nil {
		return &failure{code: exitOutput, err: fmt.Errorf("packets cannot wait in %q: %w", os.TempDir(), cause(err))}
	}
	return nil
}

// leave takes the oldest packet out, and writes it if it is known to be wanted.
func (x *cutout) leave() error {
	w := x.room
	var p capture.Packet
	tag, err := w.spool.take(&p)
	if err != nil {
		return err
	}
	w.gone[p.Source], w.at = p.Number, max(w.at, p.Time)
	f := fsm.NewFrame(p.Source, p.Number)
	err = x.put(&p, endsFrom(tag))
	delete(x.parts, f)
	delete(x.icmp, f)
	delete(x.notes, f)
	return err
}

// forget forgets connections whose packets have all left, when there are many. If they are too
// many all the same, packets leave until they are not.
func (x *cutout) forget(most int) error {
	w := x.room
	if x.held() > max(2*w.swept, 1024) {
		x.sweep(2 * straggles)
	}
	for x.held() > most && w.spool.len() > 0 {
		for range min(most/8, w.spool.len()) {
			if err := x.leave(); err != nil {
				return err
			}
		}
		x.sweep(0)
	}
	return nil
}

// held counts what is remembered of chosen connections.
func (x *cutout) held() int { return x.nLives + len(x.notes) + len(x.icmp) }

// sweep forgets what is of packets that have left, and connections that ended so long ago.
func (x *cutout) sweep(ago fsm.Time) {
	w := x.room
	past := fsm.Time(w.at) - ago
	x.nLives = 0
	for key, list := range x.lives {
		kept := list[:0]
		for _, l := range list {
			if ago > 0 && l.to >= past || !w.left(l.last) {
				kept = append(kept, l)
			}
		}
		x.nLives += len(kept)
		if x.lives[key] = kept; len(kept) == 0 {
			delete(x.lives, key)
		}
	}
	maps.DeleteFunc(x.notes, func(f fsm.Frame, _ []string) bool { return w.left(f) })
	maps.DeleteFunc(x.icmp, func(f fsm.Frame, _ struct{}) bool { return w.left(f) })
	w.swept = x.held()
}

// empty has all packets leave, and says what was not kept.
func (x *cutout) empty(a *app) error {
	w := x.room
	defer w.spool.close()
	x.mu.Lock()
	defer x.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	for {
		if err := x.leave(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	size, less := w.spool.limit()
	held := memorySize(size)
	if less != nil {
		a.noticef("%v in %q: only the latest %s of packets could wait", cause(less), os.TempDir(), phrase.Size(uint64(held)))
	}
	if w.short > 0 {
		a.noticef("%s: packets had to leave the store (--spool %s) before the end of it was seen; these are not in %q",
			phrase.Counted(w.short, "connection chosen is not whole", "connections chosen are not whole"), &held, x.name)
	}
	if w.shed > 0 {
		a.noticef("%s too large for the store", phrase.Counted(w.shed, "packet was", "packets were"))
	}
	return nil
}

// appendTo writes the ends for a store.
func (e ends) appendTo(b []byte) []byte {
	if e == (ends{}) {
		return b
	}
	for _, a := range e {
		ip := a.Addr().AsSlice()
		b = append(append(b, byte(len(ip))), ip...)
		b = binary.LittleEndian.AppendUint16(b, a.Port())
	}
	return b
}

// endsFrom reads what appendTo wrote.
func endsFrom(b []byte) (e ends) {
	for i := range e {
		if len(b) == 0 {
			return ends{}
		}
		n := int(b[0])
		ip, _ := netip.AddrFromSlice(b[1 : 1+n])
		e[i] = netip.AddrPortFrom(ip, binary.LittleEndian.Uint16(b[1+n:]))
		b = b[3+n:]
	}
	return e
}
