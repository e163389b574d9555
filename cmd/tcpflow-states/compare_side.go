package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/capture"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
	"github.com/tcpflow-states/tcpflow-states/internal/saved"
	"github.com/tcpflow-states/tcpflow-states/report"
)

// side is one side of a comparison: a capture, a folder of them, or a saved report.
type side struct {
	name   string
	files  []string
	source capture.Source // nil of a saved report
	saved  io.Reader
	file   *os.File // that is to be closed, of a saved report
	filter *capture.Filter
	set    change.Set
	told   report.ComparedSide
	broken bool // what was read is not worth comparing
}

// openSide opens a side and looks what it is.
func (a *app) openSide(name string, opt *compareOptions, sig *signals) (s *side, err error) {
	if name == "-" && isTerminal(a.stdin) {
		return nil, usagef("standard input is a terminal").hint("pipe a capture into it: tcpdump -w - | tcpflow-states compare before.pcap -")
	}
	s = &side{name: name, files: []string{name}, told: report.ComparedSide{Name: opt.sourceName(name)}}
	if name == "-" || isPipe(name, a.stdin) {
		err = s.openPipe(a, sig)
	} else {
		err = s.openFile(a)
	}
	if err != nil {
		return nil, err
	}
	if opt.filter != "" {
		s.filter, err = capture.NewFilter(opt.filter)
	}
	if err == nil && s.saved != nil {
		s.told.Saved = true
		err = s.checkSaved(opt)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	if s.saved != nil && len(opt.ofPackets) > 0 {
		a.noticef("%s: %q is a saved report, and stays as it was made", strings.Join(opt.ofPackets, ", "), name)
	}
	return s, nil
}

func (s *side) openPipe(a *app, sig *signals) (err error) {
	open := func() (*os.File, error) { return os.Open(s.name) }
	if s.name == "-" {
		open = func() (*os.File, error) { return a.stdin, nil }
	}
	in := bufio.NewReaderSize(interruptible(open, sig.ctx), 1<<16)
	head, err := in.Peek(1)
	if errors.Is(err, capture.ErrInterrupted) {
		return err
	}
	if saved.Looks(head) {
		s.saved = in
		return nil
	}
	s.source, err = capture.OpenReader(s.name, in)
	return err
}

func (s *side) openFile(a *app) error {
	f, err := os.Open(s.name)
	if err == nil {
		head := make([]byte, 512)
		n, _ := io.ReadFull(f, head)
		if _, err := f.Seek(0, io.SeekStart); err == nil && saved.Looks(head[:n]) {
			s.saved, s.file = f, f
			return nil
		}
		f.Close()
	}
	if s.files, err = a.unfold(s.files); err != nil {
		return err
	}
	s.source, err = capture.OpenFiles(s.files)
	return err
}

// checkSaved refuses what needs the packets.
func (s *side) checkSaved(opt *compareOptions) error {
	flag := ""
	switch {
	case opt.filter != "":
		flag = "filter"
	case opt.thresholdsAsked:
		flag = "set"
	case opt.chosen.from.after || opt.chosen.to.after:
		return usagef("--since and --until from the first packet on: the saved report %q does not tell it", s.name).hint("give a time such as 2026-03-29T13:00:00Z")
	default:
		return nil
	}
	return usagef("--%s needs packets, and %q is a saved report", flag, s.name)
}

func (s *side) close() {
	if s.source != nil {
		s.source.Close()
	}
	if s.file != nil {
		s.file.Close()
	}
}

// read reads the side to its end.
func (s *side) read(a *app, opt *options, sig *signals) error {
	if s.saved != nil {
		return s.readSaved(opt, sig)
	}
	return s.analyse(a, opt, sig)
}

// analyse reads packets.
func (s *side) analyse(a *app, opt *options, sig *signals) error {
	an := analyzer.New(analyzer.Options{
		MSL: fsm.Time(opt.msl), NoChecksums: opt.noChecksums, Thresholds: opt.thresholds, Workers: opt.threads(false),
		MaxConnections: opt.maxConns, Memory: int(opt.memory), Select: opt.ends.choice(), Choose: opt.chosen.choice(), Ignore: opt.chosen.silenced(),
		Each: func(c *record.Connection) error {
			s.set.Connection(c)
			return nil
		},
	})
	source := s.source
	if s.filter != nil {
		source = &filtered{source, s.filter}
	}
	progress := a.newProgress()
	var p capture.Packet
	var err error
	first := true
	for n := 0; ; n++ {
		if n&0xff == 0 {
			if sig.ctx.Err() != nil {
				err = capture.ErrInterrupted
				break
			}
			if progress != nil {
				progress.show(source, an)
			}
		}
		if err = source.Next(&p); err != nil {
			break
		}
		if first {
			opt.chosen.note(p.Time)
			first = false
		}
		an.Packet(&p)
	}
	if progress != nil {
		progress.clear()
	}
	info := source.Info()
	r, _ := an.Finish(info...)
	s.tell(r)
	switch {
	case errors.Is(err, capture.ErrInterrupted):
		s.broken = true
		return sig.interruption("before all of %q was read: nothing was compared", s.name)
	case err != io.EOF:
		return err
	}
	return unknownLinkTypes(r)
}

// tell notes what the result has to say of the capture.
func (s *side) tell(r *record.Report) {
	s.told.NotChosen = r.Summary.LeftOut
	for i := range r.Capture.Sources {
		if c := &r.Capture.Sources[i]; c.Cut != "" {
			s.told.Faults = append(s.told.Faults, c.Name+" is cut short.")
		}
	}
	s.told.Faults = append(s.told.Faults, r.Capture.Quality.Faults...)
	if n := r.Summary.Evicted; n > 0 {
		s.told.Faults = append(s.told.Faults, phrase.Counted(n, "connection was", "connections were")+" given up early, as --memory and --max-connections allow no more.")
	}
}

// readSaved reads a saved report.
func (s *side) readSaved(opt *options, sig *signals) error {
	silenced, chosen, ends := opt.chosen.silenced(), opt.chosen.choice() != nil, opt.ends.choice()
	n := 0
	read, err := saved.Read(s.saved, func(c *saved.Connection) error {
		if n++; n&0xff == 0 && sig.ctx.Err() != nil {
			return capture.ErrInterrupted
		}
		r := &c.Record
		if silenced != nil {
			r.Anomalies = slices.DeleteFunc(r.Anomalies, func(a record.Anomaly) bool { return silenced(a.Name) })
			c.Sample.Warned = slices.ContainsFunc(r.Anomalies, func(a record.Anomaly) bool { return a.Severity >= record.SeverityWarning })
		}
		if ends != nil && !ends(netip.AddrPortFrom(r.Client.IP, r.Client.Port), netip.AddrPortFrom(r.Server.IP, r.Server.Port)) {
			return nil
		}
		if chosen && !opt.chosen.choosesSaved(c) {
			s.told.NotChosen++
			return nil
		}
		s.set.Add(&c.Sample)
		return nil
	})
	var wrong *saved.Error
	switch {
	case errors.Is(err, capture.ErrInterrupted):
		s.broken = true
		return sig.interruption("before all of %q was read: nothing was compared", s.name)
	case errors.As(err, &wrong):
		s.broken = true
		return &failure{exitInput, fmt.Errorf("%q: %w", s.name, wrong), wrong.Hint}
	case err != nil:
		s.broken = true
		return err
	}
	s.told.Faults = read.Faults
	if read.Cut {
		s.told.Faults = append([]string{"The report is cut short."}, read.Faults...)
		return &failure{exitInput, fmt.Errorf("%q: the report is cut short: %s in it", s.name, phrase.Counted(read.Connections, "connection", "connections")), ""}
	}
	return nil
}
