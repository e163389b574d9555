package record

import "github.com/tcpflow-states/tcpflow-states/fsm"

// Exchanges are a connection's requests and answers: a request is the data that the
// client sends before the server sends some, an answer what the server then sends before
// the client sends again. Times are in nanoseconds, sizes in bytes, taken where the capture
// was taken; data that was sent before the other side's had ended is no request.
type Exchanges struct {
	Answer      Distribution // from a request's last byte to its answer's first
	LastByte    Distribution // from a request's last byte to its answer's last
	Think       Distribution // from an answer's last byte to the next request's first
	RequestSize Distribution
	AnswerSize  Distribution
	Slowest     Span // the longest of Answer
	Open        Span // the request that nothing has answered, up to the record's end; no frames: none
}

// ForgetTimes empties it of times, for a capture that has none, and keeps the sizes.
func (x *Exchanges) ForgetTimes() {
	x.Answer.Reset()
	x.LastByte.Reset()
	x.Think.Reset()
	x.Slowest, x.Open = Span{}, Span{}
}

func (x *Exchanges) clone() Exchanges {
	y := *x
	y.Answer, y.LastByte, y.Think = x.Answer.Clone(), x.LastByte.Clone(), x.Think.Clone()
	y.RequestSize, y.AnswerSize = x.RequestSize.Clone(), x.AnswerSize.Clone()
	return y
}

// Span is a time between two segments.
type Span struct {
	Seconds  float64
	From, To fsm.Frame // 0 for none; To is 0 too while what it waits for has not come
}

// Spent is what a connection's time went to, in seconds that add up to its duration:
// from its first segment to its last. All are 0 where only one direction was captured.
type Spent struct {
	Handshake float64       // until both sides had opened
	App       [2]float64    // a side's application let the other wait: for an answer, a request, or for more
	Window    [2]float64    // a side's receive window left the other no room
	Loss      [2]float64    // a side waited to send again what had been lost
	Network   float64       // data was on its way, or its acknowledgment
	Close     float64       // after both sides had sent their last data, and one had closed
	Idle      float64       // nobody had anything to say: keepalives, more than IdleSpan between an answer and the next request, or silence after the last answer
	Longest   []LongestSpan // one for each of these that took time, the longest first
}

// LongestSpan is the longest time without a break that went to one cause.
type LongestSpan struct {
	Cause SpentCause
	Side  string // "client", "server", or "" where it is neither's
	Span
}

// SpentCause names what time can go to: kebab-case words that never change.
type SpentCause string

// The causes, in the order of a connection's life.
const (
	SpentHandshake SpentCause = "handshake"
	SpentApp       SpentCause = "application"
	SpentWindow    SpentCause = "window"
	SpentLoss      SpentCause = "loss"
	SpentNetwork   SpentCause = "network"
	SpentIdle      SpentCause = "idle"
	SpentClose     SpentCause = "close"
)

// Total returns the sum, which is the connection's duration.
func (s *Spent) Total() float64 {
	t := s.Handshake + s.Network + s.Close + s.Idle
	for side := range s.App {
		t += s.App[side] + s.Window[side] + s.Loss[side]
	}
	return t
}
