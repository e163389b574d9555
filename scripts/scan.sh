#!/bin/sh
# Runs staticcheck and govulncheck at the versions named here. What they find
# fails the run. Where a tool, or govulncheck's database, cannot be had, as
# without a network, that is said and the run goes on.
set -u
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.8.0

tools=$(mktemp -d) || exit 1
trap 'rm -rf "$tools"' EXIT

# fetch builds a tool, of which its own module's dependencies are no part of ours.
fetch() {
	if GOBIN=$tools ${GO:-go} install "$1" 2>"$tools/log"; then
		return 0
	fi
	echo "scan: $1 could not be had, left out: $(tail -n 1 "$tools/log")"
	return 1
}

if fetch "$staticcheck"; then
	"$tools/staticcheck" ./... || exit 1
	echo "scan: staticcheck found nothing"
fi
if fetch "$govulncheck"; then
	"$tools/govulncheck" ./... >"$tools/log" 2>&1
	case $? in
	0) echo "scan: govulncheck found nothing" ;;
	3) # vulnerabilities in what is called
		cat "$tools/log"
		exit 1
		;;
	*) echo "scan: govulncheck could not do its work, left out: $(tail -n 1 "$tools/log")" ;;
	esac
fi
