package sockets

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tcpflow-states/tcpflow-states/analyzer/record"
	"github.com/tcpflow-states/tcpflow-states/fsm"
)

// asking starts to serve, in this process.
func startServing(t *testing.T) *Table {
	t.Helper()
	d, err := newDiag()
	if err != nil {
		t.Skip("the kernel tells nothing of sockets: ", err)
	}
	d.close()
	table := NewTable()
	in, questions := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan bool)
	go table.pass(questions)
	go func() {
		serve(in, out)
		in.Close()
		out.Close()
	}()
	go func() {
		table.take(answers)
		close(ended)
	}()
	t.Cleanup(func() {
		table.Close()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("it goes on serving")
		}
	})
	return table
}

func ip(a net.Addr) netip.AddrPort {
	p := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

func of(client, server netip.AddrPort, syn fsm.Seq, at fsm.Time) *record.Connection {
	c := &record.Connection{First: at, Last: at + 10*fsm.Second}
	c.Client, c.Server = record.Addr{IP: client.Addr(), Port: client.Port()}, record.Addr{IP: server.Addr(), Port: server.Port()}
	c.Handshake.HasISN[fsm.Client], c.Handshake.ISN[fsm.Client] = true, syn
	return c
}

// described asks until so many processes are known.
func described(t *testing.T, table *Table, c *record.Connection, want int) []record.Owner {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		c.Owners = nil
		if table.Describe(c); len(c.Owners) >= want || time.Now().After(deadline) {
			return c.Owners
		}
	}
}

// TestFindsOwner finds this process at either end of its own connections, whatever family their
// sockets are of, also if they were there before.
func TestFindsOwner(t *testing.T) {
	type pair struct{ client, server net.Conn }
	connect := func(listen, dial string) (p pair, err error) {
		l, err := net.Listen("tcp", listen)
		if err != nil {
			return p, err
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if p.client, err = net.Dial("tcp", net.JoinHostPort(dial, port)); err != nil {
			return p, err
		}
		p.server, err = l.Accept()
		t.Cleanup(func() { p.client.Close(); p.server.Close() })
		return p, err
	}
	before, err := connect("127.0.0.1:0", "127.0.0.1")
	if err != nil {
		t.Skip(err)
	}
	table := startServing(t)
	check := func(name string, p pair, c *record.Connection) {
		t.Helper()
		owners := described(t, table, c, 2)
		if len(owners) != 2 {
			t.Errorf("%s: %d owners", name, len(owners))
			return
		}
		for i, o := range owners {
			if o.PID != uint32(os.Getpid()) || o.UID != uint32(os.Geteuid()) || o.Name == "" || !o.HasSide || o.Side != fsm.Side(i) {
				t.Errorf("%s: %+v, %+v", name, o, o.Process)
			}
		}
	}
	now := fsm.Time(time.Now().UnixNano())
	for i, family := range []struct{ listen, dial string }{{"127.0.0.1:0", "127.0.0.1"}, {"[::1]:0", "::1"}, {"[::]:0", "127.0.0.1"}} {
		p, err := connect(family.listen, family.dial)
		if err != nil {
			t.Log("left out: ", err)
			continue
		}
		client, server := ip(p.client.LocalAddr()), ip(p.client.RemoteAddr())
		table.Opens(client, server, fsm.Seq(i), now)
		table.Opens(client, server, fsm.Seq(i), now) // the SYN again
		check(family.listen, p, of(client, server, fsm.Seq(i), now))
		// A connection before on the same ends had another socket.
		if c := of(client, server, fsm.Seq(i)+1, now); len(described(t, table, c, 0)) != 0 {
			t.Errorf("%s: an earlier connection has %+v", family.listen, c.Owners)
		}
	}
	c := of(ip(before.client.LocalAddr()), ip(before.client.RemoteAddr()), 0, now)
	c.Handshake.HasISN[fsm.Client], c.Quality.Midstream = false, true
	check("before", before, c)

	gone, err := connect("127.0.0.1:0", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	client, server := ip(gone.client.LocalAddr()), ip(gone.client.RemoteAddr())
	gone.client.(*net.TCPConn).SetLinger(0)
	gone.client.Close()
	gone.server.Close()
	table.Opens(client, server, 9, now)
	time.Sleep(200 * time.Millisecond)
	if c := of(client, server, 9, now); len(described(t, table, c, 0)) != 0 {
		t.Errorf("a socket that is gone has %+v", c.Owners)
	}
}

// TestLate marks what is answered long after the SYN.
func TestLate(t *testing.T) {
	now := time.Unix(1000, 0)
	table := NewTable()
	table.now = func() time.Time { return now }
	a, b := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("[::ffff:10.0.0.2]:2")
	table.Opens(a, b, 7, fsm.Time(now.UnixNano()))
	q := <-table.questions
	now = now.Add(3 * time.Second)
	table.answered(&answer{ID: q.ID, Local: a, Peer: q.Ends[1], Owners: make([]record.Process, 1)})
	c := of(a, netip.MustParseAddrPort("10.0.0.2:2"), 7, fsm.Time(now.UnixNano()))
	if table.Describe(c); len(c.Owners) != 1 || c.Owners[0].Source != record.OwnerFoundLate || c.Owners[0].Side != fsm.Client {
		t.Errorf("%+v", c.Owners)
	}
}

// TestTableBounds is a flood, of which nothing is asked beyond a rate, and answers that
// nobody asked for.
func TestTableBounds(t *testing.T) {
	table := NewTable()
	server := netip.MustParseAddrPort("10.0.0.2:2")
	for i := range 5 * maxRemembered {
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		table.Opens(src, server, fsm.Seq(i), fsm.Time(i/4000)*fsm.Second)
		for len(table.questions) > 10 {
			<-table.questions
		}
		table.answered(&answer{ID: uint64(i) + 1<<40})
		latest, before := table.known.Len()
		if n := latest + before + len(table.asked); n > 3*maxRemembered {
			t.Fatalf("%d remembered", n)
		}
	}
	if table.last > 5*maxRemembered*maxRate/4000+maxRate {
		t.Errorf("%d asked", table.last)
	}
	for i := range 2 * maxAtFirst {
		table.answered(&answer{Local: netip.AddrPortFrom(server.Addr(), uint16(i)), Peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, byte(i >> 16), byte(i >> 8)}), 1)})
	}
	if len(table.atFirst) > maxAtFirst {
		t.Errorf("%d at first", len(table.atFirst))
	}
	table.Close()
	table.Opens(server, server, 1, 1<<60)
	table.Close()
}

// TestServeNonsense asks what is no question.
func TestServeNonsense(t *testing.T) {
	for _, text := range []string{"", "{", "null", `{"ID":1}`, `{"ID":1,"Ends":["10.0.0.1:1"]}`, `{"ID":1,"Ends":["10.0.0.1:1","[::1]:1"]}`, "\x00\xff", strings.Repeat("[", 1<<20)} {
		done := make(chan bool)
		go func() {
			serve(strings.NewReader(text), io.Discard)
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatal(fmt.Sprintf("%.40q", text), "does not end")
		}
	}
}
