//go:build linux

package lab

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Mirror is a switch's mirror port at the router: it gets a copy of each packet as it comes
// in and one as it leaves.
type Mirror struct {
	// Tags are the VLAN IDs of the copies from the client's link and from the server's; 0
	// for none.
	Tags [2]uint16
}

// Where the copies are sent to, and where they are captured.
const (
	mirrorOut = "mir0"
	mirrorTap = "mir1"
)

// addMirror makes the port.
func (n *network) addMirror() error {
	err := command("ip", "link", "add", mirrorOut, "netns", n.router.name, "type", "veth", "peer", "name", mirrorTap, "netns", n.router.name)
	if err != nil {
		return err
	}
	return errors.Join(n.router.ip(fmt.Sprintf("link set %s up\nlink set %s up\n", mirrorOut, mirrorTap)),
		withoutOffload(n.router.name, mirrorOut), n.router.sysctl("net.ipv6.conf."+mirrorOut+".disable_ipv6", "1"), n.router.sysctl("net.ipv6.conf."+mirrorTap+".disable_ipv6", "1"))
}

// openMirror makes the packet socket for the copies. It runs inside the router's namespace.
func (f *forwarder) openMirror(m *Mirror) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	f.mirror, f.mirrorTags = fd, m.Tags
	ifr, err := unix.NewIfreq(mirrorOut)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr); err != nil {
		return err
	}
	f.mirrorIndex = int(ifr.Uint32())
	return nil
}

// copyTo sends a copy of a frame on link i to the mirror port, if there is one.
func (f *forwarder) copyTo(i int, frame []byte) {
	if f.mirror < 0 || len(frame) < 14 {
		return
	}
	if id := f.mirrorTags[i]; id != 0 {
		tagged := append(make([]byte, 0, len(frame)+4), frame[:12]...)
		tagged = append(tagged, 0x81, 0, byte(id>>8), byte(id)) // IEEE 802.1Q
		frame = append(tagged, frame[12:]...)
	}
	err := unix.Sendto(f.mirror, frame, 0, &unix.SockaddrLinklayer{Ifindex: f.mirrorIndex, Halen: 6})
	if err != nil && err != unix.EINTR {
		f.fail(fmt.Errorf("copy to %s: %w", mirrorOut, err))
	}
}

// scenesMirrored and scenesTagged are seen by a mirror port at the router.
var scenesMirrored = []*Scenario{
	{Name: "two-mirrors", Title: "An exchange and a transfer, each packet of which two mirror ports copy to the tap.", Play: playMirrored},
}

var scenesTagged = []*Scenario{
	{Name: "vlan-routed", Title: "The same, tagged by one VLAN before the router and by another behind it.", Play: playMirrored},
}

func playMirrored(s *Stage) {
	c, k := s.serve()
	s.exchanges(c, k)
	n := s.Size(20_000, 60_000)
	if s.Rand.IntN(2) == 0 {
		c, k = k, c
	}
	s.Together(func() { c.Write(n) }, func() { k.Read(n) })
	s.endWell(c, k)
}
