package decode

import "strconv"

// A tagKind is one kind of tag or tunnel.
type tagKind uint8

const vlanTag tagKind = 1

var tagNames = [...]string{vlanTag: "vlan"}

// maxEncaps bounds what a capture full of forged tags can make us remember.
// Stacks beyond it share one number.
const maxEncaps = 1 << 16

// encapTable gives a number to every stack of tags that it has met. A stack is
// its outer part's number and one tag, so that each header adds its own.
type encapTable struct {
	byTag  map[encapTag]Encap
	stacks []encapStack  // index: Encap
	recent [8]encapEntry // tags looked up lately, to spare the map
}

type encapEntry struct {
	tag encapTag
	is  Encap
}

type encapTag struct {
	outer Encap
	kind  tagKind
	id    uint32
}

type encapStack struct {
	kind tagKind // of the innermost tag
	name string
}

func (t *encapTable) init() {
	t.byTag = make(map[encapTag]Encap)
	t.stacks = make([]encapStack, 1)
}

// push returns the number of the stack outer with one more tag inside it.
func (t *encapTable) push(outer Encap, kind tagKind, id uint32) Encap {
	tag := encapTag{outer, kind, id}
	slot := &t.recent[(uint32(outer)^id)%uint32(len(t.recent))]
	if slot.tag != tag {
		e, ok := t.byTag[tag]
		if !ok {
			e = t.add(tag)
		}
		*slot = encapEntry{tag, e}
	}
	return slot.is
}

func (t *encapTable) add(tag encapTag) Encap {
	if len(t.stacks) > maxEncaps {
		return maxEncaps
	}
	e := Encap(len(t.stacks))
	if e == maxEncaps {
		t.stacks = append(t.stacks, encapStack{tag.kind, "other encapsulations"})
		return e
	}
	outer := t.stacks[tag.outer]
	id := strconv.FormatUint(uint64(tag.id), 10)
	name := outer.name + "." + id
	if outer.kind != tag.kind {
		name = tagNames[tag.kind] + " " + id
		if outer.name != "" {
			name = outer.name + " / " + name
		}
	}
	t.stacks = append(t.stacks, encapStack{tag.kind, name})
	t.byTag[tag] = e
	return e
}

func (t *encapTable) name(e Encap) string {
	if int(e) < len(t.stacks) {
		return t.stacks[e].name
	}
	return ""
}
