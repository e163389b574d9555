package report

import (
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// processes appends the processes that the connection's packets belong to.
func (e *encoder) processes(c *record.Connection) {
	e.array(`"processes":`)
	for i := range c.Owners {
		e.process(&c.Owners[i])
	}
	e.endArray()
	e.keyBool(`"processes_more":`, c.MoreOwners)
}

func (e *encoder) process(o *record.Owner) {
	e.open('{')
	if o.HasSide {
		e.keyLiteral(`"endpoint":`, o.Side.String())
	} else {
		e.keyNull(`"endpoint":`)
	}
	e.processNumber(`"pid":`, o.PID)
	e.keyText(`"name":`, o.Name)
	e.keyText(`"path":`, o.Path)
	e.keyText(`"command":`, o.Command)
	e.processNumber(`"parent_pid":`, o.Parent)
	if o.HasUID {
		e.keyUint(`"uid":`, uint64(o.UID))
	} else {
		e.keyNull(`"uid":`)
	}
	e.keyText(`"user":`, o.User)
	if o.Started > 0 {
		untimed := e.untimed // which is about packets
		e.untimed = false
		e.keyTime(`"started":`, fsm.Time(o.Started))
		e.untimed = untimed
	} else {
		e.keyNull(`"started":`)
	}
	if x := &o.Container; x.ID+x.Name+x.Image != "" {
		e.object(`"container":`)
		e.keyText(`"id":`, x.ID)
		e.keyText(`"name":`, x.Name)
		e.keyText(`"image":`, x.Image)
		e.endObject()
	} else {
		e.keyNull(`"container":`)
	}
	if x := &o.Pod; x.Name+x.Namespace != "" {
		e.object(`"pod":`)
		e.keyText(`"name":`, x.Name)
		e.keyText(`"namespace":`, x.Namespace)
		e.endObject()
	} else {
		e.keyNull(`"pod":`)
	}
	if o.For != nil {
		e.object(`"on_behalf_of":`)
		e.processNumber(`"pid":`, o.For.PID)
		e.keyText(`"name":`, o.For.Name)
		e.endObject()
	} else {
		e.keyNull(`"on_behalf_of":`)
	}
	e.keyFrame(`"frame":`, `"file":`, o.Frame)
	e.keyLiteral(`"source":`, o.Source.String())
	e.endObject()
}

// processNumber appends null for 0.
func (e *encoder) processNumber(k string, n uint32) {
	if n == 0 {
		e.keyNull(k)
		return
	}
	e.keyUint(k, uint64(n))
}
