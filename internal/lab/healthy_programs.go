//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is a server and how its clients use it.
type program struct {
	name  string
	needs []string // programs that must be installed
	port  int
	begin func(t *troupe) (server []string, err error) // lays out what the server needs
	uses  []use
}

// use is what a client does, so many times.
type use struct {
	times int
	argv  []string // {host} is the server's address, {url} the same as in a URL, {dir} the folder of files
}

// troupe lets programs talk in the laboratory's network.
type troupe struct {
	ctx    context.Context
	net    *network
	rec    *HealthyRecording
	dir    string
	server netip.Addr
	scale  int
}

// programs are the servers, one after another.
var programs = []program{
	{name: "nginx", needs: []string{"nginx", "curl", "ab", "wget"}, port: 8080, begin: beginNginx, uses: []use{
		{20, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8080/small"}},
		{8, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8080/small", "http://{url}:8080/medium", "http://{url}:8080/small"}},
		{4, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8080/large"}},
		{4, []string{"curl", "-sS", "-o", "/dev/null", "-T", "{dir}/medium", "http://{url}:8080/put"}},
		{1, []string{"ab", "-q", "-n", "40", "-c", "4", "http://{url}:8080/small"}},
		{1, []string{"ab", "-q", "-k", "-n", "80", "-c", "4", "http://{url}:8080/medium"}},
		{8, []string{"wget", "-q", "-O", "/dev/null", "http://{url}:8080/medium"}},
	}},
	{name: "python http.server", needs: []string{"python3", "curl"}, port: 8081, begin: beginPython, uses: []use{
		{10, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8081/medium"}},
	}},
	{name: "node", needs: []string{"node", "curl"}, port: 8082, begin: beginNode, uses: []use{
		{10, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8082/", "http://{url}:8082/"}},
	}},
	{name: "redis", needs: []string{"redis-server", "redis-cli", "redis-benchmark"}, port: 6379, begin: beginRedis, uses: []use{
		{12, []string{"redis-cli", "-h", "{host}", "set", "key", "value"}},
		{8, []string{"redis-cli", "-h", "{host}", "get", "key"}},
		{1, []string{"redis-benchmark", "-h", "{host}", "-q", "-n", "200", "-c", "10", "-t", "set,get", "-d", "200"}},
	}},
	{name: "iperf3", needs: []string{"iperf3"}, port: 5201, begin: beginIperf, uses: []use{
		{2, []string{"iperf3", "-c", "{host}", "-n", "1M"}},
		{2, []string{"iperf3", "-c", "{host}", "-n", "1M", "-R"}},
		{1, []string{"iperf3", "-c", "{host}", "-n", "1M", "-P", "3"}},
	}},
	{name: "ssh", needs: []string{"ssh", "/usr/sbin/sshd", "ssh-keygen"}, port: 2222, begin: beginSSH, uses: []use{
		{6, sshTo("true")},
		{3, sshTo("head -c 200000 /dev/zero")},
	}},
	{name: "PostgreSQL", needs: []string{"psql", "pgbench", postgresBin + "/postgres"}, port: 5432, begin: beginPostgres, uses: []use{
		{8, []string{"psql", "-q", "-h", "{host}", "-U", "postgres", "-c", "select count(*) from pg_class", "-o", "/dev/null"}},
		{1, []string{"pgbench", "-h", "{host}", "-U", "postgres", "-n", "-C", "-t", "10", "-c", "2", "-f", "{dir}/query.sql", "postgres"}},
		{1, []string{"pgbench", "-h", "{host}", "-U", "postgres", "-n", "-t", "30", "-c", "4", "-f", "{dir}/query.sql", "postgres"}},
	}},
	{name: "openssl", needs: []string{"openssl", "curl"}, port: 8443, begin: beginTLS, uses: []use{
		{8, []string{"curl", "-sSk", "-o", "/dev/null", "https://{url}:8443/"}},
	}},
}

const postgresBin = "/usr/lib/postgresql/15/bin"

// play starts a server, lets its clients use it, and ends it.
func (t *troupe) play(p *program) {
	for _, need := range p.needs {
		if _, err := exec.LookPath(need); err != nil {
			t.rec.Absent = append(t.rec.Absent, p.name)
			return
		}
	}
	argv, err := p.begin(t)
	if err != nil {
		t.failed(p.name, err)
		return
	}
	server := t.command(t.net.server, argv)
	if err := server.Start(); err != nil {
		t.failed(p.name, err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	defer func() {
		syscall.Kill(-server.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			syscall.Kill(-server.Process.Pid, syscall.SIGKILL)
			<-ended
		}
	}()
	if err := t.listens(p.port); err != nil {
		t.failed(p.name, err)
		return
	}
	t.rec.Ran = append(t.rec.Ran, p.name)
	for _, u := range p.uses {
		for range u.times * t.scale {
			if t.ctx.Err() != nil {
				return
			}
			client := t.command(t.net.client, t.filled(u.argv))
			var said bytes.Buffer
			client.Stdout, client.Stderr = nil, &said
			if err := client.Run(); err != nil {
				t.failed(u.argv[0], fmt.Errorf("%w: %s", err, strings.TrimSpace(said.String())))
			}
		}
	}
}

func (t *troupe) failed(what string, err error) {
	t.rec.Failed = append(t.rec.Failed, what+": "+err.Error())
}

// command is a program inside a namespace, in a process group of its own.
func (t *troupe) command(ns *namespace, argv []string) *exec.Cmd {
	cmd := exec.CommandContext(t.ctx, "ip", append([]string{"netns", "exec", ns.name}, argv...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Dir = t.dir
	return cmd
}

// inURL is the server's address as it stands in a URL.
func (t *troupe) inURL() string {
	if t.server.Is6() {
		return "[" + t.server.String() + "]"
	}
	return t.server.String()
}

// filled puts the places of this play into a client's arguments.
func (t *troupe) filled(argv []string) []string {
	url := t.inURL()
	out := make([]string, len(argv))
	for i, a := range argv {
		out[i] = strings.NewReplacer("{host}", t.server.String(), "{url}", url, "{dir}", t.dir).Replace(a)
	}
	return out
}

// listens waits until the server accepts connections. It asks from the server's own side,
// where nothing is recorded.
func (t *troupe) listens(port int) error {
	to := net.JoinHostPort(t.server.String(), strconv.Itoa(port))
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		err := t.net.server.do(func() error {
			c, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.ctx, "tcp", to)
			if err != nil {
				return err
			}
			return c.Close()
		})
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) || t.ctx.Err() != nil {
			return fmt.Errorf("does not listen: %w", err)
		}
	}
}

// file writes a file into the troupe's folder.
func (t *troupe) file(name, text string) error {
	return os.WriteFile(filepath.Join(t.dir, name), []byte(text), 0o644)
}

// pages makes what web servers serve.
func (t *troupe) pages() error {
	return errors.Join(t.file("small", strings.Repeat("s", 900)), t.file("medium", strings.Repeat("m", 60_000)), t.file("large", strings.Repeat("l", 1_000_000)))
}

func beginNginx(t *troupe) ([]string, error) {
	if err := os.MkdirAll(filepath.Join(t.dir, "uploads"), 0o777); err != nil {
		return nil, err
	}
	os.Chmod(filepath.Join(t.dir, "uploads"), 0o777)
	return []string{"nginx", "-c", filepath.Join(t.dir, "nginx.conf"), "-e", filepath.Join(t.dir, "error.log")},
		errors.Join(t.pages(), t.file("nginx.conf", fmt.Sprintf(`daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
worker_processes 1;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	server {
		listen 8080;
		listen [::]:8080;
		root %[1]s;
		location /put { proxy_pass http://127.0.0.1:8089; client_max_body_size 10m; }
	}
	server {
		listen 127.0.0.1:8089;
		location / { return 200 "taken\n"; }
	}
}
`, t.dir)))
}

func beginPython(t *troupe) ([]string, error) {
	return []string{"python3", "-m", "http.server", "8081", "--bind", t.server.String()}, t.pages()
}

func beginNode(t *troupe) ([]string, error) {
	return []string{"node", filepath.Join(t.dir, "server.js")},
		t.file("server.js", `require("http").createServer((q, r) => r.end("x".repeat(20000))).listen(8082, "::");`)
}

func beginRedis(t *troupe) ([]string, error) {
	return []string{"redis-server", "--port", "6379", "--bind", t.server.String(), "--protected-mode", "no", "--save", "", "--dir", t.dir}, nil
}

func beginIperf(*troupe) ([]string, error) { return []string{"iperf3", "-s"}, nil }

// sshTo are the arguments of a client that runs a command.
func sshTo(what string) []string {
	return []string{
		"ssh", "-q", "-i", "{dir}/client_key", "-p", "2222", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-o", "BatchMode=yes", "-F", "none", "root@{host}", what,
	}
}

func beginSSH(t *troupe) ([]string, error) {
	for _, key := range []string{"host_key", "client_key"} {
		os.Remove(filepath.Join(t.dir, key))
		if err := command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(t.dir, key)); err != nil {
			return nil, err
		}
	}
	return []string{
		"/usr/sbin/sshd", "-D", "-e", "-p", "2222", "-f", "/dev/null", "-h", filepath.Join(t.dir, "host_key"),
		"-o", "AuthorizedKeysFile=" + filepath.Join(t.dir, "client_key.pub"), "-o", "StrictModes=no", "-o", "PermitRootLogin=yes", "-o", "UsePAM=no", "-o", "PidFile=none",
	}, os.MkdirAll("/run/sshd", 0o755)
}

func beginPostgres(t *troupe) ([]string, error) {
	data := filepath.Join(t.dir, "pg")
	if err := errors.Join(t.file("query.sql", "select count(*) from pg_class;\n"), os.MkdirAll(data, 0o700), command("chown", "postgres", data),
		command("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", postgresBin+"/initdb", "-D", data, "-A", "trust", "--no-sync")); err != nil {
		return nil, err
	}
	hba := "host all all all trust\nlocal all all trust\n"
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o644); err != nil {
		return nil, err
	}
	return []string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", postgresBin + "/postgres", "-D", data,
		"-c", "listen_addresses=" + t.server.String(), "-c", "unix_socket_directories=" + data, "-c", "fsync=off"}, nil
}

func beginTLS(t *troupe) ([]string, error) {
	key, cert := filepath.Join(t.dir, "key.pem"), filepath.Join(t.dir, "cert.pem")
	return []string{"openssl", "s_server", "-quiet", "-accept", "8443", "-www", "-key", key, "-cert", cert},
		command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=healthy")
}
