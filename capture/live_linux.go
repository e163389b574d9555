//go:build cgo && !nopcap

package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// live captures on Linux interfaces, each through a ring.
type live struct {
	ctx     context.Context
	options LiveOptions
	rings   []*ring
	states  []linkState
	polls   []unix.PollFd

	number   uint64
	names    []string    // of the interfaces that packets have come over
	ifaces   map[int]int // their indexes by the kernel's
	links    []string
	horizon  int64 // with several rings: all packets of before are in them by now
	stopped  time.Time
	outages  []Outage
	ended    error
	closed   bool
	sinceCtx int // packets since the context was looked at
}

// linkState is what a ring's interface is in.
type linkState struct {
	down   time.Time // since when, or zero
	gone   bool
	missed uint64 // by the network card, when the capture began
}

// anyInterface stands for all interfaces.
const anyInterface = "any"

// openLive opens the interfaces, or returns errNoRing where libpcap has to.
func openLive(ctx context.Context, options LiveOptions) (Source, error) {
	for _, name := range options.Interfaces {
		if name == anyInterface && len(options.Interfaces) > 1 {
			return nil, fmt.Errorf("%w: %q with others beside it", ErrNoInterface, name)
		}
		if name == anyInterface {
			continue
		}
		if _, err := net.InterfaceByName(name); err != nil {
			return nil, errNoRing // it may be a name that only libpcap knows
		}
	}
	l := &live{ctx: ctx, options: options, ifaces: map[int]int{}}
	for _, name := range options.Interfaces {
		if err := l.open(name); err != nil {
			l.Close()
			return nil, err
		}
	}
	return l, nil
}

func (l *live) open(name string) error {
	r, err := newRing(name, &l.options)
	if err != nil {
		return err
	}
	l.rings = append(l.rings, r)
	l.states = append(l.states, linkState{missed: missed(name)})
	l.polls = append(l.polls, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN})
	if r.index != 0 {
		l.ifaces[r.index] = len(l.names)
		l.names = append(l.names, name)
	}
	if link := LinkTypeName(r.linkType); len(l.links) == 0 || l.links[len(l.links)-1] != link {
		l.links = append(l.links, link)
	}
	program, err := ringProgram(r, &l.options)
	if err != nil {
		return err
	}
	return r.start(program, l.options.Promiscuous)
}

// Next waits for the next packet.
func (l *live) Next(p *Packet) error {
	for l.ended == nil {
		if l.sinceCtx++; l.sinceCtx&0xff == 0 && l.ctx.Err() != nil {
			l.Stop()
		}
		if r := l.earliest(); r != nil {
			l.deliver(r, p)
			return nil
		}
		l.wait()
	}
	return l.ended
}

// earliest returns the ring with the packet to deliver, or nil if none has come or
// an earlier one may still be on its way to another ring.
func (l *live) earliest() *ring {
	if len(l.rings) == 1 {
		if l.rings[0].ready() {
			return l.rings[0]
		}
		return nil
	}
	var first *ring
	all := true
	for _, r := range l.rings {
		if !r.ready() {
			all = false
		} else if first == nil || r.time() < first.time() {
			first = r
		}
	}
	if first == nil || !all && first.time() > l.horizon {
		return nil
	}
	return first
}

func (l *live) deliver(r *ring, p *Packet) {
	index := r.take(p)
	i, ok := l.ifaces[index]
	if !ok {
		i = len(l.names)
		l.ifaces[index] = i
		name := "#" + strconv.Itoa(index)
		if iface, err := net.InterfaceByIndex(index); err == nil {
			name = iface.Name
		}
		l.names = append(l.names, name)
	}
	l.number++
	p.Interface = i
	p.Source = 0
	p.Number = l.number
	p.Comment, p.Options, p.Process = "", nil, nil
}

// settle is how long ago a packet must have passed for all rings to show it.
const settle = 3 * blockTimeout * time.Millisecond

// wait waits until a packet has come or ReadTimeout is over, and looks at the
// interfaces.
func (l *live) wait() {
	if l.ctx.Err() != nil {
		l.Stop()
	}
	if l.stopped.IsZero() && l.lost() {
		return
	}
	timeout := ReadTimeout
	if len(l.rings) > 1 || !l.stopped.IsZero() {
		timeout = settle / 2
	}
	n, err := unix.Poll(l.polls, int(timeout.Milliseconds()))
	now := time.Now()
	l.horizon = now.Add(-settle).UnixNano()
	if err != nil && !errors.Is(err, unix.EINTR) {
		l.ended = fmt.Errorf("interface %q: poll: %w", l.name(), err)
		return
	}
	for i := range l.polls {
		if n > 0 && l.polls[i].Revents&unix.POLLERR != 0 {
			l.failed(i, now)
		} else if !l.states[i].down.IsZero() {
			l.look(i, now)
		}
	}
	switch {
	case !l.stopped.IsZero():
		l.drained(now)
	case n == 0 && err == nil && l.options.Idle != nil:
		l.options.Idle()
	}
}

// lost ends the capture once all its interfaces have gone away and what came before
// is delivered.
func (l *live) lost() bool {
	for i := range l.states {
		if !l.states[i].gone || l.rings[i].ready() {
			return false
		}
	}
	l.Stop()
	l.ended = fmt.Errorf("interface %q: it is there no longer", l.name())
	return true
}

// failed takes in what the kernel says of an interface.
func (l *live) failed(i int, now time.Time) {
	errno, err := unix.GetsockoptInt(l.rings[i].fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || errno != 0 && unix.Errno(errno) != unix.ENETDOWN {
		l.ended = fmt.Errorf("interface %q: %w", l.rings[i].name, errors.Join(err, unix.Errno(errno)))
		return
	}
	if errno != 0 && l.states[i].down.IsZero() {
		l.states[i].down = now
		l.tell("interface %q went down", l.rings[i].name)
	}
	l.look(i, now)
}

// look sees whether an interface that was down is up again, or has gone.
func (l *live) look(i int, now time.Time) {
	s := &l.states[i]
	iface, err := net.InterfaceByIndex(l.rings[i].index)
	switch {
	case s.down.IsZero() || s.gone:
		return
	case err != nil:
		s.gone = true
		l.polls[i].Fd = -1
		l.tell("interface %q is there no longer", l.rings[i].name)
		l.outages = append(l.outages, Outage{Interface: l.rings[i].name, From: s.down.UnixNano(), Gone: true})
	case iface.Flags&net.FlagUp != 0:
		l.tell("interface %q is up again", l.rings[i].name)
		l.outages = append(l.outages, Outage{Interface: l.rings[i].name, From: s.down.UnixNano(), To: now.UnixNano()})
		s.down = time.Time{}
	}
}

func (l *live) tell(format string, args ...any) {
	if l.options.Notice != nil {
		l.options.Notice(fmt.Sprintf(format, args...))
	}
}

// Stop lets no further packets come; those that have come are still delivered, and
// Next then returns io.EOF.
func (l *live) Stop() {
	if !l.stopped.IsZero() || l.closed {
		return
	}
	l.stopped = time.Now()
	for _, r := range l.rings {
		_ = r.stop() // fails only where nothing comes any more
	}
}

// drained ends the capture when all that came is delivered. A packet that another
// processor was about to write when the capture was stopped takes a moment.
func (l *live) drained(now time.Time) {
	if now.Sub(l.stopped) < settle {
		return
	}
	l.horizon = now.Add(time.Minute).UnixNano()
	for _, r := range l.rings {
		r.count()
		if r.ready() || r.unread() > 0 && now.Sub(l.stopped) < time.Second {
			return
		}
	}
	l.ended = io.EOF
}

func (l *live) name() string { return strings.Join(l.options.Interfaces, ", ") }

// Info asks the kernel for its counters.
func (l *live) Info() []Info {
	info := Info{
		Name:            l.name(),
		Format:          "live",
		LinkTypes:       l.links,
		Interfaces:      append([]string(nil), l.names...),
		Packets:         l.number,
		SnapLen:         l.options.SnapLen,
		Nanoseconds:     true,
		HasDropCounters: true,
		Outages:         append([]Outage(nil), l.outages...),
	}
	if len(info.Interfaces) == 0 {
		info.Interfaces = []string{anyInterface}
	}
	for i, r := range l.rings {
		r.count()
		lost := max(missed(r.name), l.states[i].missed) - l.states[i].missed
		info.Received += r.received + lost
		info.Dropped += r.dropped + lost
		info.Unread += r.unread()
		if s := &l.states[i]; !s.down.IsZero() && !s.gone {
			info.Outages = append(info.Outages, Outage{Interface: r.name, From: s.down.UnixNano()})
		}
	}
	return []Info{info}
}

// missed returns how many packets an interface's hardware had no room for.
func missed(name string) (n uint64) {
	if name == anyInterface {
		return 0
	}
	for _, counter := range []string{"rx_missed_errors", "rx_fifo_errors"} {
		n += interfaceCounter(name, counter)
	}
	return n
}

// Close ends the capture; its counters stay as they are then.
func (l *live) Close() error {
	if !l.closed {
		l.Info()
		l.closed = true
		l.ended = errClosed
		for _, r := range l.rings {
			r.close()
		}
	}
	return nil
}
