/* rdata_table.c - the row of each type and the length of each field.
 * Runs in: every role. Pure: no I/O, no allocation. */
#include "dns/rdata_table.h"

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"

#define ROWS 263
/* RFC 1035 types: compressed both ways, compared without case. */
#define OLD (RD_KNOWN | RD_COMPRESS | RD_DECOMPRESS | RD_CASELESS)
/* RFC 3597 4: never written compressed, but read so. */
#define LENIENT (RD_KNOWN | RD_DECOMPRESS | RD_CASELESS)
#define CASELESS (RD_KNOWN | RD_CASELESS)
#define BY_LDNS (RD_KNOWN | RD_LDNS)

static const struct rdata_row unknown = { 0, { F_OPAQUE } };
static const struct rdata_row ds = { RD_KNOWN, { F_U16, F_ALG, F_U8, F_HEX } };

static const struct rdata_row rows[ROWS] = {
	[TYPE_A] = { RD_KNOWN, { F_A } },
	[TYPE_NS] = { OLD, { F_NAME } },
	[TYPE_MD] = { OLD, { F_NAME } },
	[TYPE_MF] = { OLD, { F_NAME } },
	[TYPE_CNAME] = { OLD, { F_NAME } },
	[TYPE_SOA] = { OLD, { F_NAME, F_NAME, F_U32, F_TTL, F_TTL, F_TTL,
		F_TTL } },
	[TYPE_MB] = { OLD, { F_NAME } },
	[TYPE_MG] = { OLD, { F_NAME } },
	[TYPE_MR] = { OLD, { F_NAME } },
	[TYPE_WKS] = { BY_LDNS, { F_WKS } },
	[TYPE_PTR] = { OLD, { F_NAME } },
	[TYPE_HINFO] = { RD_KNOWN, { F_STRING, F_STRING } },
	[TYPE_MINFO] = { OLD, { F_NAME, F_NAME } },
	[TYPE_MX] = { OLD, { F_U16, F_NAME } },
	[TYPE_TXT] = { RD_KNOWN, { F_STRINGS } },
	[TYPE_RP] = { LENIENT, { F_NAME, F_NAME } },
	[TYPE_AFSDB] = { LENIENT, { F_U16, F_NAME } },
	[19] = { RD_KNOWN, { F_STRING } },			/* X25 */
	[20] = { RD_KNOWN, { F_STRING, F_STRING_OPT } },	/* ISDN */
	[TYPE_RT] = { LENIENT, { F_U16, F_NAME } },
	[22] = { BY_LDNS, { F_NSAP } },
	[23] = { RD_KNOWN, { F_NAME } },			/* NSAP-PTR */
	[TYPE_SIG] = { LENIENT, { F_TYPE, F_ALG, F_U8, F_TTL, F_TIME, F_TIME,
		F_U16, F_NAME, F_B64 } },
	[TYPE_KEY] = { RD_KNOWN, { F_U16, F_U8, F_ALG, F_B64_OPT } },
	[TYPE_PX] = { LENIENT, { F_U16, F_NAME, F_NAME } },
	[27] = { RD_KNOWN, { F_STRING, F_STRING, F_STRING } },	/* GPOS */
	[TYPE_AAAA] = { RD_KNOWN, { F_AAAA } },
	[TYPE_LOC] = { BY_LDNS, { F_LOC } },
	[TYPE_NXT] = { LENIENT, { F_NAME, F_OPAQUE } },
	[TYPE_SRV] = { LENIENT, { F_U16, F_U16, F_U16, F_NAME } },
	[TYPE_NAPTR] = { LENIENT, { F_U16, F_U16, F_STRING, F_STRING,
		F_STRING, F_NAME } },
	[TYPE_KX] = { CASELESS, { F_U16, F_NAME } },
	[TYPE_CERT] = { RD_KNOWN, { F_CERT_TYPE, F_U16, F_ALG, F_B64_OPT } },
	[TYPE_DNAME] = { CASELESS, { F_NAME } },
	[TYPE_APL] = { BY_LDNS, { F_APL } },
	[TYPE_DS] = { RD_KNOWN, { F_U16, F_ALG, F_U8, F_HEX } },
	[TYPE_SSHFP] = { RD_KNOWN, { F_U8, F_U8, F_HEX } },
	[TYPE_IPSECKEY] = { RD_KNOWN, { F_IPSECKEY } },
	[TYPE_RRSIG] = { CASELESS, { F_TYPE, F_ALG, F_U8, F_TTL, F_TIME,
		F_TIME, F_U16, F_NAME, F_B64 } },
	[TYPE_NSEC] = { RD_KNOWN, { F_NAME, F_BITMAP } },
	[TYPE_DNSKEY] = { RD_KNOWN, { F_U16, F_U8, F_ALG, F_B64 } },
	[TYPE_DHCID] = { RD_KNOWN, { F_B64 } },
	[TYPE_NSEC3] = { RD_KNOWN, { F_U8, F_U8, F_U16, F_SALT, F_HASH,
		F_BITMAP } },
	[TYPE_NSEC3PARAM] = { RD_KNOWN, { F_U8, F_U8, F_U16, F_SALT } },
	[TYPE_TLSA] = { RD_KNOWN, { F_U8, F_U8, F_U8, F_HEX } },
	[TYPE_SMIMEA] = { RD_KNOWN, { F_U8, F_U8, F_U8, F_HEX } },
	[TYPE_HIP] = { BY_LDNS, { F_HIP } },
	[56] = { RD_KNOWN, { F_STRINGS } },			/* NINFO */
	[57] = { RD_KNOWN, { F_U16, F_U8, F_ALG, F_B64 } },	/* RKEY */
	[58] = { RD_KNOWN, { F_NAME, F_NAME } },		/* TALINK */
	[TYPE_CDS] = { RD_KNOWN, { F_U16, F_ALG, F_U8, F_HEX } },
	[TYPE_CDNSKEY] = { RD_KNOWN, { F_U16, F_U8, F_ALG, F_B64 } },
	[TYPE_OPENPGPKEY] = { RD_KNOWN, { F_B64 } },
	[TYPE_CSYNC] = { RD_KNOWN, { F_U32, F_U16, F_BITMAP } },
	[TYPE_ZONEMD] = { RD_KNOWN, { F_U32, F_U8, F_U8, F_HEX } },
	[TYPE_SVCB] = { BY_LDNS, { F_U16, F_NAME, F_SVCPARAMS } },
	[TYPE_HTTPS] = { BY_LDNS, { F_U16, F_NAME, F_SVCPARAMS } },
	[TYPE_SPF] = { RD_KNOWN, { F_STRINGS } },
	[104] = { RD_KNOWN, { F_U16, F_ID64 } },		/* NID */
	[105] = { RD_KNOWN, { F_U16, F_A } },			/* L32 */
	[106] = { RD_KNOWN, { F_U16, F_ID64 } },		/* L64 */
	[107] = { RD_KNOWN, { F_U16, F_NAME } },		/* LP */
	[TYPE_EUI48] = { RD_KNOWN, { F_EUI48 } },
	[TYPE_EUI64] = { RD_KNOWN, { F_EUI64 } },
	[TYPE_URI] = { RD_KNOWN, { F_U16, F_U16, F_TEXT } },
	[TYPE_CAA] = { RD_KNOWN, { F_U8, F_TAG, F_TEXT } },
	[258] = { RD_KNOWN, { F_STRINGS } },			/* AVC */
	[260] = { RD_KNOWN, { F_AMTRELAY } },
	[261] = { RD_KNOWN, { F_STRINGS } },			/* RESINFO */
	[262] = { RD_KNOWN, { F_STRINGS } },			/* WALLET */
};

const struct rdata_row *
rdata_row(uint16_t type)
{
	if (type < ROWS && rows[type].flags != 0)
		return &rows[type];
	if (type == 32768 || type == 32769)	/* TA, DLV */
		return &ds;
	return &unknown;
}

/* Windows in ascending order, 1 to 32 octets each, the last one not zero
 * (RFC 4034 4.1.2). */
static bool
bitmap_is_valid(const uint8_t *p, size_t left)
{
	int last = -1;
	while (left > 0) {
		if (left < 3 || p[0] <= last || p[1] == 0 || p[1] > 32 ||
		    left < 2u + p[1] || p[1u + p[1]] == 0)
			return false;
		last = p[0];
		left -= 2u + p[1];
		p += 2u + p[1];
	}
	return true;
}

static bool
strings_are_valid(const uint8_t *p, size_t left)
{
	if (left == 0)
		return false;
	while (left > 0) {
		if (left < 1u + p[0])
			return false;
		left -= 1u + p[0];
		p += 1u + p[0];
	}
	return true;
}

/* RFC 3123 4. */
static bool
apl_is_valid(const uint8_t *p, size_t left)
{
	while (left > 0) {
		if (left < 4)
			return false;
		unsigned family = octets_u16(p), prefix = p[2];
		unsigned n = p[3] & 0x7fu;
		if (left < 4 + n || (family == 1 && (n > 4 || prefix > 32)) ||
		    (family == 2 && (n > 16 || prefix > 128)))
			return false;
		left -= 4 + n;
		p += 4 + n;
	}
	return true;
}

/* alpn: a list of strings, none empty (RFC 9460 7.1.1). */
static bool
alpn_is_valid(const uint8_t *p, size_t n)
{
	if (!strings_are_valid(p, n))
		return false;
	for (size_t i = 0; i < n; i += 1u + p[i])
		if (p[i] == 0)
			return false;
	return true;
}

static bool
mandatory_is_valid(const uint8_t *p, size_t n)
{
	unsigned last = 0;	/* ascending, key 0 itself never (RFC 9460 8) */
	if (n == 0 || n % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		if (octets_u16(p + i) <= last)
			return false;
		last = octets_u16(p + i);
	}
	return true;
}

static bool
svcparam_is_valid(unsigned key, const uint8_t *p, size_t n)
{
	switch (key) {
	case 0:
		return mandatory_is_valid(p, n);
	case 1:
		return alpn_is_valid(p, n);
	case 2:				/* no-default-alpn */
		return n == 0;
	case 3:				/* port */
		return n == 2;
	case 4:				/* ipv4hint */
		return n > 0 && n % 4 == 0;
	case 6:				/* ipv6hint */
		return n > 0 && n % 16 == 0;
	case 65535:			/* reserved as invalid */
		return false;
	default:
		return true;
	}
}

/* RFC 9460 2.2: keys strictly ascending. */
static bool
svcparams_are_valid(const uint8_t *p, size_t left)
{
	int last = -1;
	while (left > 0) {
		if (left < 4)
			return false;
		int key = octets_u16(p);
		size_t n = octets_u16(p + 2);
		if (key <= last || left - 4 < n ||
		    !svcparam_is_valid((unsigned)key, p + 4, n))
			return false;
		last = key;
		left -= 4 + n;
		p += 4 + n;
	}
	return true;
}

/* Gateway or relay of that kind: none, A, AAAA, name. */
static bool
gateway_skip(struct buf *b, unsigned kind)
{
	const uint8_t *name;
	switch (kind) {
	case 0:
		return true;
	case 1:
		return buf_skip(b, 4);
	case 2:
		return buf_skip(b, 16);
	case 3:
		return name_take(b, &name);
	default:
		return false;
	}
}

/* Precedence, gateway kind, algorithm, gateway, key (RFC 4025 2.1). */
static bool
ipseckey_is_valid(const uint8_t *p, size_t left)
{
	struct buf b = buf_reading(p, left);
	return buf_skip(&b, 3) && gateway_skip(&b, p[1]);
}

/* RFC 8777 4: precedence, D bit and kind, relay, nothing more. */
static bool
amtrelay_is_valid(const uint8_t *p, size_t left)
{
	struct buf b = buf_reading(p, left);
	if (!buf_skip(&b, 2))
		return false;
	if ((p[1] & 0x7f) > 3)
		return true;	/* a kind not defined yet */
	return gateway_skip(&b, p[1] & 0x7f) && buf_left(&b) == 0;
}

/* RFC 8005 5: HIT length, algorithm, key length, HIT, key, servers. */
static bool
hip_is_valid(const uint8_t *p, size_t left)
{
	struct buf b = buf_reading(p, left);
	const uint8_t *name;
	if (left < 4 || p[0] == 0 || octets_u16(p + 2) == 0 ||
	    !buf_skip(&b, 4u + p[0] + octets_u16(p + 2)))
		return false;
	while (buf_left(&b) > 0)
		if (!name_take(&b, &name))
			return false;
	return true;
}

/* Those that go on to the end of the rdata. */
static bool
rest_is_valid(enum field f, const uint8_t *p, size_t left)
{
	switch ((unsigned)f) {
	case F_STRINGS:
		return strings_are_valid(p, left);
	case F_BITMAP:
		return bitmap_is_valid(p, left);
	case F_APL:
		return apl_is_valid(p, left);
	case F_SVCPARAMS:
		return svcparams_are_valid(p, left);
	case F_IPSECKEY:
		return ipseckey_is_valid(p, left);
	case F_HIP:
		return hip_is_valid(p, left);
	case F_AMTRELAY:
		return amtrelay_is_valid(p, left);
	case F_LOC:			/* RFC 1876 2: version 0 only known */
		return left == 16 || (left > 0 && p[0] != 0);
	case F_WKS:			/* address, protocol, bits */
		return left >= 5 && left <= 5 + 8192;
	case F_B64: case F_HEX: case F_NSAP:
		return left > 0;
	default:			/* F_B64_OPT, F_TEXT, F_OPAQUE */
		return true;
	}
}

static const uint8_t fixed_len[F_OPAQUE + 1] = {
	[F_U8] = 1, [F_ALG] = 1, [F_U16] = 2, [F_TYPE] = 2, [F_CERT_TYPE] = 2,
	[F_U32] = 4, [F_TTL] = 4, [F_TIME] = 4, [F_A] = 4, [F_AAAA] = 16,
	[F_EUI48] = 6, [F_EUI64] = 8, [F_ID64] = 8
};

bool
rdata_field_len(enum field f, const uint8_t *p, size_t left, size_t *len)
{
	size_t n = fixed_len[f];
	if (n == 0) {
		switch ((unsigned)f) {
		case F_STRING_OPT:
			if (left == 0)
				break;
			/* fallthrough */
		case F_STRING: case F_TAG: case F_SALT: case F_HASH:
			if (left == 0)
				return false;
			n = 1u + p[0];
			if (n == 1 && (f == F_TAG || f == F_HASH))
				return false;
			break;
		default:
			if (!rest_is_valid(f, p, left))
				return false;
			n = left;
		}
	}
	*len = n;
	return n <= left;
}
