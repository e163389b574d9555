package appdata

// AlertSize is how many octets a segment has whose data are one alert of TLS in clear.
const AlertSize = 7

// FatalAlert returns the name and the number of the fatal alert of TLS that the data are, in clear
// and nothing else (RFC 8446 §6, RFC 5246 §7.2), or "". Behind the handshake no alert is in clear.
func FatalAlert(data []byte, length uint32) (name string, number uint8) {
	if length != AlertSize || len(data) < AlertSize || data[0] != 21 || data[1] != 3 || data[2] > 4 || data[3] != 0 || data[4] != 2 || data[5] != 2 {
		return "", 0
	}
	return alerts[data[6]], data[6]
}

var alerts = map[uint8]string{
	10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow", 30: "decompression_failure",
	40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked",
	45: "certificate_expired", 46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
	50: "decode_error", 51: "decrypt_error", 60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name", 113: "bad_certificate_status_response",
	114: "bad_certificate_hash_value", 115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}
