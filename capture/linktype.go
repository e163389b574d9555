package capture

import "fmt"

// LinkTypeName returns a link type's name with its number, such as
// "EN10MB (1)" or "LINUX_SLL2 (276)", or "link type 999" for one without.
func LinkTypeName(linkType int) string {
	if name, ok := linkTypeNames[linkType]; ok {
		return fmt.Sprintf("%s (%d)", name, linkType)
	}
	return fmt.Sprintf("link type %d", linkType)
}

// The LINKTYPE_ values that this package itself has to tell apart.
const (
	linkTypeEthernet = 1
	linkTypeRaw      = 101
	linkTypeSLL      = 113
	linkTypeSLL2     = 276
)

// canonicalLinkType maps the numbers that some systems use, in memory and in
// files of their own, to the registry's. Raw IP is 12 on most systems and 14 on
// OpenBSD, 101 in the registry.
func canonicalLinkType(t int) int {
	switch t {
	case 12, 14:
		return linkTypeRaw
	}
	return t
}

// linkTypeNames holds the names libpcap uses, for the link types that are met
// in practice.
var linkTypeNames = map[int]string{
	0:   "NULL",
	1:   "EN10MB",
	3:   "AX25",
	6:   "IEEE802",
	7:   "ARCNET",
	8:   "SLIP",
	9:   "PPP",
	10:  "FDDI",
	50:  "PPP_SERIAL",
	51:  "PPP_ETHER",
	99:  "SYMANTEC_FIREWALL",
	100: "ATM_RFC1483",
	101: "RAW",
	104: "C_HDLC",
	105: "IEEE802_11",
	107: "FRELAY",
	108: "LOOP",
	109: "ENC",
	113: "LINUX_SLL",
	114: "LTALK",
	117: "PFLOG",
	119: "PRISM_HEADER",
	122: "IP_OVER_FC",
	123: "SUNATM",
	127: "IEEE802_11_RADIO",
	129: "ARCNET_LINUX",
	138: "APPLE_IP_OVER_IEEE1394",
	139: "MTP2_WITH_PHDR",
	140: "MTP2",
	141: "MTP3",
	142: "SCCP",
	143: "DOCSIS",
	144: "LINUX_IRDA",
	147: "USER0",
	148: "USER1",
	149: "USER2",
	150: "USER3",
	151: "USER4",
	152: "USER5",
	153: "USER6",
	154: "USER7",
	155: "USER8",
	156: "USER9",
	157: "USER10",
	158: "USER11",
	159: "USER12",
	160: "USER13",
	161: "USER14",
	162: "USER15",
	163: "IEEE802_11_RADIO_AVS",
	166: "PPP_PPPD",
	169: "GPRS_LLC",
	177: "LINUX_LAPD",
	187: "BLUETOOTH_HCI_H4",
	189: "USB_LINUX",
	192: "PPI",
	195: "IEEE802_15_4_WITHFCS",
	197: "ERF",
	201: "BLUETOOTH_HCI_H4_WITH_PHDR",
	202: "AX25_KISS",
	203: "LAPD",
	204: "PPP_WITH_DIR",
	205: "C_HDLC_WITH_DIR",
	206: "FRELAY_WITH_DIR",
	209: "IPMB_LINUX",
	215: "IEEE802_15_4_NONASK_PHY",
	220: "USB_LINUX_MMAPPED",
	224: "FC_2",
	225: "FC_2_WITH_FRAME_DELIMS",
	226: "IPNET",
	227: "CAN_SOCKETCAN",
	228: "IPV4",
	229: "IPV6",
	230: "IEEE802_15_4_NOFCS",
	231: "DBUS",
	235: "DVB_CI",
	236: "MUX27010",
	237: "STANAG_5066_D_PDU",
	239: "NFLOG",
	240: "NETANALYZER",
	241: "NETANALYZER_TRANSPARENT",
	242: "IPOIB",
	243: "MPEG_2_TS",
	244: "NG40",
	245: "NFC_LLCP",
	247: "INFINIBAND",
	248: "SCTP",
	249: "USBPCAP",
	250: "RTAC_SERIAL",
	251: "BLUETOOTH_LE_LL",
	253: "NETLINK",
	254: "BLUETOOTH_LINUX_MONITOR",
	255: "BLUETOOTH_BREDR_BB",
	256: "BLUETOOTH_LE_LL_WITH_PHDR",
	257: "PROFIBUS_DL",
	258: "PKTAP",
	259: "EPON",
	260: "IPMI_HPM_2",
	261: "ZWAVE_R1_R2",
	262: "ZWAVE_R3",
	263: "WATTSTOPPER_DLM",
	264: "ISO_14443",
	265: "RDS",
	266: "USB_DARWIN",
	267: "OPENFLOW",
	268: "SDLC",
	270: "TI_LLN_SNIFFER",
	271: "VSOCK",
	272: "NORDIC_BLE",
	273: "DOCSIS31_XRA31",
	274: "ETHERNET_MPACKET",
	275: "DISPLAYPORT_AUX",
	276: "LINUX_SLL2",
	277: "SERCOS_MONITOR",
	278: "OPENVIZSLA",
	279: "EBHSCR",
	280: "VPP_DISPATCH",
	281: "DSA_TAG_BRCM",
	282: "DSA_TAG_BRCM_PREPEND",
	283: "IEEE802_15_4_TAP",
	284: "DSA_TAG_DSA",
	285: "DSA_TAG_EDSA",
	286: "ELEE",
	287: "Z_WAVE_SERIAL",
	288: "USB_2_0",
	289: "ATSC_ALP",
	290: "ETW",
	292: "ZBOSS_NCP",
}
