package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// wiresharkCommand hands the packets of what is chosen to Wireshark.
func (a *app) wiresharkCommand() *cobra.Command {
	var opt analyzeOptions
	opt.options.addFlags(&cobra.Command{}) // defaults of the flags that this command has not
	cmd := &cobra.Command{
		Use:   "wireshark [flags] FILE…",
		Short: "show the packets of connections in Wireshark, with findings as comments",
		Long: `Show the packets of the connections chosen in Wireshark, with findings as comments.

Their packets are written to a file in a private folder, or to that of -w, and Wireshark is
started on it, with a display filter for the connections, at the first packet of the worst
finding. The folder is removed when Wireshark has ended. Where Wireshark is not installed or
has no display the file is kept, and the command that shows it is printed.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opt.takeDefaults(cmd); err != nil {
				return err
			}
			return a.wireshark(&opt, args)
		},
		Example: `  tcpflow-states wireshark trace.pcap --conn 17
  tcpflow-states wireshark trace.pcap --check zero-window-duration
  tcpflow-states wireshark trace.pcap --severity warning -w warned.pcapng`,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&opt.cut.write, "write", "w", "", "write the packets to this `FILE`, and keep it")
	opt.cut.addFlags(f)
	opt.addChoice(f)
	opt.addAnalysis(f)
	f.Lookup("conn").Usage = "only connection `N`; several may be given"
	for _, name := range []string{"linger", "every"} {
		f.MarkHidden(name)
	}
	return cmd
}

// handoff is what the command wireshark does beside writing the packets.
type handoff struct {
	folder string // made for the file, to be removed; "" with -w
	file   string
	viewer *viewer // nil where there is no shell
	why    string  // Wireshark cannot be started, or ""
}

func (a *app) wireshark(opt *analyzeOptions, args []string) error {
	opt.quiet = true
	var h handoff
	opt.prepare = func(files []string) error { return h.prepare(opt, files) }
	cut, err := a.analyzeFiles(opt, args)
	var f *failure
	if cut == nil || cut.out.written == 0 || errors.As(err, &f) && f.code != exitInput {
		h.end(false)
		if err == nil && cut != nil && h.file != "" {
			err = usagef("no connection is chosen, so there is nothing to show")
		}
		return err
	}
	return cmp.Or(h.show(a, cut), err)
}

// prepare makes the folder and finds Wireshark. It comes when borrowed privileges are given
// up, so that all is the user's own, and before the program is confined, as Wireshark must not be.
func (h *handoff) prepare(opt *analyzeOptions, files []string) (err error) {
	if h.file = opt.cut.write; h.file == "" {
		if h.folder, err = os.MkdirTemp("", "tcpflow-states-"); err != nil {
			return &failure{code: exitOutput, err: fmt.Errorf("cannot make a folder for the packets: %w", err)}
		}
		h.file = filepath.Join(h.folder, cutName(files, opt.conn))
		opt.cut.write = h.file
	}
	program, why := findWireshark()
	if h.viewer, err = newViewer(h.folder, program, h.file); err != nil {
		h.viewer, why = nil, cmp.Or(why, err.Error())
	}
	h.why = why
	return nil
}

// end has the folder kept or removed, if there is one.
func (h *handoff) end(keep bool) {
	switch {
	case h.viewer != nil:
		h.viewer.end(keep)
	case !keep && h.folder != "":
		os.RemoveAll(h.folder)
	}
}

// cutName is the file's name, which Wireshark shows in its title.
func cutName(files, conns []string) string {
	name := "packets"
	if len(files) == 1 && files[0] != "-" {
		name, _, _ = strings.Cut(filepath.Base(files[0]), ".")
	}
	if len(conns) > 0 {
		name += "-" + strings.Join(conns, ",")
	}
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-_,", r)) {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), 64)] + ".pcapng"
}

// show starts Wireshark and waits for its end, or prints how to start it.
func (h *handoff) show(a *app, cut *cutout) error {
	filter, jump := cut.shown.filter(), cut.shown.jump()
	if cut.out.context > 0 {
		filter = "" // it would hide those around
	}
	if h.why == "" {
		err := h.viewer.show(filter, jump)
		if err == nil {
			return nil
		}
		h.why = err.Error()
	} else {
		h.end(true)
	}
	words := []string{"wireshark", "-r", h.file}
	if filter != "" {
		words = append(words, "-Y", filter)
	}
	if jump != "" {
		words = append(words, "-J", jump)
	}
	for i, w := range words {
		words[i] = quoted(w)
	}
	out := newResults(a)
	out.WriteString(strings.Join(words, " ") + "\n")
	if err := out.failed(); err != nil {
		return err
	}
	if h.folder != "" {
		a.noticef("%s: the command is printed, and %q kept until you remove it", h.why, h.folder)
	} else {
		a.noticef("%s: the command is printed", h.why)
	}
	return nil
}

// quoted writes a word as a shell takes it, on one line.
func quoted(word string) string {
	plain, safe := word != "", true
	for i := range len(word) {
		c := word[i]
		plain = plain && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-_./,:=+@%", c) >= 0)
		safe = safe && c >= ' ' && c <= '~'
	}
	switch {
	case plain:
		return word
	case safe:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder // $'…' of bash, ksh, zsh and POSIX since 2024
	b.WriteString("$'")
	for i := range len(word) {
		switch c := word[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c <= '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String() + "'"
}
