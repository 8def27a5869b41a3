/* rdata.c - rdata by its type's row: wire, checks, names, canonical order.
 * Runs in: every role. Pure: no I/O, no allocation. */
#include "dns/rdata.h"

#include "dns/name.h"
#include "dns/rdata_table.h"

#define NAMES_MAX 4

/* Copies one name from the message to out. */
static bool
name_from_wire_to(struct buf *b, bool may_be_compressed, struct buf *out)
{
	const uint8_t *name;
	struct name whole;
	if (may_be_compressed) {
		if (!name_from_wire(b, &whole))
			return false;
		name = whole.octets;
	} else if (!name_take(b, &name)) {
		return false;
	}
	return buf_put(out, name, name_len(name));
}

/* Field after field up to b's limit. */
static bool
fields_from_wire(struct buf *b, const struct rdata_row *row, struct buf *out)
{
	for (const uint8_t *f = row->fields; *f != F_END; f++) {
		size_t n;
		if (*f == F_NAME) {
			if (!name_from_wire_to(b, row->flags & RD_DECOMPRESS,
			    out))
				return false;
			continue;
		}
		if (!rdata_field_len(*f, buf_here(b), buf_left(b), &n) ||
		    !buf_put(out, buf_here(b), n))
			return false;
		b->at += n;
	}
	return b->at == b->limit;
}

enum err
rdata_from_wire(struct buf *b, uint16_t type, uint16_t rdata_len,
    struct buf *out)
{
	size_t start = b->at, limit = b->limit, out_start = out->at;
	if (buf_left(b) < rdata_len)
		return ERR_PEER_FORMAT;
	b->limit = start + rdata_len;
	bool good = fields_from_wire(b, rdata_row(type), out);
	b->limit = limit;
	if (good && out->at - out_start <= UINT16_MAX)
		return OK;
	b->at = start;
	out->at = out_start;
	return ERR_PEER_FORMAT;
}

bool
rdata_is_valid(uint16_t type, const uint8_t *rdata, uint16_t len)
{
	struct buf b = buf_reading(rdata, len);
	const uint8_t *name;
	for (const uint8_t *f = rdata_row(type)->fields; *f != F_END; f++) {
		size_t n;
		if (*f == F_NAME) {
			if (!name_take(&b, &name))
				return false;
			continue;
		}
		if (!rdata_field_len(*f, buf_here(&b), buf_left(&b), &n))
			return false;
		b.at += n;
	}
	return buf_left(&b) == 0;
}

static bool
has_names(const uint8_t *fields)
{
	while (*fields != F_END && *fields != F_NAME)
		fields++;
	return *fields == F_NAME;
}

/* Where the names start; stops at the first field that does not fit. */
static unsigned
names_of(const struct rdata_row *row, const uint8_t *rdata, uint16_t len,
    uint16_t at[NAMES_MAX])
{
	struct buf b = buf_reading(rdata, len);
	unsigned n_names = 0;
	for (const uint8_t *f = row->fields; has_names(f); f++) {
		const uint8_t *name;
		size_t n, start = b.at;
		if (*f == F_NAME) {
			if (n_names == NAMES_MAX || !name_take(&b, &name))
				break;
			at[n_names++] = (uint16_t)start;
			continue;
		}
		if (!rdata_field_len(*f, buf_here(&b), buf_left(&b), &n))
			break;
		b.at += n;
	}
	return n_names;
}

unsigned
rdata_compressible_names(uint16_t type, const uint8_t *rdata, uint16_t len,
    uint16_t at[4])
{
	const struct rdata_row *row = rdata_row(type);
	return row->flags & RD_COMPRESS ? names_of(row, rdata, len, at) : 0;
}

unsigned
rdata_caseless_names(uint16_t type, const uint8_t *rdata, uint16_t len,
    uint16_t at[4])
{
	const struct rdata_row *row = rdata_row(type);
	return row->flags & RD_CASELESS ? names_of(row, rdata, len, at) : 0;
}

static int
octets_compare(const uint8_t *a, const uint8_t *b, size_t n)
{
	return n == 0 ? 0 : memcmp(a, b, n);
}

static int
folded_compare(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int d = (int)name_fold[a[i]] - (int)name_fold[b[i]];
		if (d != 0)
			return d;
	}
	return 0;
}

/* As long as no octet differs both have the same fields, so the names of a
 * are those of b: one walk over a's tells where case does not count. */
int
rdata_compare(uint16_t type, const uint8_t *a, uint16_t a_len,
    const uint8_t *b, uint16_t b_len)
{
	uint16_t at[NAMES_MAX];
	unsigned n_names = rdata_caseless_names(type, a, a_len, at);
	size_t done = 0, both = a_len < b_len ? a_len : b_len;
	int d;
	for (unsigned i = 0; i < n_names && at[i] < both; i++) {
		size_t end = at[i] + name_len(a + at[i]);
		if (end > both)
			end = both;
		if ((d = octets_compare(a + done, b + done,
		    at[i] - done)) != 0)
			return d;
		if ((d = folded_compare(a + at[i], b + at[i],
		    end - at[i])) != 0)
			return d;
		done = end;
	}
	if ((d = octets_compare(a + done, b + done, both - done)) != 0)
		return d;
	return (int)a_len - (int)b_len;
}

void
rdata_canonical(uint16_t type, uint8_t *rdata, uint16_t len)
{
	uint16_t at[NAMES_MAX];
	unsigned n = rdata_caseless_names(type, rdata, len, at);
	for (unsigned i = 0; i < n; i++)
		name_lower(rdata + at[i]);
}

bool
rdata_bitmap_has(const uint8_t *bitmap, uint16_t len, uint16_t type)
{
	unsigned window = type >> 8, bit = type & 255;
	for (size_t i = 0; i + 2 <= len; i += 2u + bitmap[i + 1]) {
		if (bitmap[i] != window)
			continue;
		size_t at = i + 2 + bit / 8;
		return bit / 8 < bitmap[i + 1] && at < len &&
		    (bitmap[at] & (0x80u >> bit % 8)) != 0;
	}
	return false;
}
