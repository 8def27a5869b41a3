/* rrtype.c - mnemonics of types and rcodes (IANA "DNS Parameters").
 * Runs in: every role. Pure: no I/O, no allocation. */
#include "dns/rrtype.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TYPE_LOW_MAX 262	/* the highest of the dense range */

static const char *const low_types[TYPE_LOW_MAX + 1] = {
	[1] = "A", [2] = "NS", [3] = "MD", [4] = "MF", [5] = "CNAME",
	[6] = "SOA", [7] = "MB", [8] = "MG", [9] = "MR", [10] = "NULL",
	[11] = "WKS", [12] = "PTR", [13] = "HINFO", [14] = "MINFO",
	[15] = "MX", [16] = "TXT", [17] = "RP", [18] = "AFSDB", [19] = "X25",
	[20] = "ISDN", [21] = "RT", [22] = "NSAP", [23] = "NSAP-PTR",
	[24] = "SIG", [25] = "KEY", [26] = "PX", [27] = "GPOS", [28] = "AAAA",
	[29] = "LOC", [30] = "NXT", [31] = "EID", [32] = "NIMLOC",
	[33] = "SRV", [34] = "ATMA", [35] = "NAPTR", [36] = "KX",
	[37] = "CERT", [38] = "A6", [39] = "DNAME", [40] = "SINK",
	[41] = "OPT", [42] = "APL", [43] = "DS", [44] = "SSHFP",
	[45] = "IPSECKEY", [46] = "RRSIG", [47] = "NSEC", [48] = "DNSKEY",
	[49] = "DHCID", [50] = "NSEC3", [51] = "NSEC3PARAM", [52] = "TLSA",
	[53] = "SMIMEA", [55] = "HIP", [56] = "NINFO", [57] = "RKEY",
	[58] = "TALINK", [59] = "CDS", [60] = "CDNSKEY", [61] = "OPENPGPKEY",
	[62] = "CSYNC", [63] = "ZONEMD", [64] = "SVCB", [65] = "HTTPS",
	[99] = "SPF", [100] = "UINFO", [101] = "UID", [102] = "GID",
	[103] = "UNSPEC", [104] = "NID", [105] = "L32", [106] = "L64",
	[107] = "LP", [108] = "EUI48", [109] = "EUI64", [249] = "TKEY",
	[250] = "TSIG", [251] = "IXFR", [252] = "AXFR", [253] = "MAILB",
	[254] = "MAILA", [255] = "ANY", [256] = "URI", [257] = "CAA",
	[258] = "AVC", [259] = "DOA", [260] = "AMTRELAY", [261] = "RESINFO",
	[262] = "WALLET",
};

static const char *
mnemonic(uint16_t type)
{
	if (type <= TYPE_LOW_MAX)
		return low_types[type];
	if (type == 32768)
		return "TA";
	if (type == 32769)
		return "DLV";
	return NULL;
}

const char *
rrtype_text(uint16_t type, char text[16])
{
	const char *name = mnemonic(type);
	if (name != NULL)
		return name;
	snprintf(text, 16, "TYPE%u", type);
	return text;
}

/* At most 65535, digits only. */
static bool
number_from_text(const char *text, uint16_t *number)
{
	unsigned long n = 0;
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
		if (n > 65535)
			return false;
	}
	*number = (uint16_t)n;
	return true;
}

/* The types that fill zones, tried before the table is gone through. */
static const uint8_t frequent[] = { TYPE_RRSIG, TYPE_NS, TYPE_NSEC3, TYPE_DS,
	TYPE_NSEC, TYPE_A, TYPE_AAAA, TYPE_TXT, TYPE_MX, TYPE_CNAME };

bool
rrtype_from_text(const char *text, uint16_t *type)
{
	if (strncasecmp(text, "TYPE", 4) == 0)
		return number_from_text(text + 4, type);
	for (unsigned i = 0; i < sizeof frequent; i++)
		if (strcasecmp(text, low_types[frequent[i]]) == 0) {
			*type = frequent[i];
			return true;
		}
	for (unsigned i = 0; i <= TYPE_LOW_MAX; i++)
		if (low_types[i] != NULL &&
		    strcasecmp(text, low_types[i]) == 0) {
			*type = (uint16_t)i;
			return true;
		}
	if (strcasecmp(text, "TA") == 0)
		*type = 32768;
	else if (strcasecmp(text, "DLV") == 0)
		*type = 32769;
	else
		return false;
	return true;
}

static const char *const rcodes[] = {
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI",
	NULL, NULL, NULL, NULL, "BADVERS", "BADKEY", "BADTIME", "BADMODE",
	"BADNAME", "BADALG", "BADTRUNC", "BADCOOKIE"
};

const char *
rcode_text(unsigned rcode, char text[16])
{
	if (rcode < sizeof rcodes / sizeof *rcodes && rcodes[rcode] != NULL)
		return rcodes[rcode];
	snprintf(text, 16, "RCODE%u", rcode & 0xffff);
	return text;
}

bool
rrtype_is_meta(uint16_t type)
{
	/* RFC 6895 section 3.1; type 0 is reserved. */
	return type == 0 || type == TYPE_OPT || (type >= 128 && type <= 255);
}
