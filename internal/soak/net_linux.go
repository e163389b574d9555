// Package soak runs the program for long under faults: live traffic of the kernel's own
// TCP, interfaces that go down and come back, a disk that is full and has room again,
// signals, readers that fall behind, clocks that are set. Nothing may be lost without
// being counted, and memory must not grow.
package soak

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// The two links between the namespaces: one that stays up, and one that does not.
const (
	steady = "steady"
	shaky  = "shaky"
)

var links = []string{steady, shaky}

// address returns the address of a link's client (1) or server (2).
func address(link string, end int) string {
	third := 0
	if link == shaky {
		third = 1
	}
	return fmt.Sprintf("10.98.%d.%d", third, end)
}

// hosts are a client's and a server's namespace with two links between them.
type hosts struct{ client, server string }

func newHosts() (*hosts, error) {
	h := &hosts{fmt.Sprintf("soak-%d-client", os.Getpid()), fmt.Sprintf("soak-%d-server", os.Getpid())}
	commands := []string{"netns add " + h.client, "netns add " + h.server}
	for _, link := range links {
		commands = append(commands,
			fmt.Sprintf("-n %s link add %s type veth peer name %s netns %s", h.client, link, link, h.server))
		for end, ns := range []string{h.client, h.server} {
			commands = append(commands,
				fmt.Sprintf("-n %s link set %s addrgenmode none", ns, link),
				fmt.Sprintf("-n %s address add %s/24 dev %s", ns, address(link, end+1), link),
				fmt.Sprintf("-n %s link set %s up", ns, link))
		}
	}
	for _, c := range commands {
		if err := ip(c); err != nil {
			h.close()
			return nil, err
		}
	}
	return h, nil
}

func (h *hosts) close() {
	for _, ns := range []string{h.client, h.server} {
		exec.Command("ip", "netns", "delete", ns).Run()
	}
}

// ip runs a command of ip(8).
func ip(command string) error {
	if out, err := exec.Command("ip", strings.Fields(command)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", command, err, out)
	}
	return nil
}

// passed returns how many packets the client's interfaces have sent and received.
func (h *hosts) passed() (n uint64, err error) {
	for _, link := range links {
		for _, counter := range []string{"rx_packets", "tx_packets"} {
			out, err := exec.Command("ip", "netns", "exec", h.client, "cat", "/sys/class/net/"+link+"/statistics/"+counter).Output()
			if err != nil {
				return 0, err
			}
			v, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
			if err != nil {
				return 0, err
			}
			n += v
		}
	}
	return n, nil
}
