package process

import (
	"strconv"
	"strings"
)

// What ptcpdump says of a packet's process stands in the packet's comments, a line for each
// fact: "PID: 241879", "Cmd: /usr/bin/wget", "Args: wget -T 10 1.1.1.1". Its first versions
// wrote "Command" for "Cmd". Other comments have such lines too, so a comment counts only if
// there is a number behind "PID", or a container.

// InComment reports whether a comment looks as if it told of a process. It is quick.
func InComment(comment string) bool {
	for _, key := range [...]string{"PID: ", "ContainerName: ", "PodName: "} {
		if at := strings.Index(comment, key); at == 0 || at > 0 && comment[at-1] == '\n' {
			return true
		}
	}
	return false
}

// FromComment returns the process that a comment tells of, or nil.
func FromComment(comment string) *Process {
	p := new(Process)
	for line := range strings.Lines(comment) {
		key, value, found := strings.Cut(line, ":")
		if found {
			p.fact(strings.TrimSpace(key), value)
		}
	}
	if p.PID == 0 && p.Container == (Container{}) && p.Pod == (Pod{}) {
		return nil
	}
	p.NameByPath()
	return p
}

// fact takes in a line of a comment.
func (p *Process) fact(key, value string) {
	name := Cut(value, MaxName)
	switch key {
	case "PID":
		p.PID = number(name)
	case "Cmd", "Command":
		p.Path = Cut(value, MaxText)
	case "Args":
		p.Command = Cut(value, MaxText)
	case "ParentPID":
		p.Parent = number(name)
	case "UserId":
		if n, err := strconv.ParseUint(name, 10, 32); err == nil {
			p.UID, p.HasUID = uint32(n), true
		}
	case "ContainerName":
		p.Container.Name = name
	case "ContainerId":
		p.Container.ID = name
	case "ContainerImage":
		p.Container.Image = name
	case "PodName":
		p.Pod.Name = name
	case "PodNamespace":
		p.Pod.Namespace = name
	}
}

// number reads a process's number, 0 for what is none.
func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
