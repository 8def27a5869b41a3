/* rrtype.h - numbers of the registries: types, classes, rcodes, opcodes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum rrtype {
	TYPE_A = 1, TYPE_NS = 2, TYPE_MD = 3, TYPE_MF = 4, TYPE_CNAME = 5,
	TYPE_SOA = 6, TYPE_MB = 7, TYPE_MG = 8, TYPE_MR = 9, TYPE_NULL = 10,
	TYPE_WKS = 11, TYPE_PTR = 12, TYPE_HINFO = 13, TYPE_MINFO = 14,
	TYPE_MX = 15, TYPE_TXT = 16, TYPE_RP = 17, TYPE_AFSDB = 18,
	TYPE_RT = 21, TYPE_SIG = 24, TYPE_KEY = 25, TYPE_PX = 26,
	TYPE_AAAA = 28, TYPE_LOC = 29, TYPE_NXT = 30, TYPE_SRV = 33,
	TYPE_NAPTR = 35, TYPE_KX = 36, TYPE_CERT = 37, TYPE_DNAME = 39,
	TYPE_OPT = 41, TYPE_APL = 42, TYPE_DS = 43, TYPE_SSHFP = 44,
	TYPE_IPSECKEY = 45, TYPE_RRSIG = 46, TYPE_NSEC = 47,
	TYPE_DNSKEY = 48, TYPE_DHCID = 49, TYPE_NSEC3 = 50,
	TYPE_NSEC3PARAM = 51, TYPE_TLSA = 52, TYPE_SMIMEA = 53,
	TYPE_HIP = 55, TYPE_CDS = 59, TYPE_CDNSKEY = 60,
	TYPE_OPENPGPKEY = 61, TYPE_CSYNC = 62, TYPE_ZONEMD = 63,
	TYPE_SVCB = 64, TYPE_HTTPS = 65, TYPE_SPF = 99, TYPE_EUI48 = 108,
	TYPE_EUI64 = 109, TYPE_TKEY = 249, TYPE_TSIG = 250, TYPE_IXFR = 251,
	TYPE_AXFR = 252, TYPE_MAILB = 253, TYPE_MAILA = 254, TYPE_ANY = 255,
	TYPE_URI = 256, TYPE_CAA = 257
};

enum rrclass { CLASS_IN = 1, CLASS_CH = 3, CLASS_NONE = 254, CLASS_ANY = 255 };

enum opcode { OPCODE_QUERY = 0, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum rcode {
	RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3, RCODE_NOTIMP = 4, RCODE_REFUSED = 5,
	RCODE_YXDOMAIN = 6, RCODE_NOTAUTH = 9, RCODE_NOTZONE = 10,
	RCODE_BADVERS = 16,
	/* in TSIG's error field */
	RCODE_BADSIG = 16, RCODE_BADKEY = 17, RCODE_BADTIME = 18,
	RCODE_BADTRUNC = 22
};

/* "AAAA", or "TYPE65280" (RFC 3597 5); static or in text. */
const char *rrtype_text(uint16_t type, char text[16]);
/* Mnemonic or TYPEnnn, case-insensitive. */
bool rrtype_from_text(const char *text, uint16_t *type);
const char *rcode_text(unsigned rcode, char text[16]);
/* Types that stand in no zone: OPT, TSIG, TKEY and the query types 128-255
 * (RFC 6895 3.1). */
bool rrtype_is_meta(uint16_t type);
