/* text_rdata.c - rdata from the words of a master file, by the rows of
 * rdata_table.c.
 * Runs in: loader, tools. Pure but for the types that ldns reads. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/rdata_table.h"
#include "dns/rrtype.h"
#include "dns/text_code.h"
#include "dns/text_in.h"
#include "dns/text_ldns.h"

static bool
put_uint(struct buf *out, unsigned octets, uint32_t v)
{
	return octets == 1 ? buf_put_u8(out, (uint8_t)v) :
	    octets == 2 ? buf_put_u16(out, (uint16_t)v) : buf_put_u32(out, v);
}

static bool
read_number(struct words *w, const struct word *s, unsigned octets)
{
	uint32_t v, max = octets == 4 ? UINT32_MAX : (1u << 8 * octets) - 1;
	return text_read_u32(s->at, s->len, max, &v) &&
	    put_uint(w->out, octets, v);
}

struct mnemonic {
	const char *text;
	uint16_t number;
};

static const struct mnemonic algorithms[] = {
	{ "RSAMD5", 1 }, { "DH", 2 }, { "DSA", 3 }, { "ECC", 4 },
	{ "RSASHA1", 5 }, { "DSA-NSEC3-SHA1", 6 }, { "NSEC3DSA", 6 },
	{ "RSASHA1-NSEC3-SHA1", 7 }, { "NSEC3RSASHA1", 7 },
	{ "RSASHA256", 8 }, { "RSASHA512", 10 }, { "ECC-GOST", 12 },
	{ "ECCGOST", 12 }, { "ECDSAP256SHA256", 13 },
	{ "ECDSAP384SHA384", 14 }, { "ED25519", 15 }, { "ED448", 16 },
	{ "INDIRECT", 252 }, { "PRIVATEDNS", 253 }, { "PRIVATEOID", 254 },
	{ NULL, 0 }
};

static const struct mnemonic cert_types[] = {
	{ "PKIX", 1 }, { "SPKI", 2 }, { "PGP", 3 }, { "IPKIX", 4 },
	{ "ISPKI", 5 }, { "IPGP", 6 }, { "ACPKIX", 7 }, { "IACPKIX", 8 },
	{ "URI", 253 }, { "OID", 254 }, { NULL, 0 }
};

static bool
read_mnemonic(struct words *w, const struct word *s, unsigned octets,
    const struct mnemonic *m)
{
	for (; m->text != NULL; m++)
		if (strcasecmp(s->at, m->text) == 0)
			return put_uint(w->out, octets, m->number);
	return read_number(w, s, octets);
}

bool
words_read_name(struct words *w, const struct word *s)
{
	struct name name;
	if (s->len == 1 && *s->at == '@') {
		static const uint8_t root[1] = { 0 };
		const uint8_t *o = w->origin == NULL ? root : w->origin;
		return buf_put(w->out, o, name_len(o));
	}
	return name_from_text_n(s->at, s->len, w->origin, &name) &&
	    buf_put(w->out, name.octets, name_len(name.octets));
}

static bool
read_escaped(struct words *w, const struct word *s)
{
	const char *p = s->at, *end = p + s->len;
	uint8_t c;
	while (p < end)
		if (!name_text_octet(&p, end, &c) || !buf_put_u8(w->out, c))
			return false;
	return true;
}

/* <character-string>, at most 255 octets. */
static bool
read_string(struct words *w, const struct word *s)
{
	size_t start = w->out->at;
	if (!buf_put_u8(w->out, 0) || !read_escaped(w, s))
		return false;
	size_t n = w->out->at - start - 1;
	if (n > 255)
		return false;
	w->out->octets[start] = (uint8_t)n;
	return true;
}

static bool
read_strings(struct words *w)
{
	const struct word *s = words_next(w);
	for (; s != NULL; s = words_next(w))
		if (!read_string(w, s))
			return false;
	return true;
}

/* All words that are left as one; the caller frees it. */
static char *
join_words(struct words *w, size_t *len)
{
	size_t n = 0;
	for (size_t i = 0; i < w->left; i++)
		n += w->at[i].len;
	char *joined = malloc(n + 1), *to = joined;
	if (joined == NULL)
		return NULL;
	for (const struct word *s; (s = words_next(w)) != NULL; to += s->len)
		memcpy(to, s->at, s->len);
	*len = n;
	return joined;
}

typedef bool code_reader(const char *s, size_t n, uint8_t *out, size_t room,
    size_t *len);

/* Base64 or hex to the end, which may be cut by blanks anywhere. */
static bool
read_rest(struct words *w, code_reader *read)
{
	size_t put, n;
	bool good;
	if (w->left == 1) {
		const struct word *s = words_next(w);
		good = read(s->at, s->len, buf_here(w->out), buf_left(w->out),
		    &put);
	} else {
		char *joined = join_words(w, &n);
		good = joined != NULL && read(joined, n, buf_here(w->out),
		    buf_left(w->out), &put);
		free(joined);
	}
	return good && buf_skip(w->out, put);
}

/* One word behind a length octet. */
static bool
read_counted(struct words *w, const struct word *s, code_reader *read)
{
	uint8_t octets[255];
	size_t n = 0;
	if (!(s->len == 1 && *s->at == '-' && read == text_read_hex) &&
	    !read(s->at, s->len, octets, sizeof octets, &n))
		return false;
	return buf_put_u8(w->out, (uint8_t)n) && buf_put(w->out, octets, n);
}

/* "aa-bb-cc", "0014:4fff:...": n groups of so many octets; a leading zero of
 * a group may be missing where it has two octets. */
static bool
read_groups(struct words *w, const struct word *s, unsigned groups,
    unsigned octets, char between)
{
	const char *p = s->at;
	for (unsigned i = 0; i < groups; i++) {
		char *end;
		unsigned long v = strtoul(p, &end, 16);
		if (end == p || (size_t)(end - p) > 2 * octets ||
		    *p == '-' || *p == '+' || *p == ' ' || p[1] == 'x' ||
		    *end != (i + 1 < groups ? between : '\0') ||
		    (octets == 1 && end - p != 2) ||
		    !put_uint(w->out, octets, (uint32_t)v))
			return false;
		p = end + 1;
	}
	return true;
}

/* The bits of the words, window by window. */
static bool
put_windows(struct buf *out, const uint8_t *bits)
{
	for (unsigned window = 0; window < 256; window++) {
		const uint8_t *p = bits + 32 * window;
		unsigned n = 32;
		while (n > 0 && p[n - 1] == 0)
			n--;
		if (n > 0 && (!buf_put_u8(out, (uint8_t)window) ||
		    !buf_put_u8(out, (uint8_t)n) || !buf_put(out, p, n)))
			return false;
	}
	return true;
}

static bool
read_bitmap(struct words *w)
{
	uint8_t bits[8192];
	uint16_t type, highest = 0;
	size_t left = w->left;
	/* Most bitmaps have only the first window. */
	for (size_t i = 0; i < left; i++) {
		if (!rrtype_from_text(w->at[i].at, &type))
			return false;
		if (type > highest)
			highest = type;
	}
	memset(bits, 0, highest < 256 ? 32 : sizeof bits);
	for (const struct word *s; (s = words_next(w)) != NULL;)
		if (rrtype_from_text(s->at, &type))
			bits[type / 8] |= (uint8_t)(0x80u >> type % 8);
	if (highest >= 256)
		return put_windows(w->out, bits);
	unsigned n = left == 0 ? 0 : highest / 8u + 1u;
	return n == 0 || (buf_put_u8(w->out, 0) &&
	    buf_put_u8(w->out, (uint8_t)n) && buf_put(w->out, bits, n));
}

static bool
read_address(struct words *w, const struct word *s, int family, unsigned n)
{
	uint8_t octets[16];
	return inet_pton(family, s->at, octets) == 1 &&
	    buf_put(w->out, octets, n);
}

static bool
read_time(struct words *w, const struct word *s, bool is_ttl)
{
	uint32_t v;
	return (is_ttl ? text_read_ttl(s->at, s->len, &v) :
	    text_read_time(s->at, s->len, &v)) && buf_put_u32(w->out, v);
}

static bool
read_type(struct words *w, const struct word *s)
{
	uint16_t type;
	return rrtype_from_text(s->at, &type) && buf_put_u16(w->out, type);
}

/* What ldns is to read: the words again, with their quotes. */
static char *
rebuild(struct words *w)
{
	size_t room = 1;
	for (size_t i = 0; i < w->left; i++)
		room += w->at[i].len + 3;
	char *line = malloc(room), *to = line;
	if (line == NULL)
		return NULL;
	for (const struct word *s; (s = words_next(w)) != NULL;) {
		if (s->is_quoted)
			*to++ = '"';
		memcpy(to, s->at, s->len);
		to += s->len;
		if (s->is_quoted)
			*to++ = '"';
		*to++ = ' ';
	}
	*to = '\0';
	return line;
}

static bool
read_by_ldns(struct words *w, uint16_t type)
{
	char *line = rebuild(w);
	bool good = line != NULL &&
	    text_ldns_read(type, line, w->origin, w->out);
	free(line);
	return good;
}

/* A gateway or relay of that kind: none, A, AAAA, name. */
static bool
read_gateway(struct words *w, uint32_t kind)
{
	const struct word *s = words_next(w);
	if (s == NULL)
		return false;
	if (kind == 0)
		return strcmp(s->at, ".") == 0;
	return kind == 1 ? read_address(w, s, AF_INET, 4) :
	    kind == 2 ? read_address(w, s, AF_INET6, 16) :
	    words_read_name(w, s);
}

static bool
next_number(struct words *w, uint32_t max, uint32_t *v)
{
	const struct word *s = words_next(w);
	return s != NULL && text_read_u32(s->at, s->len, max, v);
}

/* Precedence, kind, algorithm, gateway, key (RFC 4025 3.1). */
static bool
read_ipseckey(struct words *w)
{
	uint32_t precedence, kind, alg;
	return next_number(w, 255, &precedence) && next_number(w, 3, &kind) &&
	    next_number(w, 255, &alg) && put_uint(w->out, 1, precedence) &&
	    put_uint(w->out, 1, kind) && put_uint(w->out, 1, alg) &&
	    read_gateway(w, kind) && read_rest(w, text_read_base64);
}

/* Precedence, D bit, kind, relay (RFC 8777 4.3). */
static bool
read_amtrelay(struct words *w)
{
	uint32_t precedence, d, kind;
	return next_number(w, 255, &precedence) && next_number(w, 1, &d) &&
	    next_number(w, 3, &kind) && put_uint(w->out, 1, precedence) &&
	    put_uint(w->out, 1, d << 7 | kind) && read_gateway(w, kind);
}

static bool
read_one(struct words *w, enum field f)
{
	const struct word *s = words_next(w);
	if (s == NULL)
		return f == F_STRING_OPT;
	switch ((unsigned)f) {
	case F_U8:
		return read_number(w, s, 1);
	case F_U16:
		return read_number(w, s, 2);
	case F_U32:
		return read_number(w, s, 4);
	case F_TTL:
		return read_time(w, s, true);
	case F_TIME:
		return read_time(w, s, false);
	case F_TYPE:
		return read_type(w, s);
	case F_ALG:
		return read_mnemonic(w, s, 1, algorithms);
	case F_CERT_TYPE:
		return read_mnemonic(w, s, 2, cert_types);
	case F_A:
		return read_address(w, s, AF_INET, 4);
	case F_AAAA:
		return read_address(w, s, AF_INET6, 16);
	case F_NAME:
		return words_read_name(w, s);
	case F_STRING: case F_STRING_OPT: case F_TAG:
		return read_string(w, s);
	case F_TEXT:
		return read_escaped(w, s);
	case F_SALT:
		return read_counted(w, s, text_read_hex);
	case F_HASH:
		return read_counted(w, s, text_read_base32hex);
	case F_EUI48:
		return read_groups(w, s, 6, 1, '-');
	case F_EUI64:
		return read_groups(w, s, 8, 1, '-');
	case F_ID64:
		return read_groups(w, s, 4, 2, ':');
	default:
		return false;
	}
}

static bool
read_field(struct words *w, enum field f)
{
	switch ((unsigned)f) {
	case F_STRINGS:
		return read_strings(w);
	case F_B64: case F_B64_OPT:
		return read_rest(w, text_read_base64);
	case F_HEX:
		return read_rest(w, text_read_hex);
	case F_BITMAP:
		return read_bitmap(w);
	case F_SVCPARAMS:
		return words_read_svcparams(w);
	case F_AMTRELAY:
		return read_amtrelay(w);
	case F_IPSECKEY:
		return read_ipseckey(w);
	default:
		return read_one(w, f);
	}
}

/* \# LENGTH HEX (RFC 3597 5). */
static bool
read_generic(struct words *w)
{
	uint32_t n;
	size_t start = w->out->at;
	words_next(w);
	const struct word *s = words_next(w);
	return s != NULL && text_read_u32(s->at, s->len, UINT16_MAX, &n) &&
	    (w->left == 0 || read_rest(w, text_read_hex)) &&
	    w->out->at - start == n;
}

static bool
read_fields(struct words *w, uint16_t type)
{
	const struct rdata_row *row = rdata_row(type);
	if (w->left > 0 && !w->at->is_quoted &&
	    strcmp(w->at->at, "\\#") == 0)
		return read_generic(w);
	if ((row->flags & RD_KNOWN) == 0) {
		w->what = "rdata of this type must be written as \\# LENGTH "
		    "HEX";
		return false;
	}
	if ((row->flags & RD_LDNS) && row->fields[0] != F_U16)
		return read_by_ldns(w, type);
	for (const uint8_t *f = row->fields; *f != F_END; f++)
		if (!read_field(w, *f))
			return false;
	return true;
}

bool
words_read_rdata(struct words *w, uint16_t type)
{
	size_t start = w->out->at;
	w->what = "malformed rdata";
	if (!read_fields(w, type))
		return false;
	w->what = "more words than the type has fields";
	if (w->left > 0)
		return false;
	w->what = "malformed rdata";
	return rdata_is_valid(type, w->out->octets + start,
	    (uint16_t)(w->out->at - start));
}
