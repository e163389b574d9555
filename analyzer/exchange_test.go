package analyzer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tcpflow-states/tcpflow-states/analyzer"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/conversation"
)

const handshaken = `title: exchanges
peers: not measured
client: 10.0.0.1:40000 isn 1000
server: 10.0.0.2:80 isn 5000
1 > S  0        <mss 1460>
2 < S. 0 ack 1  <mss 1460>
3 > .  1 ack 1
`

// TestExchanges says what counts as a request and what as an answer. Times are in
// milliseconds; "answers, last bytes, think, request sizes, answer sizes, open".
func TestExchanges(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
	}{
		{"two requests, one after the other", handshaken + `
+0.1 > P. 1(100) ack 1
+0.2 < P. 1(500) ack 101
+0.1 < P. 501(500) ack 101
+0.7 > P. 101(50) ack 1001
+0.4 < P. 1001(10) ack 151`,
			"[200 400] [300 400] [700] [50 100] [10 1000] none"},
		{"an answer that is late while its request is acknowledged", handshaken + `
+0.1 > P. 1(100) ack 1
+0.02 < . 1 ack 101
+6.0 < P. 1(500) ack 101`,
			"[6020] [6020] [] [100] [500] none"},
		{"the server speaks first", handshaken + `
+0.1 < P. 1(40) ack 1
+0.2 > P. 1(10) ack 41
+0.3 < P. 41(20) ack 11`,
			"[300] [300] [] [10] [20] none"},
		{"both banners cross", handshaken + `
+0.1 > P. 1(20) ack 1
+0.001 < P. 1(20) ack 1
+0.02 < . 21 ack 21
+0.1 > P. 21(300) ack 21
+0.05 < P. 21(400) ack 321`,
			"[50] [50] [] [300] [400] none"},
		{"the client asks again before it has the answer", handshaken + `
+0.1 > P. 1(100) ack 1
+0.2 < . 1(1000) ack 101
+0.001 > P. 101(100) ack 1
+0.001 < P. 1001(1000) ack 101
+0.2 < P. 2001(1000) ack 201
+0.1 > P. 201(100) ack 3001
+0.3 < P. 3001(7) ack 301`,
			"[200 300] [300] [] [100 100] [7] none"},
		{"a request that was lost counts from its repetition", handshaken + `
+0.1 > P. 1(100) ack 1 lost
+1.0 > P. 1(100) ack 1
+0.2 < P. 1(500) ack 101`,
			"[200] [200] [] [100] [500] none"},
		{"one that was sent again though acknowledged does not", handshaken + `
+0.1 > P. 1(100) ack 1
+0.01 < . 1 ack 101
+0.5 > P. 1(100) ack 1
+0.2 < P. 1(500) ack 101`,
			"[710] [710] [] [100] [500] none"},
		{"an answer out of order, and one segment sent again", handshaken + `
+0.1 > P. 1(100) ack 1
+0.2 < . 1(1000) ack 101
+0.001 < P. 2001(1000) ack 101
+0.001 < . 1001(1000) ack 101
+0.3 < P. 2001(1000) ack 101
+0.1 > P. 101(50) ack 3001
+0.2 < P. 3001(5) ack 151`,
			"[200 200] [200 202] [400] [50 100] [5 3000] none"},
		{"a request that the capture lacks", handshaken + `
+0.1 > P. 1(100) ack 1
+0.2 < P. 1(500) ack 101
+0.2 > P. 101(100) ack 501 hidden
+2.0 < P. 501(500) ack 201
+0.2 > P. 201(100) ack 1001
+0.3 < P. 1001(500) ack 301`,
			"[200 300] [300] [] [100] [500] none"}, // what is missing may belong to the last request
		{"an answer that the capture lacks", handshaken + `
+0.1 > P. 1(100) ack 1
+0.2 < P. 1(500) ack 101 hidden
+0.2 > P. 101(100) ack 501
+0.3 < P. 501(500) ack 201`,
			"[300] [300] [] [100] [500] none"},
		{"nothing answers up to the end", handshaken + `
+0.1 > P. 1(100) ack 1
+0.02 < . 1 ack 101
+30.0 > . 100 ack 1
+0.02 < . 1 ack 101`,
			"[] [] [] [] [] open 30040"},
		{"the client gives up", handshaken + `
+0.1 > P. 1(100) ack 1
+0.02 < . 1 ack 101
+5.0 > F. 101 ack 1
+0.02 < F. 1 ack 102
+0.02 > . 102 ack 2`,
			"[] [] [] [] [] open 5020"},
		{"the server resets", handshaken + `
+0.1 > P. 1(100) ack 1
+2.0 < R. 1 ack 101`,
			"[] [] [] [] [] open 2000"},
		{"from the middle on", strings.Join(strings.Split(handshaken, "\n")[:4], "\n") + `
> P. 500(100) ack 700
+0.2 < P. 700(500) ack 600
+0.1 > P. 600(10) ack 1200
+0.3 < P. 1200(20) ack 610`,
			"[200 300] [200 300] [100] [10] [20 500] none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := conversation.Parse(test.name, strings.NewReader(test.script+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			r := analyse(s, analyzer.Options{})
			if got := exchanges(&r.Connections[0].Exchanges); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func exchanges(x *record.Exchanges) string {
	values := func(d *record.Distribution, unit uint64) string {
		list := []string{}
		for i := range d.N {
			q := 0.0
			if d.N > 1 {
				q = float64(i) / float64(d.N-1)
			}
			list = append(list, fmt.Sprint(d.Quantile(q)/unit))
		}
		return fmt.Sprint(list)
	}
	open := "none"
	if x.Open.From != 0 {
		open = fmt.Sprintf("open %.0f", x.Open.Seconds*1000)
	}
	return strings.Join([]string{values(&x.Answer, 1e6), values(&x.LastByte, 1e6), values(&x.Think, 1e6),
		values(&x.RequestSize, 1), values(&x.AnswerSize, 1), open}, " ")
}
