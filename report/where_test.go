package report

import (
	"encoding/json"
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
)

// whereTests are expressions with what jq calls the same.
var whereTests = []struct{ where, jq string }{
	{`id == 2`, `.id == 2`},
	{`id in [1, 3]`, `.id as $i | [1, 3] | index($i) != null`},
	{`id > 1 && id < 4`, `.id > 1 and .id < 4`},
	{`client.ip == "10.0.0.1"`, `.client.ip == "10.0.0.1"`},
	{`client.ip startsWith "10."`, `.client.ip | startswith("10.")`},
	{`handshake.options.client.mss == 1460`, `.handshake.options.client.mss == 1460`},
	{`close.time_wait.holder == "client"`, `.close.time_wait.holder == "client"`},
	{`server.port == 443 || server.port == 22`, `.server.port == 443 or .server.port == 22`},
	{`not (server.port in [80, 22])`, `.server.port as $p | [80, 22] | index($p) == null`},
	{`service == "https"`, `.service == "https"`},
	{`service == nil`, `.service == null`},
	{`service != nil`, `.service != null`},
	{`duration_s > 1`, `.duration_s > 1`},
	{`state.server == "CLOSE-WAIT"`, `.state.server == "CLOSE-WAIT"`},
	{`not state.client_proved`, `.state.client_proved | not`},
	{`verdict.code == "closed-normally"`, `.verdict.code == "closed-normally"`},
	{`verdict.code matches "^reset"`, `.verdict.code // "" | test("^reset")`},
	{`verdict == nil`, `.verdict == null`},
	{`verdict.sure`, `.verdict.sure == true`},
	{`len(anomalies) > 0`, `(.anomalies | length) > 0`},
	{`any(anomalies, .severity == "error")`, `any(.anomalies[]; .severity == "error")`},
	{`any(anomalies, .severity == "warning" && .count > 1)`, `any(.anomalies[]; .severity == "warning" and .count > 1)`},
	{`all(anomalies, .severity != "error")`, `all(.anomalies[]; .severity != "error")`},
	{`traffic.client.rtt.p95_s > 0.01`, `.traffic.client.rtt.p95_s > 0.01`},
	{`traffic.client.rtt.p95_s == nil`, `.traffic.client.rtt.p95_s == null`},
	{`traffic.server.retransmissions > 0 or traffic.client.retransmissions > 0`, `.traffic.server.retransmissions > 0 or .traffic.client.retransmissions > 0`},
	{`traffic.client.bytes + traffic.server.bytes > 1000`, `.traffic.client.bytes + .traffic.server.bytes > 1000`},
	{`handshake.kind == "three-way" and handshake.server_rtt_s > 0.001`, `.handshake.kind == "three-way" and .handshake.server_rtt_s > 0.001`},
	{`exchanges.answer.samples > 0`, `.exchanges.answer.samples > 0`},
	{`exchanges == nil`, `.exchanges == null`},
	{`exchanges.slowest.duration_s > 0.001`, `.exchanges.slowest.duration_s > 0.001`},
	{`close.reset_by == "client"`, `.close.reset_by == "client"`},
	{`known(close.rst_frame) && close.rst_frame > 3`, `.close.rst_frame != null and .close.rst_frame > 3`},
	{`any(transitions, .to == "TIME-WAIT" && .endpoint == "client")`, `any(.transitions[]; .to == "TIME-WAIT" and .endpoint == "client")`},
	{`count(transitions, .proof_frame == nil) > 1`, `([.transitions[] | select(.proof_frame == null)] | length) > 1`},
	{`quality.trust != "full"`, `.quality.trust != "full"`},
	{`first_time >= "2026-03-29T12:59:59" && first_time < "2026-03-29T13:05:00"`, `.first_time >= "2026-03-29T12:59:59" and .first_time < "2026-03-29T13:05:00"`},
	{`mptcp == nil`, `.mptcp == null`},
	{`time_in_state.server[0].duration_s > 0.01`, `(.time_in_state.server[0].duration_s // 0) > 0.01`},
	{`zeek.conn_state == "SF"`, `.zeek.conn_state == "SF"`},
}

// TestWhereIsJQ holds what expressions choose against jq over the same JSON.
func TestWhereIsJQ(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("jq is not installed")
	}
	conns := fixture().Connections
	var lines strings.Builder
	n := newNDJSON(&lines, Options{})
	for i, c := range conns {
		c.ID = uint64(i + 1)
		if err := n.Connection(c); err != nil {
			t.Fatal(err)
		}
	}
	both := [2]int{}
	for _, test := range whereTests {
		w, err := ParseWhere(test.where, false)
		if err != nil {
			t.Errorf("%s: %v", test.where, err)
			continue
		}
		cmd := exec.Command("jq", "-c", `select(.type == "connection") | select(`+test.jq+`) | .id`)
		cmd.Stdin = strings.NewReader(lines.String())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("jq: %s: %s", test.jq, out)
			continue
		}
		var got []string
		for range 2 { // what was read before must not show
			got = got[:0]
			for _, c := range conns {
				if w.Match(c) {
					got = append(got, strconv.FormatUint(c.ID, 10))
				}
			}
		}
		if want := strings.Fields(string(out)); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: chooses %v, jq %v", test.where, got, want)
		} else if len(got) > 0 && len(got) < len(conns) {
			both[0]++
		} else {
			both[1]++
		}
	}
	if both[0] < both[1] {
		t.Errorf("%d expressions choose some, %d all or none: they prove little", both[0], both[1])
	}
}

// TestWhereKeepsNothing: however many connections were asked, no more is kept than the names
// that the expression has.
func TestWhereKeepsNothing(t *testing.T) {
	w, err := ParseWhere(`duration_s > 1 && traffic.client.bytes > 0 && verdict.sentence != ""`, false)
	if err != nil {
		t.Fatal(err)
	}
	conns := fixture().Connections
	trial := w.newTrial()
	for i := range 5000 {
		c := *conns[i%len(conns)]
		c.ID = uint64(i * 7919) // numbers of all lengths, so that names stand elsewhere each time
		w.read(trial, &c)
		trial.run(w.program)
	}
	values := trial.excerpt.values
	if verdict := values["verdict"].(map[string]any); len(values) != 3 || len(verdict) != 1 {
		t.Errorf("%d values are kept, and %d of the verdict", len(values), len(verdict))
	}
}

// TestWhereKnowsEveryName: each name of a connection in the schema can be asked for, and
// gives what the JSON has.
func TestWhereKnowsEveryName(t *testing.T) {
	n := 0
	var try func(path string, s *shape)
	try = func(path string, s *shape) {
		n++
		if _, err := ParseWhere(path+" == nil", true); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for name, part := range s.parts {
			try(strings.TrimPrefix(path+"."+name, "."), part)
		}
		if s.each != nil {
			for name, part := range s.each.parts {
				if _, err := ParseWhere("any("+path+", ."+name+" == nil)", true); err != nil {
					t.Errorf("%s[].%s: %v", path, name, err)
				}
				n++
				_ = part
			}
		}
	}
	for name, part := range connectionShape().parts {
		try(name, part)
	}
	if n < 300 {
		t.Errorf("only %d names", n)
	}
	var doc struct{ Connections []map[string]any }
	var b strings.Builder
	if err := JSON(&b, fixture(), Options{}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b.String()), &doc); err != nil {
		t.Fatal(err)
	}
	var written func(path string, v any, s *shape)
	written = func(path string, v any, s *shape) {
		object, isObject := v.(map[string]any)
		if !isObject {
			return
		}
		for name, part := range object {
			inner := s.parts[name]
			if inner == nil {
				inner = s.rest
			}
			if inner == nil {
				t.Errorf("%s%s is written and cannot be asked for", path, name)
				continue
			}
			written(path+name+".", part, inner)
		}
	}
	for _, c := range doc.Connections {
		written("", c, connectionShape())
	}
}

func TestWhereErrors(t *testing.T) {
	for text, want := range map[string]struct {
		message string
		name    string // one of those that there are instead
	}{
		`verdikt.code == "x"`:            {`there is no verdikt at column 1: verdikt.code == "x"`, "verdict"},
		`id > 1 && verdict.cod == "x"`:   {`there is no cod at column 19: cod == "x"`, "code"},
		`traffic.client.rtt.p99_s > 0.2`: {`there is no p99_s at column 20: p99_s > 0.2`, "p95_s"},
		`any(anomalies, .nam == "x")`:    {`there is no nam at column 17: nam == "x")`, "name"},
		`verdict.code > 3`:               {`invalid operation: > (mismatched types string and number) at column 14: > 3`, ""},
		`id +`:                           {`unexpected token EOF at column 4: +`, ""},
		`id`:                             {`the expression is of type number, and no condition (true or false)`, ""},
		`anomalies`:                      {`the expression is of type list, and no condition (true or false)`, ""},
		`traffic.client.rtt > 0.2`:       {`invalid operation: > (mismatched types object and number) at column 20: > 0.2`, ""},
	} {
		_, err := ParseWhere(text, false)
		var got *WhereError
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got.Error() != want.message || want.name != "" && !slices.Contains(got.Names, want.name) {
			t.Errorf("%s: %v (%q), expected %+v", text, got, got.Names, want)
		}
	}
}

func BenchmarkWhere(b *testing.B) {
	for _, text := range []string{`verdict.code == "reset-injected"`, `traffic.client.rtt.p95_s > 0.2`, `any(anomalies, .severity == "error")`} {
		w, err := ParseWhere(text, false)
		if err != nil {
			b.Fatal(err)
		}
		var c *record.Connection = fixture().Connections[0]
		b.Run(strings.Fields(text)[0], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.Match(c)
			}
		})
	}
}
