package decode

import "strconv"

// A tagKind is one kind of tag or tunnel.
type tagKind uint8

const (
	noTag tagKind = iota
	vlanTag
	backboneTag
	pppoeTag
	ipv4InIPv4Tag
	ipv6InIPv4Tag
	ipv4InIPv6Tag
	ipv6InIPv6Tag
	greTag
	greKeyTag
	pptpTag
	erspanTag
	erspanSessionTag
	etherIPTag
	vxlanTag
	geneveTag
	gtpTag

	// What only one direction has, see Packet.Labels.
	mplsTag
	teidTag
	channelTag
	callTag
	fabricTag
)

// notation says how a kind of tag is written.
type notation struct {
	name string
	base int    // of the number that each such tag has; 0: it has none
	join string // between the numbers of two such tags in a row; "": each is written out
}

var notations = [...]notation{
	vlanTag:          {"vlan", 10, "."},
	backboneTag:      {"pbb", 10, ""},
	pppoeTag:         {"pppoe", 10, ""},
	ipv4InIPv4Tag:    {"4in4", 0, ""},
	ipv6InIPv4Tag:    {"6in4", 0, ""},
	ipv4InIPv6Tag:    {"4in6", 0, ""},
	ipv6InIPv6Tag:    {"6in6", 0, ""},
	greTag:           {"gre", 0, ""},
	greKeyTag:        {"gre", 10, ""},
	pptpTag:          {"pptp", 0, ""},
	erspanTag:        {"erspan", 0, ""},
	erspanSessionTag: {"erspan", 10, ""},
	etherIPTag:       {"etherip", 0, ""},
	vxlanTag:         {"vxlan", 10, ""},
	geneveTag:        {"geneve", 10, ""},
	gtpTag:           {"gtp", 0, ""},

	mplsTag:    {"mpls", 10, "."},
	teidTag:    {"gtp", 16, ""},
	channelTag: {"e-tag", 10, ""},
	callTag:    {"pptp", 10, ""},
	fabricTag:  {"fabricpath", 10, ""},
}

// text returns a tag with the given number.
func (n notation) text(id uint32) string {
	switch n.base {
	case 0:
		return n.name
	case 16:
		return n.name + " 0x" + strconv.FormatUint(uint64(id), 16)
	}
	return n.name + " " + strconv.FormatUint(uint64(id), n.base)
}

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
	outer, how := t.stacks[tag.outer], notations[tag.kind]
	name := how.text(tag.id)
	switch {
	case outer.kind == tag.kind && how.join != "":
		name = outer.name + how.join + strconv.FormatUint(uint64(tag.id), how.base)
	case outer.name != "":
		name = outer.name + " / " + name
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
