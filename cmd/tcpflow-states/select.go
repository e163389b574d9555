package main

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// span is a range of numbers, both ends included.
type span struct{ low, high uint64 }

type spans []span

func (s spans) has(n uint64) bool {
	return slices.ContainsFunc(s, func(r span) bool { return r.low <= n && n <= r.high })
}

// parseSpans reads a list such as "3,7,10-12" of numbers up to most.
func parseSpans(flag, what string, texts []string, least, most uint64) (spans, error) {
	var list spans
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			low, high, ranged := strings.Cut(part, "-")
			if !ranged {
				high = low
			}
			a, err1 := strconv.ParseUint(low, 10, 64)
			b, err2 := strconv.ParseUint(high, 10, 64)
			if err1 != nil || err2 != nil || a < least || b > most || a > b {
				return nil, usagef("--%s %q: not %s", flag, part, what).hint("such as --%s 3, --%s 3,7 or --%s 10-12", flag, flag, flag)
			}
			list = append(list, span{a, b})
		}
	}
	return list, nil
}

// parseFrame reads a packet's number as reports print it: 12, or 2:12 for the
// twelfth of the second file.
func parseFrame(text string) (fsm.Frame, error) {
	number, file := text, uint64(1)
	if f, n, ok := strings.Cut(text, ":"); ok {
		var err error
		if file, err = strconv.ParseUint(f, 10, 16); err != nil || file == 0 {
			return 0, usagef("--explain-frame %q: not the number of a packet", text).hint("such as --explain-frame 12, or 2:12 in the second file")
		}
		number = n
	}
	n, err := strconv.ParseUint(number, 10, 39)
	if err != nil || n == 0 {
		return 0, usagef("--explain-frame %q: not the number of a packet", text).hint("such as --explain-frame 12, or 2:12 in the second file")
	}
	return fsm.NewFrame(int(file-1), n), nil
}

// parseHosts reads addresses and prefixes.
func parseHosts(texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			part = strings.Trim(strings.TrimSpace(part), "[]")
			if addr, err := netip.ParseAddr(part); err == nil {
				addr = addr.Unmap().WithZone("")
				list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			} else if prefix, err := netip.ParsePrefix(part); err == nil {
				if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
					prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96) // as an address of that form is
				}
				list = append(list, prefix.Masked())
			} else {
				return nil, usagef("--host %q: not an IP address", part).hint("such as 10.0.0.1, 10.0.0.0/8 or fd00::1; names are not looked up")
			}
		}
	}
	return list, nil
}

// endpoints chooses segments by address and port of either end.
type endpoints struct {
	hosts []netip.Prefix
	ports spans
}

// choice returns the choice as the analyzer takes it, nil for everything.
func (e endpoints) choice() func(src, dst netip.AddrPort) bool {
	if len(e.hosts) == 0 && len(e.ports) == 0 {
		return nil
	}
	return func(src, dst netip.AddrPort) bool {
		return (len(e.hosts) == 0 || e.hasHost(src) || e.hasHost(dst)) &&
			(len(e.ports) == 0 || e.ports.has(uint64(src.Port())) || e.ports.has(uint64(dst.Port())))
	}
}

func (e endpoints) hasHost(end netip.AddrPort) bool {
	addr := end.Addr()
	return slices.ContainsFunc(e.hosts, func(p netip.Prefix) bool { return p.Contains(addr) })
}
