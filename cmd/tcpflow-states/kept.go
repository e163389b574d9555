package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// keptFile is the file of -w. When there is no room for it the capture goes on: what
// cannot be written is left out, counted and told, until there is room again. The file
// stays whole, one of the packets that fitted.
type keptFile struct {
	file    *os.File
	tell    func(format string, args ...any)
	size    int64  // of the blocks in the file
	owed    []byte // descriptions of interfaces that are not in the file yet
	full    error  // why nothing fits at the moment, or nil
	reason  error  // the latest that full was
	missing uint64 // packets left out
}

// Write writes whole blocks, as capture.Writer passes them on.
func (k *keptFile) Write(blocks []byte) (int, error) {
	err := k.put(blocks)
	if err == nil {
		if k.full != nil {
			k.full = nil
			k.tell("there is room for %q again; by now %s left out", k.file.Name(), phrase.Counted(k.missing, "packet was", "packets were"))
		}
		return len(blocks), nil
	}
	if k.size == 0 || !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		return 0, err
	}
	if k.full == nil {
		k.tell("cannot write %q: %v; packets are left out of it until there is room", k.file.Name(), cause(err))
	}
	k.full, k.reason = err, err
	k.leaveOut(blocks)
	return len(blocks), nil
}

// put writes all of the blocks or none.
func (k *keptFile) put(blocks []byte) error {
	if len(k.owed) > 0 {
		blocks = append(k.owed[:len(k.owed):len(k.owed)], blocks...)
	}
	if _, err := k.file.Write(blocks); err != nil {
		if k.size > 0 {
			if _, e := k.file.Seek(k.size, io.SeekStart); e != nil {
				return e
			}
			if e := k.file.Truncate(k.size); e != nil {
				return e
			}
		}
		return err
	}
	k.size += int64(len(blocks))
	k.owed = nil
	return nil
}

// leaveOut counts the packets among blocks, and keeps what later ones need.
func (k *keptFile) leaveOut(blocks []byte) {
	const describesInterface, holdsSimplePacket, holdsPacket = 1, 3, 6
	for len(blocks) >= 8 {
		kind, length := binary.LittleEndian.Uint32(blocks), binary.LittleEndian.Uint32(blocks[4:])
		switch kind {
		case describesInterface:
			k.owed = append(k.owed, blocks[:length]...)
		case holdsPacket, holdsSimplePacket:
			k.missing++
		}
		blocks = blocks[length:]
	}
}

// Close closes the file, and fails if packets are missing from it.
func (k *keptFile) Close() error {
	err := k.file.Close()
	if err == nil && k.missing > 0 {
		err = fmt.Errorf("%w: %s left out", cause(k.reason), phrase.Counted(k.missing, "packet was", "packets were"))
	}
	return err
}
