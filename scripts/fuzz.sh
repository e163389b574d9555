#!/bin/sh
# fuzz.sh TIME [PATTERN]: runs every fuzz target there is, or those whose name
# matches the pattern, for TIME each. A target found wanting writes its input to
# the testdata/fuzz beside it: fix the fault and keep the file.
set -eu
time=$1
pattern=${2:-^Fuzz}

# Package and name of each. go test -list would build every package's tests once more.
targets=$(grep -rn --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*(f \*testing\.F)' . |
	sed 's|/[^/]*:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\)(.*| \1|' | sort | awk -v p="$pattern" '$2 ~ p')
if [ -z "$targets" ]; then
	echo "fuzz.sh: no target matches $pattern" >&2
	exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# ended reports whether a failed run found nothing and only its time was up: up to Go 1.26
# the end of -fuzztime may be told as a failure of the target (go.dev/issue/75804). A
# failing input, a panic or a hang takes the place of that line, so none is missed.
ended() {
	[ "$(grep -A 1 '^--- FAIL' "$log" | tail -n +2)" = "    context deadline exceeded" ] &&
		! grep -q -e 'Failing input' -e 'panic' -e 'hung or terminated' "$log"
}

printf '%s\n' "$targets" | while read -r package target; do
	echo "$target ($package)"
	# By default Go minimizes each new input for up to a minute and does little else.
	{ ${GO:-go} test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5x "$package" </dev/null 2>&1 || echo "fuzz.sh: failed"; } |
		tee "$log" | awk '/^--- FAIL/ { held = 1 } !held { print; fflush() }'
	if grep -q '^fuzz.sh: failed$' "$log"; then
		if ! ended; then
			sed -n '/^--- FAIL/,$p' "$log"
			exit 1
		fi
		echo "fuzz.sh: nothing found; Go told the end of $time as a failure (go.dev/issue/75804)"
	fi
done
