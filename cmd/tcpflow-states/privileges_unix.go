//go:build unix

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// identity is a user, with the groups that come with it.
type identity struct {
	uid, gid int
	groups   []int
}

// dropPrivileges goes back to the user who called sudo, doas or pkexec: once the
// packets' source is open nothing needs root, least of all what looks into packets.
// Where root was lent but by whom cannot be told, it fails.
func dropPrivileges() error {
	if os.Geteuid() != 0 {
		return nil
	}
	id, err := invoker()
	if err != nil {
		return usagef("will not go on as root: %w", err).hint("--keep-root does so all the same")
	}
	if id == nil {
		return nil // root itself, who has nobody to go back to
	}
	for _, step := range []func() error{
		func() error { return syscall.Setgroups(id.groups) },
		func() error { return syscall.Setgid(id.gid) },
		func() error { return syscall.Setuid(id.uid) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("cannot give up root's privileges: %w", err)
		}
	}
	if syscall.Setuid(0) == nil || os.Geteuid() != id.uid || os.Getegid() != id.gid {
		return errors.New("cannot give up root's privileges: they can be had back")
	}
	return nil
}

// asInvoker calls f with the rights of who called sudo, doas or pkexec, and that user's
// home directory, or "". What f reads is then nothing that the user could not read
// without, and opens nothing that the user could not open. Root is root again afterwards.
func asInvoker(f func(home string)) error {
	home, _ := os.UserHomeDir()
	id, err := invoker()
	if os.Geteuid() != 0 || err == nil && id == nil {
		f(home)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoInvoker, err)
	}
	home = ""
	if who, err := user.LookupId(strconv.Itoa(id.uid)); err == nil {
		home = who.HomeDir
	}
	groups, err := syscall.Getgroups()
	if err != nil {
		return err
	}
	gid := os.Getegid()
	steps := func(list ...func() error) error {
		for _, step := range list {
			if err := step(); err != nil {
				return fmt.Errorf("cannot change whose rights the file of defaults is read with: %w", err)
			}
		}
		return nil
	}
	lent := steps(
		func() error { return syscall.Setgroups(id.groups) },
		func() error { return syscall.Setregid(-1, id.gid) },
		func() error { return syscall.Setreuid(-1, id.uid) })
	if lent == nil {
		f(home)
	}
	return cmp.Or(lent, steps(
		func() error { return syscall.Setreuid(-1, 0) },
		func() error { return syscall.Setregid(-1, gid) },
		func() error { return syscall.Setgroups(groups) }))
}

// invoker returns who has borrowed root, or nil if nobody has.
func invoker() (*identity, error) {
	var found *identity
	for _, lent := range []func() (*identity, error){bySudo, byDoas, byPkexec} {
		id, err := lent()
		if err != nil {
			return nil, err
		}
		if id != nil && found != nil && id.uid != found.uid {
			return nil, fmt.Errorf("it was lent to user %d and to user %d", found.uid, id.uid)
		}
		if found == nil {
			found = id
		}
	}
	return found, nil
}

func bySudo() (*identity, error) {
	u, has1 := os.LookupEnv("SUDO_UID")
	g, has2 := os.LookupEnv("SUDO_GID")
	if !has1 && !has2 {
		return nil, nil
	}
	return newIdentity(u, g, fmt.Sprintf("SUDO_UID=%q SUDO_GID=%q", u, g))
}

func byDoas() (*identity, error) {
	name, has := os.LookupEnv("DOAS_USER")
	if !has {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("DOAS_USER=%q is no user", name)
	}
	return newIdentity(u.Uid, u.Gid, fmt.Sprintf("DOAS_USER=%q", name))
}

func byPkexec() (*identity, error) {
	uid, has := os.LookupEnv("PKEXEC_UID")
	if !has {
		return nil, nil
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return nil, fmt.Errorf("PKEXEC_UID=%q is no user", uid)
	}
	return newIdentity(u.Uid, u.Gid, fmt.Sprintf("PKEXEC_UID=%q", uid))
}

// newIdentity reads the numbers that from has. A user without root's numbers must
// come of it.
func newIdentity(uid, gid, from string) (*identity, error) {
	u, err1 := strconv.ParseUint(uid, 10, 31)
	g, err2 := strconv.ParseUint(gid, 10, 31)
	if err1 != nil || err2 != nil || u == 0 || g == 0 {
		return nil, fmt.Errorf("%s names no user to go back to", from)
	}
	id := &identity{uid: int(u), gid: int(g), groups: []int{int(g)}}
	if who, err := user.LookupId(uid); err == nil {
		groups, _ := who.GroupIds()
		for _, text := range groups {
			if n, err := strconv.Atoi(text); err == nil && n > 0 && n != id.gid {
				id.groups = append(id.groups, n)
			}
		}
	}
	return id, nil
}
