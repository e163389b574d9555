package flow

// Forgotten says of what there was more than is remembered, and what the record lacks by
// that: one sentence each.
func (f *Flow) Forgotten() (list []string) {
	if f.Conn.End[0].Out.Forgot() || f.Conn.End[1].Out.Forgot() {
		list = append(list, "More gaps were open in its data at once than are remembered: what filled the narrowest of them counts as sent again.")
	}
	if f.Dir[0].sender.queue.full || f.Dir[1].sender.queue.full {
		list = append(list, "More of its segments were unacknowledged at once than are remembered: of some retransmissions the kind is unknown.")
	}
	if f.Conn.Unrecorded {
		list = append(list, "Its states changed more often than is recorded: the latest transitions are missing.")
	}
	return list
}
