package programs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// configuration is nginx's. It listens on several ports, so that the client's
// ports do not run out while the server's are in TIME-WAIT.
const configuration = `daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
	access_log off;
	keepalive_requests %d;
	sendfile on;
	tcp_nopush on;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server {
		%s
		root www;
	}
}
`

const firstPort = 8080

// startNginx starts nginx with files of some sizes, named by them.
func (p *play) startNginx(requests int, tls bool, sizes ...int) error {
	www := filepath.Join(p.dir, "www")
	if err := os.Mkdir(www, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(p.dir, 0o755); err != nil { // its workers are another user
		return err
	}
	for _, size := range sizes {
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i*7 + i>>8)
		}
		if err := os.WriteFile(filepath.Join(www, strconv.Itoa(size)), body, 0o644); err != nil {
			return err
		}
	}
	listen, more := "", ""
	if tls {
		key, cert := filepath.Join(p.dir, "key.pem"), filepath.Join(p.dir, "cert.pem")
		out, err := exec.CommandContext(p.ctx, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
			"-nodes", "-days", "30", "-subj", "/CN=bench.example", "-keyout", key, "-out", cert).CombinedOutput()
		if err != nil {
			return fmt.Errorf("openssl: %w: %.300s", err, out)
		}
		listen, more = " ssl", fmt.Sprintf("ssl_certificate %s; ssl_certificate_key %s; ", cert, key)
	}
	for i := range 8 {
		more += fmt.Sprintf("listen %d%s; ", firstPort+i, listen)
	}
	file := filepath.Join(p.dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, requests, more), 0o644); err != nil {
		return err
	}
	return p.serve(firstPort, "nginx", "-p", p.dir, "-e", "stderr", "-c", file)
}

// load has ab make so many requests for a file, with flags of its own.
func (p *play) load(scheme string, port, size, requests, concurrent int, flags ...string) error {
	requests = max(requests, concurrent)
	args := append(flags, "-q", "-r", "-s", "120", "-n", strconv.Itoa(requests), "-c", strconv.Itoa(concurrent),
		fmt.Sprintf("%s://%s:%d/%d", scheme, p.server, port, size))
	return p.run("ab", args...)
}

// short makes connections of one request each, some 10 packets apiece.
func (p *play) short(scheme string, requests, concurrent int, sizes ...int) error {
	for i := range 8 { // a port after the other
		size := sizes[i%len(sizes)]
		if err := p.load(scheme, firstPort+i, size, requests/8, concurrent); err != nil {
			return err
		}
	}
	return nil
}

func shortWeb(p *play, n int) error {
	sizes := []int{1_000, 3_000, 8_000, 20_000}
	if err := p.startNginx(1000, false, sizes...); err != nil {
		return err
	}
	return p.short("http", n/perConnection(p), 100, sizes...)
}

// perConnection is how many packets a short connection of shortWeb has: fewer
// where the sender's segments are captured before they are cut.
func perConnection(p *play) int {
	if p.offload {
		return 11
	}
	return 18
}

// lossyWeb has more connections at a time, because many wait.
func lossyWeb(p *play, n int) error {
	sizes := []int{2_000, 10_000, 30_000}
	if err := p.startNginx(1000, false, sizes...); err != nil {
		return err
	}
	return p.short("http", n/28, 400, sizes...)
}

// keepaliveWeb spends a part of its packets on connections that are kept, the
// rest on short ones that soon have used up the ports.
func keepaliveWeb(p *play, n int) error {
	sizes := []int{1_000, 6_000}
	if err := p.startNginx(500, false, sizes...); err != nil {
		return err
	}
	for i := range 4 {
		if err := p.load("http", firstPort+i, sizes[i%2], n/2/4/3, 100, "-k"); err != nil {
			return err
		}
	}
	return p.short("http", n/2/11, 40, sizes...)
}

// tlsWeb makes full handshakes, half of them for one request only.
func tlsWeb(p *play, n int) error {
	sizes := []int{1_000, 10_000}
	if err := p.startNginx(20, true, sizes...); err != nil {
		return err
	}
	if err := p.short("https", n/2/16, 50, sizes...); err != nil {
		return err
	}
	return p.load("https", firstPort, sizes[1], n/2/4, 50, "-k")
}
