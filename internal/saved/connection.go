package saved

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/change"
	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// fields is what is read of a connection's JSON. What is null there is unknown.
type fields struct {
	ID        uint64 `json:"id"`
	Client    *addr  `json:"client"`
	Server    *addr  `json:"server"`
	Service   string `json:"service"`
	FirstTime string `json:"first_time"`
	LastTime  string `json:"last_time"`
	Handshake struct {
		Took    *float64 `json:"duration_s"`
		Vantage string   `json:"vantage"`
		Options struct {
			Client *struct{} `json:"client"`
			Server *struct{} `json:"server"`
		} `json:"options"`
	} `json:"handshake"`
	Traffic *struct {
		Client sent `json:"client"`
		Server sent `json:"server"`
	} `json:"traffic"`
	Exchanges struct {
		Answer struct {
			Median *float64 `json:"median_s"`
			P95    *float64 `json:"p95_s"`
		} `json:"answer"`
	} `json:"exchanges"`
	Anomalies []struct {
		Name     string `json:"name"`
		Severity string `json:"severity"`
	} `json:"anomalies"`
	Verdict struct {
		Code string `json:"code"`
	} `json:"verdict"`
	Quality struct {
		Untimed bool `json:"untimed"`
	} `json:"quality"`
}

type addr struct {
	IP   string `json:"ip"`
	Port uint16 `json:"port"`
}

type sent struct {
	Packets         uint64 `json:"packets"`
	UniqueBytes     uint64 `json:"unique_bytes"`
	Retransmissions uint64 `json:"retransmissions"`
	SpuriousProved  uint64 `json:"spurious_proved"`
	MaxWindow       uint32 `json:"max_window"`
	RTT             struct {
		Median *float64 `json:"median_s"`
	} `json:"rtt"`
	Rates struct {
		Delivery   *float64 `json:"delivery"`
		AppLimited bool     `json:"app_limited"`
	} `json:"rates"`
}

// connection passes on the connection that was read.
func (s *reader) connection() error {
	s.report.Connections++
	var c fields
	if err := json.Unmarshal(s.raw, &c); err != nil {
		return &Error{fmt.Sprintf("connection %d: %s", s.report.Connections, misfit(err)), ""}
	}
	if c.Server == nil || c.Client == nil || c.Traffic == nil {
		return &Error{fmt.Sprintf("connection %d lacks its addresses or its traffic", s.report.Connections), "save the report without --fields"}
	}
	s.text.Reset()
	if err := json.Compact(&s.text, s.raw); err != nil {
		return err
	}
	out := Connection{JSON: s.text.Bytes()}
	if err := c.record(&out.Record); err != nil {
		return &Error{fmt.Sprintf("connection %d: %v", s.report.Connections, err), ""}
	}
	out.Sample = c.sample(&out.Record)
	if out.Record.ID == 0 {
		out.Sample.ID = s.report.Connections
	}
	return s.each(&out)
}

// record fills in what a choice of connections may ask.
func (c *fields) record(r *record.Connection) (err error) {
	r.ID, r.Service = c.ID, c.Service
	if r.Client, err = c.Client.read(); err != nil {
		return err
	}
	if r.Server, err = c.Server.read(); err != nil {
		return err
	}
	if r.First, err = timeOf(c.FirstTime); err != nil {
		return err
	}
	if r.Last, err = timeOf(c.LastTime); err != nil {
		return err
	}
	r.Verdict.Code = record.VerdictCode(c.Verdict.Code)
	r.Handshake.Vantage = c.Handshake.Vantage
	r.Quality.Untimed = c.Quality.Untimed
	for _, a := range c.Anomalies {
		r.Anomalies = append(r.Anomalies, record.Anomaly{Name: record.CheckName(a.Name), Severity: severityOf(a.Severity)})
	}
	return nil
}

func severityOf(text string) record.Severity {
	for s := record.SeverityNote; s <= record.SeverityError; s++ {
		if s.String() == text {
			return s
		}
	}
	return record.SeverityCapture
}

// read reads an address; an unknown one is invalid.
func (a *addr) read() (record.Addr, error) {
	if a.IP == "" {
		return record.Addr{Port: a.Port}, nil
	}
	ip, err := netip.ParseAddr(a.IP)
	if err != nil {
		return record.Addr{}, fmt.Errorf("%.60q is no IP address", a.IP)
	}
	return record.Addr{IP: ip.WithZone(""), Port: a.Port}, nil
}

// timeOf reads a time; an unknown one is 0.
func timeOf(text string) (fsm.Time, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1678 || t.Year() > 2261 { // what nanoseconds can hold
		return 0, fmt.Errorf("%.60q is no time", text)
	}
	return fsm.Time(t.UnixNano()), nil
}

// sample is what is compared of it.
func (c *fields) sample(r *record.Connection) change.Sample {
	s := change.SampleOf(r)
	s.Handshake, s.Answer, s.SlowAnswer = number64(c.Handshake.Took), number64(c.Exchanges.Answer.Median), number64(c.Exchanges.Answer.P95)
	scaled := c.Handshake.Options.Client != nil && c.Handshake.Options.Server != nil
	for side, t := range [2]*sent{&c.Traffic.Client, &c.Traffic.Server} {
		s.RTT[side], s.Delivery[side], s.Window[side] = number64(t.RTT.Median), number64(t.Rates.Delivery), float64(t.MaxWindow)
		if t.Rates.AppLimited || s.Delivery[side] == 0 {
			s.Delivery[side] = math.NaN()
		}
		if t.MaxWindow == 0 || !scaled {
			s.Window[side] = math.NaN()
		}
		s.Packets[side], s.Resent[side], s.Bytes[side] = float64(t.Packets), float64(t.Retransmissions-min(t.SpuriousProved, t.Retransmissions)), float64(t.UniqueBytes)
	}
	if c.Quality.Untimed {
		s.ForgetTimes()
	}
	return s
}

// number64 returns a number, NaN where there is none or it is below zero, which nothing
// is that is measured.
func number64(x *float64) float64 {
	if x == nil || *x < 0 {
		return math.NaN()
	}
	return *x
}

// misfit says in a few words what does not fit into what is expected.
func misfit(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Sprintf("%s: %.40s does not belong there", kind.Field, kind.Value)
	}
	return err.Error()
}
