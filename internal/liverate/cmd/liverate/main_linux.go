// Command liverate finds by bisection the highest rate at which tcpflow-states live
// takes traffic without a drop. It needs root and two processors.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tcpflow-states/tcpflow-states/internal/liverate"
)

func main() {
	send := flag.String("send", "", "only send, on this `INTERFACE`, and print how many packets went")
	kind := flag.String("kind", "web", "web, or flood")
	unfilled := flag.Bool("unfilled", false, "leave TCP checksums to a network card that is not there")
	packets := flag.Int("n", 1_000_000, "packets to make and send again and again")
	rate := flag.Float64("rate", 0, "only this rate, in packets a second; 0 bisects")
	low := flag.Float64("low", 50_000, "a rate that is surely taken")
	high := flag.Float64("high", 2_000_000, "a rate that surely is not")
	seconds := flag.Duration("for", 10*time.Second, "how long to send")
	program := flag.String("program", "./tcpflow-states", "`PROGRAM` to measure, with arguments before live")
	flag.Parse()
	if err := run(*send, *kind, *unfilled, *packets, *rate, *low, *high, *seconds, *program); err != nil {
		fmt.Fprintln(os.Stderr, "liverate:", err)
		os.Exit(1)
	}
}

func run(send, kind string, unfilled bool, packets int, rate, low, high float64, d time.Duration, program string) error {
	if send != "" {
		t, err := liverate.NewTraffic(kind, packets, unfilled)
		if err != nil {
			return err
		}
		n, err := t.Send(send, rate, d)
		fmt.Println(n)
		return err
	}
	n, err := liverate.NewNet()
	if err != nil {
		return err
	}
	defer n.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	try := func(rate float64) (bool, error) {
		o, err := n.Run(strings.Fields(program), n.Command("0", self, "-send", "sends", "-kind", kind, "-unfilled="+strconv.FormatBool(unfilled),
			"-n", strconv.Itoa(packets), "-rate", strconv.FormatFloat(rate, 'f', 0, 64), "-for", d.String()))
		if err != nil {
			return false, err
		}
		fmt.Printf("%8.0f/s: sent %d in %v, analysed %d, dropped %d, unread %d\n", rate, o.Sent, d, o.Analysed, o.Dropped, o.Unread)
		return !o.Lost(), nil
	}
	if rate > 0 {
		_, err := try(rate)
		return err
	}
	for high/low > 1.05 {
		middle := (low + high) / 2
		ok, err := try(middle)
		if err != nil {
			return err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	fmt.Printf("%s, unfilled %v: %.0f packets/s\n", kind, unfilled, low)
	return nil
}
