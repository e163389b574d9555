package fsm

import "testing"

// known is what must be known of an endpoint in a state, whatever led there.
// Numbers are relative to the initial ones.
type known struct {
	state      State
	fin        Seq  // number of its FIN, 0 for none
	edge, acks Seq  // SND.NXT, and the highest number it acknowledged
	finAcked   bool // the ACK of its FIN came
	peersFIN   bool // the peer's FIN came
}

// TestReachedByTraffic leads the client to each state on several ways: what is
// known there must equal what is written here by hand.
func TestReachedByTraffic(t *testing.T) {
	handshake := []string{"> S 0", "< S. 0 ack 1", "> . 1 ack 1", "< . 1 ack 1"}
	for _, c := range []struct {
		want   known
		routes map[string][]string // behind the handshake, or from the beginning if one starts with a SYN
	}{
		{known{state: Established, edge: 11, acks: 21}, map[string][]string{
			"data both ways":        {"> P. 1+10 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"data out of order":     {"> P. 6+5 ack 1", "> P. 1+5 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"data again":            {"> P. 1+10 ack 1", "> P. 1+10 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"a gap in the capture":  {"< P. 1+20 ack 6", "> P. 6+5 ack 21"},
			"the SYN-ACK again":     {"> S 0", "< S. 0 ack 1", "> . 1 ack 1", "< S. 0 ack 1", "> P. 1+10 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"simultaneous open":     {"> S 0", "< S 0", "> S. 0 ack 1", "< S. 0 ack 1", "> P. 1+10 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"no SYN, no SYN-ACK":    {"> . 1 ack 1", "> P. 1+10 ack 1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"a RST that was denied": {"> P. 1+10 ack 1", "> R 11", "> . 11 ack 1 +1", "< P. 1+20 ack 11", "> . 11 ack 21"},
			"a SYN in sync":         {"> P. 1+10 ack 1", "< S 999", "< P. 1+20 ack 11", "> . 11 ack 21"},
		}},
		{known{state: FinWait2, edge: 2, acks: 1, fin: 1, finAcked: true}, map[string][]string{
			"FIN, ACK":                {"> F. 1 ack 1", "< . 1 ack 2"},
			"the FIN again":           {"> F. 1 ack 1", "> F. 1 ack 1 +1", "< . 1 ack 2"},
			"the ACK was lost":        {"> F. 1 ack 1", "< . 1 ack 2", "> F. 1 ack 1 +1", "< . 1 ack 2"},
			"the FIN was denied":      {"> F. 1 ack 1", "< . 1 ack 1", "> F. 1 ack 1 +1", "< . 1 ack 2"},
			"the FIN was undelivered": {"> F. 1 ack 1 lost", "> F. 1 ack 1 +1", "< . 1 ack 2"},
		}},
		{known{state: TimeWait, edge: 2, acks: 2, fin: 1, finAcked: true, peersFIN: true}, map[string][]string{
			"one after the other": {"> F. 1 ack 1", "< . 1 ack 2", "< F. 1 ack 2", "> . 2 ack 2"},
			"FIN and ACK in one":  {"> F. 1 ack 1", "< F. 1 ack 2", "> . 2 ack 2"},
			"simultaneous close":  {"> F. 1 ack 1", "< F. 1 ack 1", "> . 2 ack 2", "< . 2 ack 2"},
			"the FIN again":       {"> F. 1 ack 1", "< F. 1 ack 2", "> . 2 ack 2", "< F. 1 ack 2 +1", "> . 2 ack 2"},
		}},
		{known{state: LastAck, edge: 2, acks: 2, fin: 1, peersFIN: true}, map[string][]string{
			"ACK, then FIN":         {"< F. 1 ack 1", "> . 1 ack 2", "> F. 1 ack 2"},
			"FIN and ACK in one":    {"< F. 1 ack 1", "> F. 1 ack 2"},
			"the last ACK was lost": {"< F. 1 ack 1", "> F. 1 ack 2", "< . 2 ack 2", "> F. 1 ack 2 +1"},
		}},
	} {
		for name, route := range c.routes {
			steps := append(append([]string{}, handshake...), route...)
			if route[0] == "> S 0" || name == "no SYN, no SYN-ACK" {
				steps = route
			}
			for _, base := range bases {
				var conn Conn
				conn.Reset(DefaultMSL)
				p := player{base: base}
				for _, s := range steps {
					p.feed(&conn, s)
					if err := fault(&conn); err != "" {
						t.Errorf("%v, %s: %s: %s", c.want.state, name, s, err)
					}
				}
				e := &conn.End[Client]
				got := known{
					state: e.State, edge: e.Out.Edge - base[0], acks: e.Acked - base[1],
					finAcked: e.finAck, peersFIN: e.gotFIN,
				}
				if e.SentFIN {
					got.fin = e.FinSeq - base[0]
				}
				if got != c.want {
					t.Errorf("%v, %s: %+v, want %+v", c.want.state, name, got, c.want)
				}
				if e.Out.Top != e.Out.Edge || e.Out.Holes() {
					t.Errorf("%v, %s: holes", c.want.state, name)
				}
			}
		}
	}
}

// TestTimeWaitSpan checks since when and until when TIME-WAIT lasts.
func TestTimeWaitSpan(t *testing.T) {
	var c Conn
	c.Reset(30 * Second)
	p := player{}
	for _, s := range []string{
		"> S 0", "< S. 0 ack 1", "> . 1 ack 1", "> F. 1 ack 1", "< . 1 ack 2", // 0.01 s to 0.05 s
		"< F. 1 ack 2 +10", // enters at 10.05 s
		"> . 2 ack 2", "< . 2 ack 2 +1",
		"< F. 1 ack 2 +20", // restarts at 31.06 s
	} {
		p.feed(&c, s)
	}
	since, until := c.End[Client].TimeWaitSpan()
	if want := 10*Second + Second/20; since != want {
		t.Errorf("since %v, want %v", since, want)
	}
	if want := 31*Second + Second*6/100 + 60*Second; until != want {
		t.Errorf("until %v, want %v", until, want)
	}
	if since, until := c.End[Server].TimeWaitSpan(); since != 0 || until != 0 {
		t.Errorf("the server, never in TIME-WAIT: %v to %v", since, until)
	}
}

// TestLearned checks the odd things that an endpoint's segments tell of it.
func TestLearned(t *testing.T) {
	var c Conn
	c.Reset(DefaultMSL)
	p := player{}
	p.feed(&c, "< S. 0 ack 1 ws 7 ts 90/1")
	if c.End[Client].SYNCaptured() || !c.End[Server].SYNCaptured() {
		t.Error("only the server's SYN was captured")
	}
	if c.End[Server].ScaleKnown {
		t.Error("the window scale is called known without the SYN")
	}
	p.feed(&c, "> S 0 ws 20 ts 1/0")
	client, server := &c.End[Client], &c.End[Server]
	if !client.SYNCaptured() || !client.ScaleKnown || client.Scale != 14 || server.Scale != 7 { // RFC 7323 §2.3: at most 14
		t.Errorf("window scales %d (of 14) and %d (of 7)", client.Scale, server.Scale)
	}
	p.feed(&c, "> . 1 ack 1 ts 5/90 win 10")
	p.feed(&c, "> . 1 ack 1 ts 4/90 win 10") // overtaken
	if ts, ok := client.LatestTimestamp(); !ok || ts != 5 {
		t.Errorf("latest timestamp %d, want 5", ts)
	}
	if client.Window != 10<<14 {
		t.Errorf("window %d, want %d", client.Window, 10<<14)
	}

	c.Reset(DefaultMSL)
	p = player{}
	for _, s := range []string{"> S 0 ws 15", "< S. 0 ack 1 ws 0"} {
		p.feed(&c, s)
	}
	if client.Scale != 14 || server.Scale != 0 {
		t.Errorf("window scales %d (of 15) and %d (of 0)", client.Scale, server.Scale)
	}

	c.Reset(DefaultMSL)
	p = player{base: [2]Seq{100, 0}}
	for _, s := range []string{"> P. 0+10 ack 500", "> . 10 ack 900"} { // of the server nothing is captured
		p.feed(&c, s)
	}
	if server.Out.Edge != 900 || server.Out.Holes() || client.Acked != 900 {
		t.Errorf("one direction only: edge %d, acknowledged %d", server.Out.Edge, client.Acked)
	}

	c.Reset(DefaultMSL)
	p = player{}
	for _, s := range []string{"> S 0 ws 7", "< S. 0 ack 1", "> . 1 ack 1 win 10"} { // one side only offers
		p.feed(&c, s)
	}
	if !client.ScaleKnown || client.Scale != 0 || client.Window != 10 {
		t.Errorf("window scale %d and window %d without the peer's offer", client.Scale, client.Window)
	}
}
