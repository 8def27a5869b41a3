/* fields.c - keys and fields of the journal's records.
 * Runs in: xfrd. Puts cannot fail (records of fixed greatest size); takes
 * never read past the record. */
#include <string.h>

#include "journal/db.h"

static size_t
apex_len(const uint8_t *apex, size_t room)
{
	size_t at = 0;
	while (at < room && apex[at] != 0) {
		if (apex[at] > 63)
			return 0;
		at += 1u + apex[at];
	}
	return at < room ? at + 1 : 0;
}

struct db_key
db_key_zone(const uint8_t *apex)
{
	struct db_key k = { .len = apex_len(apex, DB_APEX_MAX) };
	ASSERT(k.len > 0);
	memcpy(k.octets, apex, k.len);
	return k;
}

struct db_key
db_key_number(const uint8_t *apex, uint64_t number)
{
	struct db_key k = { .len = 0 };
	if (apex != NULL)
		k = db_key_zone(apex);
	octets_set_u64(k.octets + k.len, number);
	k.len += 8;
	return k;
}

struct db_key
db_key_text(const char *text)
{
	struct db_key k = { .len = strlen(text) };
	ASSERT(k.len > 0 && k.len < sizeof k.octets);
	memcpy(k.octets, text, k.len);
	return k;
}

bool
db_key_is_zone(const struct db_key *k, bool with_number)
{
	size_t n = apex_len(k->octets, k->len);
	return n != 0 && k->len == n + (with_number ? 8 : 0);
}

uint64_t
db_key_last_number(const struct db_key *k)
{
	ASSERT(k->len >= 8);
	return octets_u64(k->octets + k->len - 8);
}

void
db_fields_start(struct db_fields *f)
{
	f->b = buf_of(f->octets, sizeof f->octets);
}

void
db_put_u8(struct db_fields *f, uint8_t v)
{
	ASSERT(buf_put_u8(&f->b, v));
}

void
db_put_u16(struct db_fields *f, uint16_t v)
{
	ASSERT(buf_put_u16(&f->b, v));
}

void
db_put_u32(struct db_fields *f, uint32_t v)
{
	ASSERT(buf_put_u32(&f->b, v));
}

void
db_put_u64(struct db_fields *f, uint64_t v)
{
	ASSERT(buf_put_u64(&f->b, v));
}

void
db_put_octets(struct db_fields *f, const void *octets, size_t n)
{
	ASSERT(buf_put(&f->b, octets, n));
}

void
db_put_text(struct db_fields *f, const char *text, size_t room)
{
	size_t n = strnlen(text, room - 1);
	db_put_u16(f, (uint16_t)n);
	db_put_octets(f, text, n);
}

bool
db_take_flag(struct buf *b, bool *v)
{
	uint8_t octet;
	if (!buf_take_u8(b, &octet) || octet > 1)
		return false;
	*v = octet == 1;
	return true;
}

bool
db_take_i64(struct buf *b, int64_t *v)
{
	uint64_t u;
	if (!buf_take_u64(b, &u))
		return false;
	*v = (int64_t)u;
	return true;
}

bool
db_take_octets(struct buf *b, void *octets, size_t n)
{
	const uint8_t *from;
	if (!buf_take(b, n, &from))
		return false;
	memcpy(octets, from, n);
	return true;
}

bool
db_take_text(struct buf *b, char *text, size_t room)
{
	uint16_t n;
	if (!buf_take_u16(b, &n) || n >= room ||
	    !db_take_octets(b, text, n))
		return false;
	text[n] = '\0';
	return strlen(text) == n;
}
