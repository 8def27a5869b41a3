/* key.c - from a name to the symbols of its key.
 * Runs in: store and its forks. Pure. */
#include "zone/key.h"

#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"

/* Symbols in canonical order: 0 ends a label; an escape stands before what
 * its range stands before. Second symbols run from 1 to at most 45. */
enum {
	ESC_LOW = 1,	/* 0x00 to 0x2c */
	SYM_DASH = 2,
	ESC_DOT = 3,	/* 0x2e, 0x2f */
	SYM_DIGIT = 4,	/* ten of them */
	ESC_MID = 14,	/* 0x3a to 0x5e; A to Z are folded and do not occur */
	SYM_UNDER = 15,
	ESC_TICK = 16,	/* 0x60 */
	SYM_A = 17,	/* 26 of them */
	ESC_HIGH = 43	/* 0x7b to 0xff in three ranges: 43, 44, 45 */
};

static uint8_t first[256], second[256];

static void
set_range(unsigned from, unsigned to, unsigned escape, unsigned base)
{
	for (unsigned c = from; c <= to; c++) {
		first[c] = (uint8_t)escape;
		second[c] = (uint8_t)(c - base + 1);
	}
}

__attribute__((constructor)) static void
key_init(void)
{
	set_range(0x00, 0x2c, ESC_LOW, 0x00);
	set_range(0x2e, 0x2f, ESC_DOT, 0x2e);
	set_range(0x3a, 0x5e, ESC_MID, 0x3a);
	set_range(0x60, 0x60, ESC_TICK, 0x60);
	for (unsigned i = 0; i < 3; i++) {
		unsigned from = 0x7b + 45 * i;
		unsigned to = from + 44 > 0xff ? 0xff : from + 44;
		set_range(from, to, ESC_HIGH + i, from);
	}
	first['-'] = SYM_DASH;
	first['_'] = SYM_UNDER;
	for (unsigned i = 0; i < 10; i++)
		first['0' + i] = (uint8_t)(SYM_DIGIT + i);
	for (unsigned i = 0; i < 26; i++) {
		first['a' + i] = first['A' + i] = (uint8_t)(SYM_A + i);
		second['A' + i] = 0;
	}
}

static inline uint8_t *
put_label(uint8_t *to, const uint8_t *octets, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		*to++ = first[octets[i]];
		if (second[octets[i]] != 0)
			*to++ = second[octets[i]];
	}
	*to++ = 0;
	return to;
}

void
key_of_name(struct zkey *k, const uint8_t *name, unsigned apex_labels)
{
	uint8_t at[NAME_MAX_LABELS];
	unsigned n = 0;
	uint8_t *to = k->sym;
	for (unsigned i = 0; name[i] != 0; i += name[i] + 1u)
		at[n++] = (uint8_t)i;
	n = n > apex_labels ? n - apex_labels : 0;
	while (n > 0) {
		const uint8_t *label = name + at[--n];
		to = put_label(to, label + 1, label[0]);
	}
	k->len = (unsigned)(to - k->sym);
}

void
key_of_label(struct zkey *k, const uint8_t *octets, unsigned n)
{
	k->len = (unsigned)(put_label(k->sym, octets, n) - k->sym);
}

void
key_of_base32hex(struct zkey *k, const uint8_t *octets, unsigned n)
{
	uint8_t *to = k->sym;
	for (unsigned i = 0; i < n; i += 5) {
		uint64_t five = (uint64_t)octets[i] << 32 |
		    octets_u32(octets + i + 1);
		for (unsigned shift = 40; shift > 0; shift -= 5) {
			unsigned v = five >> (shift - 5) & 31;
			*to++ = (uint8_t)(v + (v < 10 ? SYM_DIGIT :
			    SYM_A - 10));
		}
	}
	*to++ = 0;
	k->len = (unsigned)(to - k->sym);
}

void
key_add_asterisk(struct zkey *k, unsigned len)
{
	static const uint8_t asterisk = '*';
	/* A name may be so long that nothing fits below it. */
	if (len + 3 > KEY_ROOM)
		len = KEY_ROOM - 3;
	k->len = (unsigned)(put_label(k->sym + len, &asterisk, 1) - k->sym);
}

unsigned
key_difference(const struct zkey *a, const struct zkey *b)
{
	unsigned n = a->len < b->len ? a->len : b->len, i = 0;
	while (i < n && a->sym[i] == b->sym[i])
		i++;
	if (i < n || a->len != b->len)
		return i;
	return UINT_MAX;
}

struct key_meeting
key_meet(const struct zkey *k, const uint8_t *name, unsigned apex_labels)
{
	uint8_t at[NAME_MAX_LABELS];
	unsigned n = 0, i = 0;
	for (unsigned j = 0; name[j] != 0; j += name[j] + 1u)
		at[n++] = (uint8_t)j;
	n = n > apex_labels ? n - apex_labels : 0;
	while (n > 0) {
		const uint8_t *label = name + at[--n];
		for (unsigned left = *label++; left > 0; left--, label++) {
			unsigned one = first[*label], two = second[*label];
			if (key_at(k, i) != one)
				return (struct key_meeting){ i, one, false };
			i++;
			if (two == 0)
				continue;
			if (key_at(k, i) != two)
				return (struct key_meeting){ i, two, false };
			i++;
		}
		if (key_at(k, i) != 0)
			return (struct key_meeting){ i, 0, false };
		i++;
	}
	return (struct key_meeting){ i == k->len ? UINT_MAX : i, 0, true };
}
