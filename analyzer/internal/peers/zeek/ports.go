package zeek

// likelyServer reports whether the port is one on which Zeek expects servers:
// those that its protocol scripts register, all of them loaded.
func likelyServer(port uint16) bool {
	switch port {
	case 21, 2811, // FTP
		22,      // SSH
		25, 587, // SMTP
		53,                                        // DNS
		79,                                        // Finger
		80, 81, 631, 1080, 3128, 8000, 8080, 8888, // HTTP, SOCKS
		88,       // Kerberos
		110, 995, // POP3
		111,      // portmapper
		113,      // Ident
		135,      // DCE/RPC
		139, 445, // SMB
		143, 993, // IMAP
		389, 3268, // LDAP
		443, 563, 585, 614, 636, 989, 990, 992, 5223, // TLS
		502,        // Modbus
		1434, 3306, // MySQL
		1883,       // MQTT
		3389,       // RDP
		5060,       // SIP
		5222, 5269, // XMPP
		5432,                   // PostgreSQL
		6379,                   // Redis
		6666, 6667, 6668, 6669, // IRC
		20000: // DNP3
		return true
	}
	return false
}
