//go:build linux

package lab

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// remnants returns the state of every TCP socket and TIME-WAIT record of a
// host by local and remote address, from /proc/net/tcp and tcp6. It is the only
// place where Linux shows TIME-WAIT.
func (h *Host) remnants() (map[[2]netip.AddrPort]string, error) {
	out := make(map[[2]netip.AddrPort]string)
	for _, file := range []string{"net/tcp", "net/tcp6"} {
		data, err := h.ns.read(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		for line := range strings.Lines(string(data)) {
			f := strings.Fields(line)
			if len(f) < 4 || f[0] == "sl" {
				continue
			}
			local, err1 := procAddr(f[1])
			remote, err2 := procAddr(f[2])
			state, err3 := strconv.ParseUint(f[3], 16, 8)
			if err1 != nil || err2 != nil || err3 != nil || state < 1 || int(state) > len(kernelStates) {
				return nil, fmt.Errorf("%s: cannot read line %q of /proc/%s", h.name, line, file)
			}
			out[[2]netip.AddrPort{local, remote}] = kernelStates[state-1].rfc
		}
	}
	return out, nil
}

// procAddr reads "0201A8C0:1F90": 32-bit words in the host's byte order.
func procAddr(s string) (netip.AddrPort, error) {
	addr, port, _ := strings.Cut(s, ":")
	raw, err := hex.DecodeString(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for i := 0; i+4 <= len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	a, ok := netip.AddrFromSlice(raw)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("address %q", addr)
	}
	p, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(a.Unmap(), uint16(p)), err
}

// counters returns the host's TCP counters that are not zero.
func (h *Host) counters() (map[string]int64, error) {
	out := make(map[string]int64)
	for _, file := range []string{"net/snmp", "net/netstat"} {
		data, err := h.ns.read(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		// Each group is two lines, names and values, that begin with its name.
		lines := strings.Split(string(data), "\n")
		for i := 0; i+1 < len(lines); i += 2 {
			names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
			if len(names) == 0 || len(names) != len(values) {
				continue
			}
			group := strings.TrimSuffix(names[0], ":")
			if group != "Tcp" && group != "Icmp" && group != "TcpExt" && group != "MPTcpExt" {
				continue
			}
			for j := 1; j < len(names); j++ {
				v, err := strconv.ParseInt(values[j], 10, 64)
				if err == nil && v != 0 && !configuration[names[j]] {
					out[group+"."+names[j]] = v
				}
			}
		}
	}
	data, err := h.ns.read("net/snmp6")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.name, err)
	}
	for line := range strings.Lines(string(data)) {
		f := strings.Fields(line)
		if len(f) != 2 || !strings.HasPrefix(f[0], "Icmp6") {
			continue
		}
		if v, err := strconv.ParseInt(f[1], 10, 64); err == nil && v != 0 {
			out["Icmp6."+strings.TrimPrefix(f[0], "Icmp6")] = v
		}
	}
	return out, nil
}

// configuration are the entries that count nothing.
var configuration = map[string]bool{"RtoAlgorithm": true, "RtoMin": true, "RtoMax": true, "MaxConn": true}
