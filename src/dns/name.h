/* name.h - domain names in wire format, uncompressed, case preserved.
 * A name is a pointer to its octets; its length follows from them. Every
 * name that a function here takes was checked when it came in
 * (name_from_wire, name_from_text): at most 255 octets, labels at most 63,
 * ended by the root label. RFC 1035 3.1, RFC 4034 6.1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define NAME_MAX_OCTETS 255
#define NAME_MAX_LABELS 127	/* without the root label */
#define NAME_TEXT_MAX 1024	/* every octet as \DDD, dots, final zero */

struct name {
	uint8_t octets[NAME_MAX_OCTETS];
};

/* Octets including the root label: 1 to 255. */
size_t name_len(const uint8_t *name);
/* Labels without the root label: 0 to 127. */
unsigned name_labels(const uint8_t *name);
/* Equal without regard to ASCII case. */
bool name_equal(const uint8_t *a, const uint8_t *b);
/* Equal octet by octet. */
bool name_identical(const uint8_t *a, const uint8_t *b);
/* Canonical order (RFC 4034 6.1): <0, 0, >0. */
int name_compare(const uint8_t *a, const uint8_t *b);
/* True if name is at or below ancestor. */
bool name_is_at_or_below(const uint8_t *name, const uint8_t *ancestor);
/* Labels that both have in common, counted from the root. */
unsigned name_common_labels(const uint8_t *a, const uint8_t *b);
/* The name without its first n labels; n <= name_labels. Points into it. */
const uint8_t *name_strip(const uint8_t *name, unsigned n);
bool name_is_root(const uint8_t *name);
bool name_is_wildcard(const uint8_t *name);
/* "*." before the name; false if that is longer than 255 octets. */
bool name_wildcard_of(const uint8_t *name, struct name *out);
/* prefix's first n labels, then suffix (DNAME synthesis); false if too long. */
bool name_join(const uint8_t *prefix, unsigned n, const uint8_t *suffix,
    struct name *out);
void name_copy(struct name *to, const uint8_t *from);
/* Lower case in place. */
void name_lower(uint8_t *name);
/* Case-insensitive hash, for tables that no peer can attack by choice of
 * names (seeded per process). */
uint64_t name_hash(const uint8_t *name);

/* Takes a name from a message, following compression pointers (only
 * backwards, bounded). b->octets must be the start of the message. */
MUST_CHECK bool name_from_wire(struct buf *b, struct name *out);
/* Takes an uncompressed name; yields a pointer into the buffer. */
MUST_CHECK bool name_take(struct buf *b, const uint8_t **name);
/* Presentation format (RFC 1035 5.1 escapes); with or without the final dot,
 * always read as absolute. */
MUST_CHECK bool name_from_text(const char *text, struct name *out);
/* Presentation format with the final dot ("." for the root); returns text. */
const char *name_text(const uint8_t *name, char text[NAME_TEXT_MAX]);
/* The same without the final dot, as NSD names zones in its log. */
const char *name_text_plain(const uint8_t *name, char text[NAME_TEXT_MAX]);

/* Lower case of each octet. */
extern const uint8_t name_fold[256];
/* n characters; a name without final dot is completed by origin (null: the
 * root). */
MUST_CHECK bool name_from_text_n(const char *text, size_t n,
    const uint8_t *origin, struct name *out);
/* As name_text, without the final zero; returns how many were put. */
size_t name_text_put(const uint8_t *name, char *to);
/* One octet of a label or string in presentation format, escapes resolved;
 * text moves on, never beyond end. */
MUST_CHECK bool name_text_octet(const char **text, const char *end,
    uint8_t *octet);
