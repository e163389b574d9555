package programs

import "strconv"

// bulk transfers so many bytes for each packet asked for, in four connections.
func bulk(bytesPerPacket int) func(*play, int) error {
	return func(p *play, n int) error { return p.transfer(n*bytesPerPacket, 4) }
}

// lossyBulk needs many connections, because loss keeps each of them slow.
func lossyBulk(p *play, n int) error { return p.transfer(n*1000, 32) }

func (p *play) transfer(size, connections int) error {
	if err := p.serve(5201, "iperf3", "-s"); err != nil {
		return err
	}
	return p.run("iperf3", "-c", p.server, "-n", strconv.Itoa(size), "-P", strconv.Itoa(connections))
}

// redis makes small requests over connections that are kept, two packets each.
func redis(p *play, n int) error {
	err := p.serve(6379, "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", p.dir)
	if err != nil {
		return err
	}
	return p.run("redis-benchmark", "-h", p.server, "-p", "6379", "-q", "-t", "set,get", "-c", "50", "-n", strconv.Itoa(n/2/2), "-d", "20")
}
