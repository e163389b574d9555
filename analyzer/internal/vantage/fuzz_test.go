package vantage_test

import (
	"fmt"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/decode"
	"github.com/tcpflow-states/tcpflow-states/analyzer/internal/vantage"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
	"github.com/tcpflow-states/tcpflow-states/internal/fuzzinput"
)

// FuzzCompare lets two taps see parts of the same packets, some of which only
// one of them sees: the counts must add up, and every segment of the second tap
// be either one that the first has too or one that is told to the analysis.
func FuzzCompare(f *testing.F) {
	for i, file := range fuzzinput.Captures("../../../..") {
		list, err := fuzzinput.Load(file, 40)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(fuzzinput.Write(byte(i*37), list))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		list := fuzzinput.Read(data)
		connections := list.Analyse(analyzer.Options{}).Connections
		a, b := compare(t, &list, connections), compare(t, &list, connections)
		if a != b {
			t.Errorf("the same packets compare otherwise:\n%s\n%s", a, b)
		}
	})
}

func compare(t *testing.T, list *fuzzinput.List, connections []*record.Connection) string {
	both := [2]*vantage.Tap{vantage.NewTap(nil), vantage.NewTap(nil)}
	var sight [2][]decode.Raw
	for i, p := range list.Packets {
		for tap := range both {
			if (i*7+int(list.Choices)>>(4*tap))%(5+tap) == 0 {
				continue
			}
			raw := decode.Raw{Data: p.Data, Time: p.Time, Length: p.Length, LinkType: list.LinkType}
			raw.Frame = fsm.NewFrame(tap, uint64(len(sight[tap])+1))
			if tap == 1 { // on the way to the second and back, with its clock ahead
				raw.Time += fsm.Second + fsm.Time(1-2*(i%2))*fsm.Second/100
			}
			sight[tap] = append(sight[tap], raw)
			both[tap].Packet(&raw)
		}
	}
	c := vantage.Compare(both[0], both[1])
	var out string
	for _, conn := range connections {
		b := c.Of(conn)
		if b == nil {
			continue
		}
		for side := range b.Dir {
			x := &b.Dir[side]
			if x.Sent != x.Arrived+x.Lost+x.Unseen+x.Unjudged+x.Partly || x.Resized+x.Altered > 2*x.Arrived || x.Timed > x.Arrived {
				t.Errorf("connection %d: %+v", conn.ID, *x)
			}
			if len(x.LostFrames) > record.MaxCrossingFrames || uint64(len(x.LostFrames)) > x.Lost+x.Partly {
				t.Errorf("connection %d: %d frames for %d lost", conn.ID, len(x.LostFrames), x.Lost)
			}
		}
		out += fmt.Sprintf("%+v\n", *b)
	}
	redundant := 0
	for i := range sight[1] {
		if f := sight[1][i].Frame; c.Redundant(f) {
			redundant++
			if c.Undelivered(f) {
				t.Errorf("frame %d is at the first tap too and never arrived", f.Number())
			}
		}
	}
	return out + fmt.Sprintf("%+v %d", c.Report(), redundant)
}
