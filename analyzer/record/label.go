package record

// Label names what a segment was found to be: kebab-case words that never change.
type Label string

// The labels. The last nine say why a segment was sent again.
const (
	LabelDuplicateFrame               Label = "duplicate-frame"
	LabelNetworkDuplicate             Label = "network-duplicate"
	LabelRetransmission               Label = "retransmission"
	LabelRetransmissionPartial        Label = "retransmission-partial"
	LabelRetransmissionSpurious       Label = "retransmission-spurious"
	LabelRetransmissionSpuriousProved Label = "retransmission-spurious-proved"
	LabelOriginalNotCaptured          Label = "original-not-captured"
	LabelOutOfOrder                   Label = "out-of-order"
	LabelPreviousSegmentMissing       Label = "previous-segment-missing"
	LabelDuplicateACK                 Label = "duplicate-ack"
	LabelDSACK                        Label = "dsack"
	LabelKeepalive                    Label = "keepalive"
	LabelKeepaliveACK                 Label = "keepalive-ack"
	LabelZeroWindow                   Label = "zero-window"
	LabelZeroWindowProbe              Label = "zero-window-probe"
	LabelZeroWindowProbeACK           Label = "zero-window-probe-ack"
	LabelWindowUpdate                 Label = "window-update"
	LabelWindowFull                   Label = "window-full"
	LabelChallengeACK                 Label = "challenge-ack"
	LabelRSTInWindow                  Label = "rst-in-window"
	LabelRSTOutOfWindow               Label = "rst-out-of-window"
	LabelAfterRST                     Label = "after-rst"
	LabelACKAhead                     Label = "ack-ahead"
	LabelGap                          Label = "gap"
	LabelBadChecksum                  Label = "bad-checksum"
	LabelMPTCPDataFIN                 Label = "mptcp-data-fin"
	LabelLostBetweenTaps              Label = "lost-between-taps"
	LabelRetransmissionUnknown        Label = "retransmission-unknown"
	LabelRetransmissionSYN            Label = "retransmission-syn"
	LabelRetransmissionSYNACK         Label = "retransmission-syn-ack"
	LabelRetransmissionTimeout        Label = "retransmission-timeout"
	LabelRetransmissionAfterTimeout   Label = "retransmission-after-timeout"
	LabelRetransmissionFast           Label = "retransmission-fast"
	LabelRetransmissionPathMTU        Label = "retransmission-path-mtu"
	LabelFastOpenFallback             Label = "retransmission-fast-open-fallback"
	LabelTailLossProbe                Label = "tail-loss-probe"
)
