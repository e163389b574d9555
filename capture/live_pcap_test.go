//go:build cgo && !nopcap

package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// openLoopback captures on the loopback interface, or skips the test where
// that is not allowed.
func openLoopback(t *testing.T, ctx context.Context, o LiveOptions) Source {
	t.Helper()
	all, err := Interfaces()
	if err != nil {
		t.Skip(err)
	}
	i := slices.IndexFunc(all, func(i Interface) bool { return i.Loopback && i.Up })
	if i < 0 {
		t.Skip("no loopback interface that is up")
	}
	if len(o.Interfaces) == 0 {
		o.Interfaces = []string{all[i].Name}
	}
	s, err := OpenLive(ctx, o)
	if errors.Is(err, ErrPermission) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// listen returns a listener on loopback and its port.
func listen(t *testing.T) (net.Listener, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).Port
}

// converse makes a connection that carries one line.
func converse(t *testing.T, l net.Listener) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(c, "hello")
	c.Close()
	if s, err := l.Accept(); err == nil {
		io.Copy(io.Discard, s)
		s.Close()
	}
}

// takeAll reads the source to its end and writes what it delivers. It returns the
// number of packets, and whether the data was among them.
func takeAll(t *testing.T, s Source, w *Writer) (n uint64, hello bool) {
	t.Helper()
	var p Packet
	began := time.Now()
	err := s.Next(&p)
	for ; err == nil; err = s.Next(&p) {
		n++
		if p.Number != n || p.Length < len(p.Data) || len(p.Data) > DefaultSnapLen {
			t.Errorf("%+v", p)
		}
		if d := time.Unix(0, p.Time).Sub(began); d < -time.Second || d > 11*time.Second {
			t.Errorf("packet %d comes %v after the start", n, d)
		}
		hello = hello || bytes.HasSuffix(p.Data, []byte("hello\n"))
		if err := w.Write(&p); err != nil {
			t.Fatal(err)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return n, hello
}

func TestLive(t *testing.T) {
	for _, o := range []LiveOptions{{}, {Immediate: true}, {Interfaces: []string{"any"}}} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			l, port := listen(t)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			idle := 0
			o.Filter = fmt.Sprintf("tcp port %d", port)
			o.Idle = func() {
				if idle++; idle == 1 {
					converse(t, l)
				} else if idle > 5 {
					cancel()
				}
			}
			s := openLoopback(t, ctx, o)
			var out bytes.Buffer
			w, err := NewWriter(&out, s)
			if err != nil {
				t.Fatal(err)
			}
			n, hello := takeAll(t, s, w)
			// SYN, SYN-ACK, ACK, data, ACK, FIN, FIN: an ACK may ride on a FIN.
			if n < 7 || !hello {
				t.Errorf("%d packets, data seen: %v", n, hello)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			info := s.Info()[0]
			if info.Format != "live" || info.Packets != n || !info.HasDropCounters || info.Received < n || info.Dropped != 0 {
				t.Errorf("%+v", info)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if after := s.Info()[0]; after.Received < info.Received {
				t.Errorf("counters after Close: %+v", after)
			}
			if err := s.Next(new(Packet)); err == nil || err == io.EOF {
				t.Errorf("Next after Close: %v", err)
			}
			list, written := mustRead(t, out.Bytes())
			if uint64(len(list)) != n || !slices.Equal(written.LinkTypes, info.LinkTypes) || written.Received != info.Received {
				t.Errorf("written: %d packets, %+v", len(list), written)
			}
		})
	}
}

// A capture without traffic ends soon after its context.
func TestLiveCancel(t *testing.T) {
	_, port := listen(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s := openLoopback(t, ctx, LiveOptions{Filter: fmt.Sprintf("tcp port %d", port)})
	began := time.Now()
	var p Packet
	if err := s.Next(&p); err != io.EOF {
		t.Errorf("%v, want io.EOF", err)
	}
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestLiveErrors(t *testing.T) {
	openLoopback(t, t.Context(), LiveOptions{}) // may we at all?
	_, err := OpenLive(t.Context(), LiveOptions{Interfaces: []string{"nosuchif0"}})
	if !errors.Is(err, ErrNoInterface) || !strings.Contains(err.Error(), "nosuchif0") || !strings.Contains(err.Error(), "there are: ") {
		t.Errorf("%v, want ErrNoInterface with a list", err)
	}
	all, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var filter *FilterError
	if _, err := OpenLive(t.Context(), LiveOptions{Interfaces: []string{all[0].Name}, Filter: "tpc"}); !errors.As(err, &filter) {
		t.Errorf("%v, want a FilterError", err)
	}
}

func TestInterfaces(t *testing.T) {
	all, err := Interfaces()
	if err != nil {
		t.Skip(err)
	}
	for _, i := range all {
		if i.Name == "" {
			t.Errorf("%+v", i)
		}
		if !i.Loopback || !i.Up {
			continue
		}
		var loopback bool
		for _, a := range i.Addresses {
			loopback = loopback || a.String() == "127.0.0.1/8"
		}
		if !loopback && len(i.Addresses) > 0 {
			t.Errorf("loopback interface with the addresses %v", i.Addresses)
		}
	}
}

// Counters of 32 bits are counted on where they wrap.
func TestWrapping(t *testing.T) {
	var w wrapping
	for _, v := range []int{5, 1 << 31, 1<<32 - 1, 4} {
		w.set(v)
	}
	if w.sum != 1<<32+4 {
		t.Errorf("%d", w.sum)
	}
}
