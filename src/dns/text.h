/* text.h - presentation format, through ldns: the only place that uses it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "dns/name.h"
#include "dns/rr.h"

/* One record as one line without newline: OWNER TTL CLASS TYPE RDATA, owner
 * absolute, single spaces or tabs, RFC 3597 form for unknown types; names keep
 * their case. Appended to o, which must have room for the longest possible text
 * of the record (a limit of o needs slack for it). */
MUST_CHECK bool text_put_rr(struct octets *o, const struct rr *rr);

/* A zone file being read (RFC 1035 5, $ORIGIN, $TTL, $INCLUDE). */
struct zone_text;
struct zone_text_error {
	const char *file;	/* the file in which the error stands */
	unsigned line;
	char what[256];
};
MUST_CHECK enum err zone_text_open(const char *path, const uint8_t *apex,
    struct zone_text **z);
/* The next record; valid until the next call. ERR_NOT_FOUND at the end;
 * ERR_INPUT_SYNTAX with *e filled in: reading may go on (to name more than one
 * error). */
MUST_CHECK enum err zone_text_next(struct zone_text *z, struct rr *rr,
    struct zone_text_error *e);
/* Where the record taken last stands, for who finds fault with it: file (valid
 * until the next call; as it was at the end) and line. */
void zone_text_where(const struct zone_text *z, struct zone_text_error *e);
void zone_text_close(struct zone_text **z);
/* One record from one line of presentation format, absolute names. */
MUST_CHECK enum err text_rr_from_line(const char *line, const uint8_t *origin,
    struct octets *out);
