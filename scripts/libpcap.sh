#!/bin/sh
# Prints 1 if programs can be built with libpcap here, otherwise 0: the value for
# CGO_ENABLED. If the headers or the C compiler are missing it tries to install
# them, where that needs no password. All it has to say goes to standard error.
set -u

say() { printf '%s\n' "libpcap: $*" >&2; }

if [ "${CGO_ENABLED:-}" = 0 ]; then
	echo 0
	exit
fi

usable() {
	cc=$(go env CC 2>/dev/null)
	object=$(mktemp) || return 1
	printf '#include <pcap.h>\nint main(void) { return pcap_lib_version() == 0; }\n' |
		${cc:-cc} -x c - -o "$object" -lpcap >/dev/null 2>&1
	result=$?
	rm -f "$object"
	return $result
}

if usable; then
	echo 1
	exit
fi

as_root=
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		as_root='sudo -n'
	else
		as_root=no
	fi
fi

if command -v brew >/dev/null; then
	say "installing it with brew"
	brew install libpcap >&2
elif [ "$as_root" = no ]; then
	say "no headers or no C compiler, and no right to install them"
elif command -v apt-get >/dev/null; then
	say "installing gcc and libpcap-dev with apt-get"
	install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev libpcap-dev"
	$install >/dev/null 2>&1 || { $as_root apt-get update -qq && $install; } >&2
elif command -v dnf >/dev/null; then
	say "installing gcc and libpcap-devel with dnf"
	$as_root dnf install -y -q gcc libpcap-devel >&2
elif command -v apk >/dev/null; then
	say "installing gcc, musl-dev and libpcap-dev with apk"
	$as_root apk add -q gcc musl-dev libpcap-dev >&2
elif command -v pacman >/dev/null; then
	say "installing gcc and libpcap with pacman"
	$as_root pacman -S --noconfirm --needed gcc libpcap >&2
fi

if usable; then
	echo 1
else
	say "not available: building without it. Files are read; live capture and filter expressions are not there."
	echo 0
fi
