package soak

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/tracegen"
)

// clockSteps feeds another program through a pipe with packets whose clock is set
// forward and back. The machine's clock is everybody's, and time namespaces do not have
// the one that packets are stamped with: so these stamps are made up.
func (s *Soak) clockSteps() error {
	var trace bytes.Buffer
	if _, err := tracegen.Find("web").Write(&trace, 50_000, 1); err != nil {
		return err
	}
	p, err := startProgram(exec.Command(s.Program, "-", "--ndjson", "--msl", "1s", "--no-checksums"))
	if err != nil {
		return err
	}
	defer p.cmd.Process.Kill()
	return s.judgeClock(p, trace.Bytes())
}

// clockRate is how many packets a second it gets.
const clockRate = 5000

// send writes the trace again and again with times that step, until the time is over.
func (s *Soak) send(w io.Writer, trace []byte, p *program) (sent, back uint64, err error) {
	if _, err := w.Write(trace[:24]); err != nil {
		return 0, 0, err
	}
	steps := []time.Duration{time.Hour, -time.Hour, -time.Second, 3 * time.Second, -24 * time.Hour, 25 * time.Hour}
	var shift time.Duration
	began := time.Now()
	looked := began
	for at := 24; time.Since(began) < s.For; {
		n := 16 + int(binary.LittleEndian.Uint32(trace[at+8:]))
		now := time.Unix(1_700_000_000, int64(sent)*int64(time.Second)/clockRate).Add(shift)
		binary.LittleEndian.PutUint32(trace[at:], uint32(now.Unix()))
		binary.LittleEndian.PutUint32(trace[at+4:], uint32(now.Nanosecond()/1000))
		if _, err := w.Write(trace[at : at+n]); err != nil {
			return sent, back, err
		}
		if at += n; at == len(trace) {
			at = 24
			renew(trace[24:])
		}
		sent++
		if sent%(2*clockRate) == 0 { // every other second
			step := steps[int(sent/(2*clockRate))%len(steps)]
			shift += step
			if step < 0 {
				back++
			}
		}
		time.Sleep(time.Until(began.Add(time.Duration(sent) * time.Second / clockRate).Add(-10 * time.Millisecond)))
		if time.Since(looked) > time.Second {
			looked = time.Now()
			p.look()
		}
	}
	return sent, back, nil
}

// renew gives all clients of a trace other addresses, or its connections would be the
// same for ever. Checksums are left wrong.
func renew(records []byte) {
	for len(records) > 0 {
		n := 16 + int(binary.LittleEndian.Uint32(records[8:]))
		ip := records[16+14 : n]
		client := ip[12:16]
		if client[0] == 10 && client[1] == 100 { // that is a server
			client = ip[16:20]
		}
		client[2]++
		records = records[n:]
	}
}

func (s *Soak) judgeClock(p *program, trace []byte) error {
	w := p.stdin
	sent, back, err := s.send(w, trace, p)
	w.Close()
	if err != nil {
		return fmt.Errorf("clock steps: %w: %s", err, p.stderr.String())
	}
	code, err := p.ended()
	if err != nil {
		return err
	}
	a, err := p.account()
	s.check(err == nil && code == 0 && a.Capture.Packets == sent, "clock set %d times, back %d times: %d packets sent, %d analysed, exit code %d (%v)",
		sent/(2*clockRate), back, sent, a.Capture.Packets, code, err)
	s.check(a.Capture.Quality.ClockBackwards >= back, "times that run backwards told: %d", a.Capture.Quality.ClockBackwards)
	early, late, ok := flat(p.memory)
	s.check(ok, "memory with clock steps: %d MiB after the first tenth, %d MiB in the last", early>>20, late>>20)
	return nil
}
