/* key.h - names as strings of symbols, the keys of the map.
 *
 * A name relative to the apex is written from its top label down; each octet
 * of a label, in lower case, becomes one symbol (the 38 octets that host names
 * are made of) or two (an escape for a range of the others and a place in that
 * range); symbol 0 ends each label. Beyond its end a key reads as 0. Symbols
 * are numbered so that comparing keys is comparing names in canonical order
 * (RFC 4034 6.1). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define KEY_SYMBOLS 46
/* 254 octets of labels, at most two symbols each, and the label ends. */
#define KEY_ROOM 512

struct zkey {
	unsigned len;
	uint8_t sym[KEY_ROOM];
};

/* name is at or below an apex of so many labels. */
void key_of_name(struct zkey *k, const uint8_t *name, unsigned apex_labels);
/* One label below the apex, given as its octets. */
void key_of_label(struct zkey *k, const uint8_t *octets, unsigned n);
/* The same of a hash in base32hex (RFC 4648 7); n is a multiple of five. */
void key_of_base32hex(struct zkey *k, const uint8_t *octets, unsigned n);
/* Turns the key of a name's first len symbols into that of "*" below it. */
void key_add_asterisk(struct zkey *k, unsigned len);
/* Where two keys first differ; UINT_MAX when they are equal. */
unsigned key_difference(const struct zkey *a, const struct zkey *b);
/* Where a key and that of a name first differ: the latter is not made beyond
 * it. at: UINT_MAX when they are equal. */
struct key_meeting {
	unsigned at;
	unsigned symbol;	/* of the name's key, there */
	bool is_end;		/* the name's key ends there */
};
struct key_meeting key_meet(const struct zkey *k, const uint8_t *name,
    unsigned apex_labels);

static inline unsigned
key_at(const struct zkey *k, unsigned at)
{
	return at < k->len ? k->sym[at] : 0;
}
