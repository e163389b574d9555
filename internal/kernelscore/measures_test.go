package kernelscore

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// measureFloors are the least shares, in per cent, at the own side. What is counted is
// exact there; what is timed rests on when the kernel and the programs got to run.
var measureFloors = [measures]float64{
	MeasuredBytes: 100, MeasuredGoodput: 100, MeasuredResent: 100, MeasuredResentBytes: 100,
	MeasuredMinRTT: 90, MeasuredRTT: 95, MeasuredRTTVar: 90, MeasuredDelivery: 90, MeasuredAnswer: 85, MeasuredAnswerAfterLoss: 70,
}

// farBytes is the least share of bytes that must be right at the far side, where all of
// them arrive; a retransmission that is lost on its way does not.
const farBytes = 100

func (s *MeasureScore) missed() (lines []string) {
	for what, least := range measureFloors {
		if t := s.At[OwnSide][what]; float64(t.Right)*100 < least*float64(t.Of) || t.Of == 0 {
			lines = append(lines, fmt.Sprintf("%s: %s right, want %v %% at least", measured[what].ours, t, least))
		}
	}
	if t := s.At[FarSide][MeasuredBytes]; float64(t.Right)*100 < farBytes*float64(t.Of) {
		lines = append(lines, fmt.Sprintf("%s at the far side: %s right, want %v %%", measured[MeasuredBytes].ours, t, farBytes))
	}
	return lines
}

// The recording that is kept: ten connections over a path of 5 ms, as
// go run ./internal/lab/cmd/lab measures -brief -out DIR makes it.
func TestMeasures(t *testing.T) {
	var s MeasureScore
	if err := s.Add(filepath.Join("testdata", "measures", "measures-5ms.truth.json.gz")); err != nil {
		t.Fatal(err)
	}
	if s.Connections != 10 {
		t.Errorf("%d connections, want 10", s.Connections)
	}
	for _, line := range s.missed() {
		t.Error(line)
	}
	if t.Failed() || testing.Verbose() {
		var table strings.Builder
		s.Write(&table)
		t.Log("\n" + table.String() + strings.Join(s.Lines, "\n"))
	}
}
