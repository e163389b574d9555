// Package process describes processes of a capturing host, as a capture or its kernel
// tells of them. Everything that reads them shares this one form.
package process

import (
	"fmt"
	"strings"
)

// Process is what is known of one. It does not change any more once it has been passed on.
// Texts are raw, of bounded length: escape them before they reach a terminal.
type Process struct {
	PID     uint32 // its number on the host; 0 where that is not known
	Name    string // its name, or that of its executable
	Path    string // of its executable
	Command string // its arguments, parted by blanks
	Parent  uint32 // the number of the process that began it; 0 where that is not known
	UID     uint32 // the number of its user, with HasUID
	HasUID  bool
	User    string // that user's name
	Started int64  // when it began, nanoseconds since the Unix epoch; 0 where that is not known

	Container Container
	Pod       Pod

	For *Process // the process on whose behalf it acts, as Darwin tells; nil for none

	// Block is its description as pcapng has it, with numbers little-endian, to be written
	// again; nil where packets tell all of it.
	Block []byte
	Kind  BlockKind // of Block
}

// Container is the container that a process runs in.
type Container struct{ ID, Name, Image string }

// Pod is the pod of Kubernetes that a container belongs to.
type Pod struct{ Name, Namespace string }

// BlockKind says which block of pcapng describes a process.
type BlockKind uint8

// The blocks.
const (
	NoBlock   BlockKind = iota
	Wireshark           // the process information entry of Wireshark's custom block
	Darwin              // the process information block of Apple's tcpdump
)

// Direction says which way a packet went, seen from the host that captured it.
type Direction uint8

// The directions.
const (
	UnknownDirection Direction = iota
	Inbound
	Outbound
)

// The longest texts that are kept of a process.
const (
	MaxName = 256  // a name or a number in letters
	MaxText = 1024 // a path, a command
)

// Cut returns the beginning of a text, of at most so many bytes, without zeros and blanks
// around it.
func Cut(text string, most int) string {
	return strings.Trim(text[:min(len(text), most)], " \t\r\n\x00")
}

// NameByPath gives a process without a name that of its executable.
func (p *Process) NameByPath() {
	if p.Name == "" {
		p.Name = Cut(p.Path[strings.LastIndexByte(p.Path, '/')+1:], MaxName)
	}
}

// Key returns a text that is the same for descriptions that say the same.
func (p *Process) Key() string {
	key := fmt.Sprint(p.PID, p.Parent, p.UID, p.HasUID, p.Started)
	for _, text := range [...]string{
		p.Name, p.Path, p.Command, p.User, p.Container.ID, p.Container.Name, p.Container.Image, p.Pod.Name, p.Pod.Namespace,
	} {
		key += "\x00" + text
	}
	if p.For != nil {
		key += "\x00" + p.For.Key()
	}
	return key
}

// Size returns about how many bytes it takes in memory.
func (p *Process) Size() int {
	return 320 + len(p.Name) + len(p.Path) + len(p.Command) + len(p.User) + len(p.Block) +
		len(p.Container.ID) + len(p.Container.Name) + len(p.Container.Image) + len(p.Pod.Name) + len(p.Pod.Namespace)
}
