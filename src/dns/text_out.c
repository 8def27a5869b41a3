/* text_out.c - records as presentation format, by the rows of rdata_table.c.
 * Runs in: candidate and verifier feeds (millions of records), scribe, tools.
 * No I/O. Names keep their case; what comes out reads back as the same
 * octets. */
#include <arpa/inet.h>
#include <stdio.h>

#include "dns/rdata.h"
#include "dns/rdata_table.h"
#include "dns/rrtype.h"
#include "dns/text.h"
#include "dns/text_code.h"
#include "dns/text_ldns.h"

/* The head of a line at most: owner, TTL, class, type. */
#define HEAD_MAX (NAME_TEXT_MAX + 40)
/* An octet of rdata at most: \DDD in a string; a bit in a bitmap, eight to an
 * octet, is " TYPE65535". */
#define OCTET_MAX 5
#define BITMAP_OCTET_MAX 80
/* Numbers, times and quotes around them. */
#define SLACK (2 * NAME_TEXT_MAX)

static char *
put_text(char *to, const char *text)
{
	size_t n = strlen(text);
	memcpy(to, text, n);
	return to + n;
}

static char *
put_string(char *to, const uint8_t *p, size_t n)
{
	*to++ = '"';
	for (; n > 0; n--, p++) {
		if (*p < 0x20 || *p > 0x7e) {
			*to++ = '\\';
			*to++ = (char)('0' + *p / 100);
			*to++ = (char)('0' + *p / 10 % 10);
			*to++ = (char)('0' + *p % 10);
			continue;
		}
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		*to++ = (char)*p;
	}
	*to++ = '"';
	return to;
}

static char *
put_strings(char *to, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += 1u + p[i]) {
		if (i > 0)
			*to++ = ' ';
		to = put_string(to, p + i + 1, p[i]);
	}
	return to;
}

/* Mnemonics that ldns 1.8 and other readers in use do not know; TYPEnnn is
 * understood by all. */
static bool
is_novel(uint16_t type)
{
	return type == 56 || type == 57 || (type >= 100 && type <= 103) ||
	    (type >= 258 && type <= 262) || type == 32768;
}

static char *
put_type_number(char *to, uint16_t type)
{
	return text_put_u32(put_text(to, "TYPE"), type);
}

static char *
put_type(char *to, uint16_t type)
{
	char text[16];
	if (is_novel(type))
		return put_type_number(to, type);
	return put_text(to, rrtype_text(type, text));
}

static char *
put_bitmap(char *to, const uint8_t *p, size_t n)
{
	bool is_first = true;
	for (size_t i = 0; i + 2 <= n; i += 2u + p[i + 1])
		for (unsigned bit = 0; bit < 8u * p[i + 1]; bit++) {
			if (!(p[i + 2 + bit / 8] & (0x80u >> bit % 8)))
				continue;
			if (!is_first)
				*to++ = ' ';
			is_first = false;
			to = put_type(to, (uint16_t)(p[i] << 8 | bit));
		}
	return to;
}

static char *
put_groups(char *to, const uint8_t *p, size_t n, size_t group, char between)
{
	for (size_t i = 0; i < n; i += group) {
		if (i > 0)
			*to++ = between;
		to = text_put_hex(to, p + i, group);
	}
	return to;
}

static char *
put_a(char *to, const uint8_t *p)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*to++ = '.';
		to = text_put_u32(to, p[i]);
	}
	return to;
}

static char *
put_aaaa(char *to, const uint8_t *p)
{
	if (inet_ntop(AF_INET6, p, to, INET6_ADDRSTRLEN) == NULL)
		return to;
	return to + strlen(to);
}

/* Precedence, kind, algorithm, gateway, key (RFC 4025 3.1). */
static char *
put_ipseckey(char *to, const uint8_t *p, size_t n)
{
	size_t gateway = p[1] == 1 ? 4 : p[1] == 2 ? 16 :
	    p[1] == 3 ? name_len(p + 3) : 0;
	for (unsigned i = 0; i < 3; i++) {
		to = text_put_u32(to, p[i]);
		*to++ = ' ';
	}
	if (gateway == 0)
		*to++ = '.';
	else
		to = p[1] == 1 ? put_a(to, p + 3) :
		    p[1] == 2 ? put_aaaa(to, p + 3) :
		    to + name_text_put(p + 3, to);
	if (n > 3 + gateway)
		*to++ = ' ';
	return text_put_base64(to, p + 3 + gateway, n - 3 - gateway);
}

static char *
put_number(char *to, const uint8_t *p, size_t n)
{
	return text_put_u32(to, n == 1 ? *p : n == 2 ? octets_u16(p) :
	    octets_u32(p));
}

static char *
put_field(char *to, enum field f, const uint8_t *p, size_t n)
{
	switch (f) {
	case F_U8: case F_U16: case F_U32: case F_TTL: case F_ALG:
	case F_CERT_TYPE:
		return put_number(to, p, n);
	case F_TIME:
		return text_put_time(to, octets_u32(p));
	case F_TYPE:
		return put_type(to, octets_u16(p));
	case F_A:
		return put_a(to, p);
	case F_AAAA:
		return put_aaaa(to, p);
	case F_NAME:
		return to + name_text_put(p, to);
	case F_STRING: case F_STRING_OPT: case F_STRINGS:
		return put_strings(to, p, n);
	case F_TAG:
		memcpy(to, p + 1, n - 1);
		return to + n - 1;
	case F_TEXT:
		return put_string(to, p, n);
	case F_B64: case F_B64_OPT:
		return text_put_base64(to, p, n);
	case F_HEX:
		return text_put_hex(to, p, n);
	case F_SALT:
		return n == 1 ? put_text(to, "-") :
		    text_put_hex(to, p + 1, n - 1);
	case F_HASH:
		return text_put_base32hex(to, p + 1, n - 1);
	case F_BITMAP:
		return put_bitmap(to, p, n);
	case F_EUI48: case F_EUI64:
		return put_groups(to, p, n, 1, '-');
	case F_ID64:
		return put_groups(to, p, n, 2, ':');
	case F_IPSECKEY:
		return put_ipseckey(to, p, n);
	case F_END: case F_NSAP: case F_WKS: case F_LOC: case F_APL:
	case F_SVCPARAMS: case F_HIP: case F_AMTRELAY: case F_OPAQUE:
		break;
	}
	return NULL;
}

/* RFC 3597 5. */
static char *
put_opaque(char *to, const uint8_t *p, uint16_t n)
{
	to = text_put_u32(put_text(to, "\\# "), n);
	if (n > 0)
		*to++ = ' ';
	return text_put_hex(to, p, n);
}

/* A CAA tag is letters and digits (RFC 8659 4.1.1); anything else would not
 * read back from an unquoted word. */
static bool
tag_is_plain(const uint8_t *p, size_t n)
{
	for (; n > 0; n--, p++)
		if (!((*p >= '0' && *p <= '9') ||
		    ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')))
			return false;
	return true;
}

/* Null when a field has no text of its own. */
static char *
put_fields(char *to, const struct rdata_row *row, const uint8_t *rdata,
    size_t len)
{
	const uint8_t *p = rdata, *end = rdata + len;
	for (const uint8_t *f = row->fields; *f != F_END; f++) {
		size_t n;
		if (*f == F_OPAQUE)
			return NULL;
		if (*f == F_NAME)
			n = name_len(p);
		else if (!rdata_field_len(*f, p, (size_t)(end - p), &n))
			return NULL;
		if (*f == F_TAG && !tag_is_plain(p + 1, n - 1))
			return NULL;
		if (n == 0 && *f != F_TEXT)
			continue;
		if (f != row->fields)
			*to++ = ' ';
		if ((to = put_field(to, *f, p, n)) == NULL)
			return NULL;
		p += n;
	}
	return to;
}

/* Nothing but a bitmap is as long as that in text. */
static size_t
room_of(const struct rdata_row *row, size_t len)
{
	for (const uint8_t *f = row->fields; *f != F_END; f++)
		if (*f == F_BITMAP)
			return len * BITMAP_OCTET_MAX;
	return len * OCTET_MAX;
}

static char *
put_class(char *to, uint16_t class)
{
	if (class == CLASS_IN)
		return put_text(to, "IN");
	if (class == CLASS_CH)
		return put_text(to, "CH");
	return text_put_u32(put_text(to, "CLASS"), class);
}

static char *
put_head(char *to, const struct rr *rr)
{
	to += name_text_put(rr->owner, to);
	*to++ = '\t';
	to = text_put_u32(to, rr->ttl);
	*to++ = '\t';
	to = put_class(to, rr->class);
	*to++ = '\t';
	return to;
}

/* ldns reads back what it wrote; so must our own reader, which takes words
 * apart a little differently. The line starts at o->at[start]. */
static bool
reads_back(struct octets *o, size_t start, const struct rr *rr)
{
	struct octets back = { 0 };
	struct rr again;
	size_t len = o->len;
	if (!octets_add(o, "", 1))
		return false;
	bool same = text_rr_from_line((char *)o->at + start, NULL,
	    &back) == OK;
	struct buf b = buf_reading(back.at, back.len);
	same = same && rr_take(&b, &again) && again.type == rr->type &&
	    again.rdata_len == rr->rdata_len && (rr->rdata_len == 0 ||
	    memcmp(again.rdata, rr->rdata, rr->rdata_len) == 0);
	octets_free(&back);
	o->len = len;
	return same;
}

/* Type and rdata in the type's own form; false if it has none. The line
 * starts at o->at[start]. */
static bool
put_own_form(struct octets *o, size_t start, const struct rdata_row *row,
    const struct rr *rr, char *to)
{
	if ((row->flags & RD_KNOWN) == 0 || is_novel(rr->type) ||
	    !rdata_is_valid(rr->type, rr->rdata, rr->rdata_len))
		return false;
	to = put_type(to, rr->type);
	*to++ = '\t';
	if (row->flags & RD_LDNS) {
		o->len = (size_t)((uint8_t *)to - o->at);
		return text_ldns_put(o, rr->type, rr->rdata, rr->rdata_len) &&
		    reads_back(o, start, rr);
	}
	to = put_fields(to, row, rr->rdata, rr->rdata_len);
	if (to != NULL)
		o->len = (size_t)((uint8_t *)to - o->at);
	return to != NULL;
}

bool
text_put_rr(struct octets *o, const struct rr *rr)
{
	const struct rdata_row *row = rdata_row(rr->type);
	size_t start = o->len;
	size_t room = HEAD_MAX + SLACK + room_of(row, rr->rdata_len);
	char *at = (char *)octets_reserve(o, room);
	if (at == NULL)
		return false;
	char *to = put_head(at, rr);
	if (put_own_form(o, start, row, rr, to))
		return true;
	size_t head = (size_t)(to - at);
	o->len = start;
	/* ldns may have moved the octets. */
	at = (char *)octets_reserve(o, room);
	if (at == NULL)
		return false;
	to = put_type_number(at + head, rr->type);
	*to++ = '\t';
	to = put_opaque(to, rr->rdata, rr->rdata_len);
	o->len += (size_t)(to - at);
	return true;
}
