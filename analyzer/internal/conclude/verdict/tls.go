package verdict

import (
	"strings"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/internal/phrase"
)

// besideTLS adds to a verdict that the connection failed in the handshake of TLS, which explains
// its end.
func besideTLS(c *record.Connection, v *record.Verdict) {
	a := anomaly(c, record.CheckTLSAlert)
	if a == nil || c.Quality.Untimed {
		return
	}
	v.Frames = append(v.Frames, a.Frames[0])
	v.Sentence = strings.TrimSuffix(v.Sentence, ".") + "; " + phrase.By(sideOf(a.Side)) + " had broken the TLS handshake off with the " + a.Seen + " in " + phrase.Frame(a.Frames[0]) + "."
}
