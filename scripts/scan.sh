#!/bin/sh
# Holds the code to its limits and runs staticcheck, deadcode, gocyclo and govulncheck
# at the versions named here. What they find fails the run, at its end. Where a tool,
# or govulncheck's database, cannot be had, as without a network, that is said and
# the run goes on.
set -u
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
deadcode=golang.org/x/tools/cmd/deadcode@v0.52.0
gocyclo=github.com/fzipp/gocyclo/cmd/gocyclo@v0.6.0
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.8.0

most_branches=25 # cyclomatic complexity of a function
most_lines=500   # of a file

tools=$(mktemp -d) || exit 1
trap 'rm -rf "$tools"' EXIT
bad=0

# fetch builds a tool, of which its own module's dependencies are no part of ours.
fetch() {
	if GOBIN=$tools ${GO:-go} install "$1" 2>"$tools/log"; then
		return 0
	fi
	echo "scan: $1 could not be had, left out: $(tail -n 1 "$tools/log")"
	return 1
}

# found prints what a tool said, if it said anything, and remembers it.
found() {
	if [ -s "$tools/log" ]; then
		echo "scan: $1:"
		cat "$tools/log"
		bad=1
	else
		echo "scan: $1: none"
	fi
}

find . -name '*.go' -exec wc -l {} + | awk -v most=$most_lines '$2 != "total" && $1 > most' >"$tools/log"
found "files of more than $most_lines lines"

if fetch "$gocyclo"; then
	"$tools/gocyclo" -over $most_branches . >"$tools/log"
	found "functions of a cyclomatic complexity over $most_branches"
fi
if fetch "$deadcode"; then
	"$tools/deadcode" -test ./... >"$tools/log" 2>&1
	found "functions that nothing reaches"
fi
if fetch "$staticcheck"; then
	"$tools/staticcheck" ./... >"$tools/log" 2>&1
	found "faults that staticcheck sees"
fi
if fetch "$govulncheck"; then
	"$tools/govulncheck" ./... >"$tools/log" 2>&1
	case $? in
	0) echo "scan: govulncheck found nothing" ;;
	3) # vulnerabilities in what is called
		cat "$tools/log"
		bad=1
		;;
	*) echo "scan: govulncheck could not do its work, left out: $(tail -n 1 "$tools/log")" ;;
	esac
fi
exit $bad
