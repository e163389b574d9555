package flow

// services names the ports that people recognize. It is a reading aid and a hint
// for orientation, never proof of what runs there.
var services = map[uint16]string{
	7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet",
	25: "smtp", 37: "time", 43: "whois", 49: "tacacs", 53: "domain", 70: "gopher", 79: "finger", 80: "http",
	88: "kerberos", 102: "iso-tsap", 110: "pop3", 111: "sunrpc", 113: "ident", 119: "nntp", 135: "msrpc",
	139: "netbios-ssn", 143: "imap", 179: "bgp", 194: "irc", 389: "ldap", 443: "https", 445: "microsoft-ds",
	464: "kpasswd", 465: "submissions", 502: "modbus", 512: "exec", 513: "login", 514: "shell", 515: "printer",
	543: "klogin", 544: "kshell", 548: "afp", 554: "rtsp", 563: "nntps", 587: "submission", 631: "ipp",
	636: "ldaps", 639: "msdp", 646: "ldp", 853: "domain-s", 860: "iscsi", 873: "rsync", 989: "ftps-data",
	990: "ftps", 992: "telnets", 993: "imaps", 995: "pop3s", 1080: "socks", 1194: "openvpn", 1433: "ms-sql-s",
	1521: "oracle", 1720: "h323", 1723: "pptp", 1883: "mqtt", 1935: "rtmp", 2049: "nfs", 2181: "zookeeper",
	2375: "docker", 2376: "docker-s", 2379: "etcd-client", 2380: "etcd-server", 2404: "iec-104", 3128: "squid",
	3260: "iscsi-target", 3268: "msft-gc", 3306: "mysql", 3389: "rdp", 3690: "svn", 4222: "nats", 4369: "epmd",
	5044: "beats", 5060: "sip", 5061: "sips", 5222: "xmpp-client", 5269: "xmpp-server", 5432: "postgresql",
	5601: "kibana", 5671: "amqps", 5672: "amqp", 5900: "vnc", 5984: "couchdb", 5985: "winrm", 5986: "winrm-s",
	6379: "redis", 6443: "kube-api", 6653: "openflow", 6667: "ircd", 7000: "cassandra", 8000: "http-alt",
	8080: "http-alt", 8081: "http-alt", 8086: "influxdb", 8443: "https-alt", 8883: "mqtts", 8888: "http-alt",
	9000: "http-alt", 9042: "cql", 9090: "prometheus", 9092: "kafka", 9100: "jetdirect", 9200: "elasticsearch",
	9418: "git", 10250: "kubelet", 11211: "memcached", 15672: "rabbitmq", 20000: "dnp3", 27017: "mongodb",
}

// ServiceName returns the name of a well-known port, or "".
func ServiceName(port uint16) string { return services[port] }
