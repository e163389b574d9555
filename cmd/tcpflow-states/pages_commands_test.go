package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/capture"
)

var (
	shellBlock   = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	shellComment = regexp.MustCompile(`(^|\s+)# .*$`)
	makeTarget   = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// stage are the captures that the pages' commands speak of.
var stage = map[string]string{
	"trace.pcap":      "lab/seed-1-act-1.client.pcap.gz",
	"big.pcap":        "lab/seed-1-act-1.client.pcap.gz",
	"test.pcap":       "conversations/17-sequence-wrap.pcap",
	"part1.pcap":      "conversations/01-synack-bad-ack.pcap",
	"part2.pcapng.gz": "conversations/02-final-ack-bad-ack.pcap",
	"client.pcap":     "kernel/lost-last-ack.client.pcap",
	"server.pcap":     "kernel/lost-last-ack.server.pcap",
	"before.pcap":     "changes/slow-server.before.pcapng.gz",
	"after.pcap":      "changes/slow-server.after.pcapng.gz",
	"testdata":        "..",
}

// TestCommands runs the commands of the pages' sh blocks in a folder that has the
// captures they name. Of those that need root, another host or a network it holds
// that the program would take their flags; of make and go run, that there is such a
// target or folder.
func TestCommands(t *testing.T) {
	dir := t.TempDir()
	for name, file := range stage {
		target, err := filepath.Abs(filepath.Join(root, "testdata/pcaps", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var targets []string
	for _, m := range makeTarget.FindAllStringSubmatch(readPage(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	ran, checked := 0, 0
	for _, page := range pages(t) {
		for _, block := range shellBlock.FindAllStringSubmatch(readPage(t, page), -1) {
			for _, line := range commandLines(block[1]) {
				words := shellWords(line)
				switch {
				case words[0] == "make":
					checked++
					for _, w := range words[1:] {
						if !strings.Contains(w, "=") && !slices.Contains(targets, w) {
							t.Errorf("%s: %s: there is no target %s", page, line, w)
						}
					}
				case words[0] == "go" && (words[1] == "run" || words[1] == "test"):
					checked++
					for _, w := range words[2:] {
						if strings.HasPrefix(w, "./") {
							if _, err := os.Stat(filepath.Join(root, strings.TrimSuffix(w, "..."))); err != nil {
								t.Errorf("%s: %s: %v", page, line, err)
							}
						}
					}
				case canRun(words):
					ran++
					runCommand(t, dir, page, line)
				default:
					if args := ourPart(words); args != nil {
						checked++
						if out, err := program(append(args, "--help")...).CombinedOutput(); err != nil {
							t.Errorf("%s: %s: %v: %s", page, line, err, out)
						}
					}
				}
			}
		}
	}
	if ran < 15 || checked < 15 {
		t.Errorf("%d commands run and %d checked: are the pages read at all?", ran, checked)
	}
}

// commandLines takes a block apart into commands, without comments.
func commandLines(block string) []string {
	var lines []string
	open := ""
	for _, l := range strings.Split(block, "\n") {
		l = strings.TrimSpace(shellComment.ReplaceAllString(l, ""))
		open += l
		if strings.HasSuffix(l, "|") || strings.HasSuffix(l, `\`) {
			open = strings.TrimSuffix(open, `\`) + " "
			continue
		}
		if open != "" {
			lines = append(lines, open)
		}
		open = ""
	}
	return lines
}

// shellWords splits a command as a shell does, as far as the pages need it.
func shellWords(line string) []string {
	var words []string
	word, quote := "", rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case quote == 0 && r == ' ':
			if word != "" {
				words = append(words, word)
			}
			word = ""
		default:
			word += string(r)
		}
	}
	return append(words, word)
}

// ourPart returns the arguments of our program in a longer command, or nil.
func ourPart(words []string) []string {
	for i, w := range words {
		if w == "tcpflow-states" || w == "./tcpflow-states" {
			args := slices.Clone(words[i+1:])
			if end := slices.IndexFunc(args, func(a string) bool { return a == "|" || a == ">" || a == "&&" || a == "2>" }); end >= 0 {
				args = args[:end]
			}
			return append([]string{}, args...)
		}
	}
	return nil
}

// canRun says whether a command can be run to its end here.
func canRun(words []string) bool {
	if words[0] != "tcpflow-states" {
		return false
	}
	for _, w := range []string{"live", "browse", "interfaces", "--follow"} { // which need root or a terminal, or have no end
		if slices.Contains(words, w) {
			return false
		}
	}
	for i, w := range words {
		if w == "|" {
			if _, err := exec.LookPath(words[i+1]); err != nil {
				return false
			}
		}
	}
	return true
}

// runCommand runs a command line with bash. Exit code 1 is --fail-on's.
func runCommand(t *testing.T, dir, page, line string) {
	t.Helper()
	if !capture.HasLibpcap && (strings.Contains(line, " -r ") || strings.Contains(line, " -f ")) {
		return // a filter expression
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", line)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil && page == "docs/questions.md" && len(out) < 10 && !strings.Contains(line, " > ") {
		t.Errorf("%s: %s: no answer: %q", page, line, out)
	}
	if err == nil || strings.Contains(line, "--fail-on") && cmd.ProcessState.ExitCode() == exitFound {
		return
	}
	t.Errorf("%s: %s: %v: %s", page, line, err, out)
}
