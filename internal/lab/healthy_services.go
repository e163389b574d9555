//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// services are further programs, of many kinds: no check was made or mended while they
// were looked at, but for what docs/accuracy.md tells.
var services = []program{
	{name: "memcached", needs: []string{"memcached", "memccp", "memccat"}, port: 11211, begin: beginMemcached, uses: []use{
		{6, []string{"memccp", "--servers={url}:11211", "{dir}/small"}},
		{2, []string{"memccp", "--servers={url}:11211", "{dir}/medium"}},
		{6, []string{"memccat", "--servers={url}:11211", "--file=/dev/null", "small"}},
		{2, []string{"memccat", "--servers={url}:11211", "--file=/dev/null", "medium"}},
	}},
	{name: "haproxy", needs: []string{"haproxy", "curl", "wrk", "siege"}, port: 8090, begin: beginHAProxy, uses: []use{
		{8, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8090/"}},
		{1, []string{"wrk", "-t1", "-c4", "-d1s", "http://{url}:8090/"}},
		{1, []string{"siege", "-q", "-c", "3", "-r", "5", "http://{url}:8090/"}},
	}},
	{name: "mosquitto", needs: []string{"mosquitto", "mosquitto_pub", "mosquitto_sub"}, port: 1883, begin: beginMosquitto, uses: []use{
		{8, []string{"mosquitto_pub", "-h", "{host}", "-t", "place/one", "-m", "21.5"}},
		{4, []string{"mosquitto_pub", "-h", "{host}", "-t", "place/two", "-q", "2", "-r", "-m", "kept"}},
		{4, []string{"mosquitto_sub", "-h", "{host}", "-t", "place/#", "-C", "1", "-W", "3"}},
	}},
	{name: "MariaDB", needs: []string{"mariadbd", "mariadb-install-db", "mariadb", "mariadb-slap"}, port: 3306, begin: beginMariaDB, uses: []use{
		{8, []string{"mariadb", "-h", "{host}", "--skip-ssl", "-e", "show variables"}},
		{1, []string{"mariadb-slap", "-h", "{host}", "--concurrency=3", "--iterations=2", "--query=select 1", "--create-schema=test"}},
	}},
	{name: "vsftpd", needs: []string{"vsftpd", "curl", "lftp"}, port: 2121, begin: beginFTP, uses: []use{
		{4, []string{"curl", "-sS", "-o", "/dev/null", "ftp://{url}:2121/medium"}},
		{2, []string{"curl", "-sS", "-o", "/dev/null", "-P", "-", "ftp://{url}:2121/medium"}},
		{2, []string{"curl", "-sS", "-o", "/dev/null", "ftp://{url}:2121/"}},
		{2, []string{"lftp", "-c", "set net:timeout 10; open ftp://{url}:2121; ls; cat medium"}},
	}},
	{name: "rsync", needs: []string{"rsync"}, port: 8730, begin: beginRsync, uses: []use{
		{4, []string{"rsync", "rsync://{url}:8730/pages/"}},
		{3, []string{"rsync", "--ignore-times", "rsync://{url}:8730/pages/large", "{dir}/copy"}},
	}},
	{name: "dnsmasq", needs: []string{"dnsmasq", "dig"}, port: 5300, begin: beginDNS, uses: []use{
		{8, []string{"dig", "+tcp", "-p", "5300", "@{host}", "one.example"}},
		{2, []string{"dig", "+tcp", "+keepopen", "-p", "5300", "@{host}", "one.example", "two.example", "three.example"}},
	}},
	{name: "exim", needs: []string{"exim4", "swaks"}, port: 2525, begin: beginExim, uses: []use{
		{4, []string{"swaks", "--server", "{host}", "--port", "2525", "--to", "a@example.org", "--from", "b@example.org", "--silent", "2"}},
		{2, []string{"swaks", "--server", "{host}", "--port", "2525", "--to", "a@example.org", "--from", "b@example.org", "--attach", "@{dir}/medium", "--silent", "2"}},
	}},
	{name: "stunnel", needs: []string{"stunnel4", "curl", "openssl"}, port: 8444, begin: beginStunnel, uses: []use{
		{6, []string{"curl", "-sSk", "-o", "/dev/null", "https://{url}:8444/"}},
	}},
	{name: "Squid", needs: []string{"squid", "curl"}, port: 3128, begin: beginSquid, uses: []use{
		{4, []string{"curl", "-sS", "-o", "/dev/null", "-x", "http://{url}:3128", "http://{url}:3128/squid-internal-static/icons/SN.png"}},
		{4, []string{"curl", "-sS", "-o", "/dev/null", "-x", "http://{url}:3128", "http://127.0.0.1:9/"}},
	}},
	{name: "Samba", needs: []string{"smbd", "smbclient"}, port: 4450, begin: beginSamba, uses: []use{
		{3, []string{"smbclient", "-N", "-p", "4450", "-s", "{dir}/smb.conf", "//{host}/pages", "-c", "ls; get medium /dev/null"}},
		{2, []string{"smbclient", "-N", "-p", "4450", "-s", "{dir}/smb.conf", "//{host}/pages", "-c", "get large /dev/null"}},
	}},
	{name: "slapd", needs: []string{"slapd", "ldapsearch"}, port: 3890, begin: beginLDAP, uses: []use{
		{6, []string{"ldapsearch", "-x", "-H", "ldap://{url}:3890", "-b", "", "-s", "base", "+"}},
	}},
	{name: "etcd", needs: []string{"etcd", "etcdctl"}, port: 2379, begin: beginEtcd, uses: []use{
		{4, []string{"env", "ETCDCTL_API=3", "etcdctl", "--endpoints=http://{url}:2379", "put", "key", "value"}},
		{4, []string{"env", "ETCDCTL_API=3", "etcdctl", "--endpoints=http://{url}:2379", "get", "key"}},
	}},
	{name: "Dovecot", needs: []string{"dovecot", "curl"}, port: 1430, begin: beginDovecot, uses: []use{
		{4, []string{"curl", "-sS", "-o", "/dev/null", "-u", "root:secret", "imap://{url}:1430/"}},
	}},
	{name: "nghttpd", needs: []string{"nghttpd", "h2load", "nghttp", "openssl"}, port: 8445, begin: beginHTTP2, uses: []use{
		{2, []string{"nghttp", "-ny", "https://{url}:8445/medium"}},
		{1, []string{"h2load", "-n", "40", "-c", "4", "-m", "5", "https://{url}:8445/small"}},
	}},
	{name: "git", needs: []string{"git"}, port: 9418, begin: beginGit, uses: []use{
		{4, []string{"git", "-c", "protocol.version=2", "ls-remote", "git://{url}/repository"}},
		{2, []string{"sh", "-c", "rm -rf {dir}/clone; git clone -q git://{url}/repository {dir}/clone"}},
	}},
	{name: "lighttpd", needs: []string{"lighttpd", "curl", "ab"}, port: 8091, begin: beginLighttpd, uses: []use{
		{6, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8091/medium"}},
		{1, []string{"ab", "-q", "-k", "-n", "40", "-c", "4", "http://{url}:8091/small"}},
	}},
	{name: "Apache", needs: []string{"apache2", "curl", "ab"}, port: 8092, begin: beginApache, uses: []use{
		{6, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8092/medium"}},
		{2, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8092/large"}},
		{1, []string{"ab", "-q", "-n", "40", "-c", "4", "http://{url}:8092/small"}},
	}},
	{name: "Varnish", needs: []string{"varnishd", "curl"}, port: 8093, begin: beginVarnish, uses: []use{
		{6, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8093/"}},
	}},
	{name: "iperf", needs: []string{"iperf"}, port: 5001, begin: beginIperf2, uses: []use{
		{2, []string{"iperf", "-c", "{host}", "-n", "1M"}},
	}},
	{name: "socat", needs: []string{"socat", "nc", "ncat"}, port: 7007, begin: beginSocat, uses: []use{
		{3, []string{"sh", "-c", "nc -N {host} 7007 < {dir}/medium > /dev/null"}},
		{3, []string{"sh", "-c", "ncat {host} 7007 < {dir}/small > /dev/null"}},
		{2, []string{"sh", "-c", "socat -u OPEN:{dir}/large TCP:{url}:7007"}},
	}},
	{name: "java", needs: []string{"java", "curl"}, port: 8094, begin: beginJava, uses: []use{
		{6, []string{"curl", "-sS", "-o", "/dev/null", "http://{url}:8094/", "http://{url}:8094/"}},
		{2, []string{"java", "{dir}/Get.java", "http://{url}:8094/"}},
	}},
	{name: "Chromium", needs: []string{"nginx", "chromium"}, port: 8080, begin: beginBrowser, uses: []use{
		{2, []string{"timeout", "20", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir={dir}/profile", "--virtual-time-budget=3000", "--dump-dom", "http://{url}:8080/page.html"}},
	}},
}

func (t *troupe) in(name string) string { return filepath.Join(t.dir, name) }

// certificate makes key.pem and cert.pem.
func (t *troupe) certificate() error {
	return command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", t.in("key.pem"), "-out", t.in("cert.pem"), "-days", "2", "-subj", "/CN=healthy")
}

func beginMemcached(t *troupe) ([]string, error) {
	return []string{"memcached", "-u", "nobody", "-l", t.server.String(), "-p", "11211"}, t.pages()
}

func beginHAProxy(t *troupe) ([]string, error) {
	return []string{"haproxy", "-f", t.in("haproxy.cfg")}, t.file("haproxy.cfg", `defaults
	mode http
	timeout client 5s
	timeout connect 5s
	timeout server 5s
frontend f
	bind :::8090 v4v6
	http-request return status 200 content-type text/plain string "some words"
`)
}

func beginMosquitto(t *troupe) ([]string, error) {
	return []string{"mosquitto", "-c", t.in("mosquitto.conf")}, t.file("mosquitto.conf", "listener 1883\nallow_anonymous true\n")
}

func beginMariaDB(t *troupe) ([]string, error) {
	data := t.in("mariadb")
	if err := command("mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--user=root", "--datadir="+data); err != nil {
		return nil, err
	}
	return []string{"mariadbd", "--no-defaults", "--user=root", "--datadir=" + data, "--skip-grant-tables", "--skip-name-resolve",
		"--bind-address=" + t.server.String(), "--skip-networking=0", "--port=3306", "--socket=" + data + "/socket", "--pid-file=" + data + "/pid"}, nil
}

func beginFTP(t *troupe) ([]string, error) {
	served := t.in("ftp")
	if err := errors.Join(os.MkdirAll(served, 0o755), os.WriteFile(filepath.Join(served, "medium"), []byte(strings.Repeat("m", 60_000)), 0o644), os.MkdirAll("/var/run/vsftpd/empty", 0o755)); err != nil {
		return nil, err
	}
	return []string{"vsftpd", t.in("vsftpd.conf")}, t.file("vsftpd.conf", fmt.Sprintf(`listen=%s
listen_ipv6=%s
listen_port=2121
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=%s
connect_from_port_20=NO
seccomp_sandbox=NO
ftp_username=daemon
`, yes(t.server.Is4()), yes(t.server.Is6()), served))
}

func yes(is bool) string {
	if is {
		return "YES"
	}
	return "NO"
}

func beginRsync(t *troupe) ([]string, error) {
	return []string{"rsync", "--daemon", "--no-detach", "--config=" + t.in("rsyncd.conf"), "--address=" + t.server.String(), "--port=8730"},
		errors.Join(t.pages(), t.file("rsyncd.conf", fmt.Sprintf("use chroot = no\nreverse lookup = no\nuid = root\ngid = root\n[pages]\n\tpath = %s\n\texclude = mariadb pg\n", t.dir)))
}

func beginDNS(t *troupe) ([]string, error) {
	return []string{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--port=5300", "--listen-address=" + t.server.String(), "--bind-interfaces",
		"--user=root", "--pid-file=" + t.in("dnsmasq.pid"), "--address=/example/10.9.9.9"}, nil
}

func beginExim(t *troupe) ([]string, error) {
	return []string{"exim4", "-bd", "-bdf", "-C", t.in("exim.conf"), "-oX", "2525"}, t.file("exim.conf", fmt.Sprintf(`primary_hostname = mail.example.org
spool_directory = %[1]s/spool
log_file_path = %[1]s/exim-%%slog
exim_user = root
exim_group = root
never_users =
acl_smtp_rcpt = accept
acl_smtp_data = discard
rfc1413_query_timeout = 0s
host_lookup =
begin acl
accept:
	accept
discard:
	discard
`, t.dir))
}

func beginStunnel(t *troupe) ([]string, error) {
	answer := "#!/bin/sh\nread request\nprintf 'HTTP/1.0 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nwords'\n"
	return []string{"stunnel4", t.in("stunnel.conf")}, errors.Join(t.certificate(), os.WriteFile(t.in("answer"), []byte(answer), 0o755), t.file("stunnel.conf", fmt.Sprintf(`foreground = yes
pid =
[web]
accept = :::8444
exec = %[1]s/answer
execArgs = answer
cert = %[1]s/cert.pem
key = %[1]s/key.pem
`, t.dir)))
}

func beginSquid(t *troupe) ([]string, error) {
	own := t.in("squid")
	return []string{"squid", "-N", "-f", t.in("squid.conf")},
		errors.Join(os.MkdirAll(own, 0o755), command("chown", "proxy", own), t.file("squid.conf", fmt.Sprintf(`http_port 3128
http_access allow all
access_log none
cache_log %[1]s/squid.log
cache_store_log none
pid_filename %[1]s/squid.pid
coredump_dir %[1]s
shutdown_lifetime 0 seconds
pinger_enable off
cache_effective_user proxy
`, own)))
}

func beginSamba(t *troupe) ([]string, error) {
	for _, d := range []string{"lock", "private", "state", "cache", "run", "ncalrpc"} {
		if err := os.MkdirAll(t.in("samba-"+d), 0o755); err != nil {
			return nil, err
		}
	}
	return []string{"smbd", "--foreground", "--no-process-group", "--debug-stdout", "--configfile=" + t.in("smb.conf")}, errors.Join(t.pages(), t.file("smb.conf", fmt.Sprintf(`[global]
	smb ports = 4450
	map to guest = Bad User
	guest account = nobody
	server role = standalone server
	disable netbios = yes
	load printers = no
	lock directory = %[1]s/samba-lock
	private dir = %[1]s/samba-private
	state directory = %[1]s/samba-state
	cache directory = %[1]s/samba-cache
	pid directory = %[1]s/samba-run
	ncalrpc dir = %[1]s/samba-ncalrpc
[pages]
	path = %[1]s
	guest ok = yes
	read only = yes
`, t.dir)))
}

func beginLDAP(t *troupe) ([]string, error) {
	return []string{"slapd", "-d", "0", "-f", t.in("slapd.conf"), "-h", "ldap://" + t.inURL() + ":3890"},
		t.file("slapd.conf", fmt.Sprintf("include /etc/ldap/schema/core.schema\npidfile %s/slapd.pid\nmodulepath /usr/lib/ldap\nmoduleload back_ldif\ndatabase monitor\n", t.dir))
}

func beginEtcd(t *troupe) ([]string, error) {
	url := "http://" + t.inURL() + ":2379"
	return []string{"etcd", "--data-dir", t.in("etcd"), "--listen-client-urls", url, "--advertise-client-urls", url, "--listen-peer-urls", "http://127.0.0.1:2380", "--log-level", "error"}, nil
}

func beginDovecot(t *troupe) ([]string, error) {
	return []string{"dovecot", "-F", "-c", t.in("dovecot.conf")}, t.file("dovecot.conf", fmt.Sprintf(`base_dir = %[1]s/dovecot
state_dir = %[1]s/dovecot
log_path = %[1]s/dovecot.log
protocols = imap
ssl = no
disable_plaintext_auth = no
listen = *, ::
mail_location = mbox:%[1]s/mail
first_valid_uid = 0
default_internal_user = root
default_login_user = nobody
default_internal_group = root
passdb {
	driver = static
	args = password=secret
}
userdb {
	driver = static
	args = uid=65534 gid=65534 home=/tmp
}
service imap-login {
	chroot =
	inet_listener imap {
		port = 1430
	}
}
service anvil {
	chroot =
}
`, t.dir))
}

func beginHTTP2(t *troupe) ([]string, error) {
	return []string{"nghttpd", "-d", t.dir, "8445", t.in("key.pem"), t.in("cert.pem")}, errors.Join(t.pages(), t.certificate())
}

func beginGit(t *troupe) ([]string, error) {
	repository := t.in("repository")
	git := func(args ...string) error {
		return command("git", append([]string{"-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
	}
	return []string{"git", "daemon", "--reuseaddr", "--export-all", "--base-path=" + t.dir, t.dir},
		errors.Join(t.pages(), command("git", "init", "-q", repository), command("cp", t.in("medium"), repository), git("add", "medium"), git("commit", "-q", "-m", "one"))
}

func beginLighttpd(t *troupe) ([]string, error) {
	return []string{"lighttpd", "-D", "-f", t.in("lighttpd.conf")},
		errors.Join(t.pages(), t.file("lighttpd.conf", fmt.Sprintf("server.document-root = %q\nserver.port = 8091\nserver.use-ipv6 = \"enable\"\nserver.bind = \"[::]\"\nserver.set-v6only = \"disable\"\n", t.dir)))
}

func beginApache(t *troupe) ([]string, error) {
	return []string{"apache2", "-X", "-f", t.in("apache.conf")}, errors.Join(t.pages(), t.file("apache.conf", fmt.Sprintf(`ServerName healthy
ServerRoot %[1]s
PidFile %[1]s/apache.pid
DefaultRuntimeDir %[1]s
ErrorLog %[1]s/apache.log
Listen 8092
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
DocumentRoot %[1]s
`, t.dir)))
}

func beginVarnish(t *troupe) ([]string, error) {
	return []string{"varnishd", "-F", "-a", ":8093", "-f", t.in("page.vcl"), "-n", t.in("varnish"), "-s", "malloc,10m", "-j", "none"},
		t.file("page.vcl", "vcl 4.1;\nbackend none none;\nsub vcl_recv { return (synth(200, \"OK\")); }\n")
}

func beginIperf2(t *troupe) ([]string, error) {
	if t.server.Is6() {
		return []string{"iperf", "-s", "-V"}, nil
	}
	return []string{"iperf", "-s"}, nil
}

func beginSocat(t *troupe) ([]string, error) {
	return []string{"socat", "TCP6-LISTEN:7007,ipv6only=0,fork,reuseaddr", "EXEC:wc"}, t.pages()
}

func beginJava(t *troupe) ([]string, error) {
	return []string{"java", t.in("Serve.java")}, errors.Join(t.file("Serve.java", `import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
public class Serve {
	public static void main(String[] args) throws Exception {
		var s = HttpServer.create(new InetSocketAddress(8094), 0);
		s.createContext("/", x -> { var b = new byte[30000]; x.sendResponseHeaders(200, b.length); x.getResponseBody().write(b); x.close(); });
		s.start();
	}
}
`), t.file("Get.java", `import java.net.URI;
import java.net.http.*;
public class Get {
	public static void main(String[] args) throws Exception {
		var c = HttpClient.newHttpClient();
		for (int i = 0; i < 3; i++) c.send(HttpRequest.newBuilder(URI.create(args[0])).build(), HttpResponse.BodyHandlers.ofByteArray());
	}
}
`))
}

// beginBrowser serves a page with twenty pictures.
func beginBrowser(t *troupe) ([]string, error) {
	var page strings.Builder
	for i := range 20 {
		fmt.Fprintf(&page, "<img src=\"medium?%d\">\n", i)
	}
	argv, err := beginNginx(t)
	return argv, errors.Join(err, t.file("page.html", "<!doctype html><title>t</title>"+page.String()))
}
