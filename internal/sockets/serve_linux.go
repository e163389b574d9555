package sockets

import (
	"encoding/json"
	"io"
	"net/netip"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tcpflow-states/tcpflow-states/internal/process"
)

// Serve answers questions until there are no more. It gives up what capabilities its file
// may have: what it sees is what its user may see.
func Serve(in io.Reader, out io.Writer) {
	// It ends when its questions do, not by what a terminal sends.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGPIPE)
	if unix.Geteuid() != 0 {
		var none [2]unix.CapUserData
		unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
	}
	debug.SetGCPercent(20)
	serve(in, out)
}

func serve(in io.Reader, out io.Writer) {
	d, err := newDiag()
	if err != nil {
		return
	}
	defer d.close()
	s := &server{diag: d, out: json.NewEncoder(out), users: userNames()}
	questions := make(chan question, maxWaiting)
	go func() {
		defer close(questions)
		for dec := json.NewDecoder(in); ; {
			var q question
			if dec.Decode(&q) != nil {
				return
			}
			select {
			case questions <- q:
			default: // too many: it is not answered
			}
		}
	}()
	s.atFirst()
	s.serve(questions)
}

// server is what Serve needs.
type server struct {
	diag  *diag
	out   *json.Encoder
	users map[uint32]string
	err   error // of writing: nobody reads any more

	waiting []asked
	looked  time.Time // when the last look through /proc was over
	took    time.Duration
}

// asked is an end that is asked for.
type asked struct {
	id          uint64
	local, peer netip.AddrPort
	socket      socket
	found       bool // the socket, with its inode
	tries       int
	next        time.Time
}

// retries are the times after which a socket without an inode is looked for again: what a
// server has not accepted yet, no process has.
var retries = [...]time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 400 * time.Millisecond, 1500 * time.Millisecond}

// lookShare is how many times as long as a look through /proc took there is none.
const lookShare = 19

// serve answers questions as they come. Sockets are looked up at once, processes for many
// sockets together.
func (s *server) serve(questions <-chan question) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for s.err == nil {
		var ticks <-chan time.Time
		if len(s.waiting) > 0 {
			ticks = tick.C
		}
		select {
		case q, more := <-questions:
			if !more {
				return
			}
			for range min(len(questions), 256) { // those that came together
				s.ask(q)
				q = <-questions
			}
			s.ask(q)
		case <-ticks:
		}
		s.again()
		s.look()
	}
}

// ask looks up both ends of a connection.
func (s *server) ask(q question) {
	for i := range q.Ends {
		a := asked{id: q.ID, local: q.Ends[i], peer: q.Ends[1-i]}
		if s.lookup(&a) && len(s.waiting) < maxWaiting {
			s.waiting = append(s.waiting, a)
		}
	}
}

// lookup looks up a socket, and reports whether anything is to be waited for: processes, or
// that there is one.
func (s *server) lookup(a *asked) bool {
	got, found := s.diag.find(a.local, a.peer)
	if a.found = found && got.inode != 0; a.found {
		a.socket = got
		return true
	}
	if a.tries == len(retries) {
		return false
	}
	a.next = time.Now().Add(retries[a.tries])
	a.tries++
	// One that is not there at all is looked for once more: it may have been about to be.
	return found || a.tries == 1
}

// again looks up sockets that had no process.
func (s *server) again() {
	now := time.Now()
	s.waiting = slices.DeleteFunc(s.waiting, func(a asked) bool { return !a.found && now.After(a.next) && a.tries == len(retries) })
	for i := range s.waiting {
		if a := &s.waiting[i]; !a.found && now.After(a.next) && !s.lookup(a) {
			a.tries, a.next = len(retries), now // dropped next time
		}
	}
}

// look looks for the processes of the sockets found, if it is time.
func (s *server) look() {
	if time.Since(s.looked) < max(10*time.Millisecond, lookShare*s.took) {
		return
	}
	wanted := map[uint32]bool{}
	for i := range s.waiting {
		if a := &s.waiting[i]; a.found {
			wanted[a.socket.inode] = true
		}
	}
	if len(wanted) == 0 {
		return
	}
	found := s.holders(wanted)
	s.waiting = slices.DeleteFunc(s.waiting, func(a asked) bool {
		if !a.found {
			return false
		}
		s.answer(a.id, a.socket, a.local, a.peer, found)
		return true
	})
}

func (s *server) holders(wanted map[uint32]bool) map[uint32][]uint32 {
	start := time.Now()
	found := holders(wanted)
	s.looked = time.Now()
	s.took = s.looked.Sub(start)
	return found
}

// answer says whose a socket is.
func (s *server) answer(id uint64, of socket, local, peer netip.AddrPort, found map[uint32][]uint32) {
	a := answer{ID: id, Local: local, Peer: peer}
	pids := found[of.inode]
	a.More = len(pids) > maxOwners
	for _, pid := range pids[:min(len(pids), maxOwners)] {
		a.Owners = append(a.Owners, s.withUser(describe(pid), of.uid))
	}
	if len(pids) == 0 {
		a.Owners = append(a.Owners, s.withUser(process.Process{}, of.uid))
	}
	if err := s.out.Encode(&a); err != nil {
		s.err = err
	}
}

func (s *server) withUser(p process.Process, uid uint32) process.Process {
	p.UID, p.HasUID, p.User = uid, true, s.users[uid]
	return p
}

// atFirst answers for all sockets that are open at the beginning, without being asked.
func (s *server) atFirst() {
	var open []socket
	wanted := map[uint32]bool{}
	s.diag.all(func(got socket) bool {
		if got.inode != 0 {
			open = append(open, got)
			wanted[got.inode] = true
		}
		return len(open) < maxAtFirst
	})
	if len(open) == 0 {
		return
	}
	found := s.holders(wanted)
	for i := range open {
		s.answer(0, open[i], open[i].local, open[i].peer, found)
	}
}
