#!/bin/sh
# fuzz.sh TIME [PATTERN]: runs every fuzz target there is, or those whose name
# matches the pattern, for TIME each. A target found wanting writes its input to
# the testdata/fuzz beside it: fix the fault and keep the file.
set -eu
time=$1
pattern=${2:-^Fuzz}

list=$(${GO:-go} test -list "$pattern" ./...)
# Names come first, then the package that has them.
targets=$(printf '%s\n' "$list" | awk '/^Fuzz/ { name[++n] = $1 } /^ok/ { for (i = 1; i <= n; i++) print $2, name[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "fuzz.sh: no target matches $pattern" >&2
	exit 1
fi
printf '%s\n' "$targets" | while read -r package target; do
	echo "$target ($package)"
	# By default Go minimizes each new input for up to a minute and does little else.
	${GO:-go} test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5x "$package" </dev/null
done
