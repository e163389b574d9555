package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Judgement is how a segment was judged, for package explain to put into words.
type Judgement struct {
	Machine [2]fsm.Judgement // by the protocol machine for each endpoint, by fsm.Side
	Remarks []Remark         // what else was found about it
}

// Remark is something found about a segment that is no matter of states.
type Remark string

// The remarks.
const (
	NoControlBits     Remark = "no-control-bits"
	SYNAndFIN         Remark = "syn-and-fin"
	SYNAndRST         Remark = "syn-and-rst"
	FINWithoutACK     Remark = "fin-without-ack"
	NoneOfSYNACKRST   Remark = "none-of-syn-ack-rst"
	ReservedBits      Remark = "reserved-bits"
	UrgentWithoutFlag Remark = "urgent-without-flag"
	UrgentOnSYN       Remark = "urgent-on-syn"
	OptionMalformed   Remark = "option-malformed"
	OptionDuplicate   Remark = "option-duplicate"
	OptionAfterEnd    Remark = "option-after-end"
	OptionOnNonSYN    Remark = "option-on-non-syn"
	OptionOdd         Remark = "option-odd"
	ScaleInvalid      Remark = "scale-invalid"
	OldTimestamp      Remark = "old-timestamp"      // PAWS (RFC 7323 §5.3)
	TimestampMissing  Remark = "timestamp-missing"  // although agreed
	TimestampUnagreed Remark = "timestamp-unagreed" // although not agreed
	EchoInvalid       Remark = "echo-invalid"       // TSecr that the peer never sent
	BeyondWindow      Remark = "beyond-window"
	WindowShrunk      Remark = "window-shrunk"
)
