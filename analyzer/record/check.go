package record

// CheckDoc is one check of the catalogue as a reader needs it: what fires it,
// which rule stands behind it, and what else could look the same.
type CheckDoc struct {
	Name      CheckName
	Title     string // a few words
	Severity  Severity
	Family    string   // "handshake", "teardown", "reset", …
	Rule      string   // RFC clause, or "observer: …"
	Condition string   // when exactly it fires, in one to three sentences
	Benign    []string // what else could explain it
	Peers     []PeerName
	Filter    string // Wireshark display filter that shows such segments, among others perhaps

	Thresholds []Threshold // the numbers that can be changed, as they are by default
}

// PeerName is what another tool calls the same finding.
type PeerName struct {
	Tool string
	Name string
}
