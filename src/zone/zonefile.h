/* zonefile.h - a zone to and from files: text (through dns/text) and base
 * files (zone octets with a head and a checksum: spools and snapshots). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/text.h"
#include "zone/zone.h"

/* Base file: head (magic, format version, serial, record count, octet count),
 * zone octets, tail (checksum of all before it). One form for the spool of a
 * transfer, the output of the loader and a snapshot. */
struct basefile_writer;
/* fd stays the caller's; written sequentially, buffered. */
MUST_CHECK enum err basefile_start(int fd, struct basefile_writer **w);
MUST_CHECK enum err basefile_add(struct basefile_writer *w,
    const struct rr *rr);
/* Writes tail and head; does not fsync. Frees the writer. */
MUST_CHECK enum err basefile_finish(struct basefile_writer **w,
    uint32_t serial);
void basefile_abort(struct basefile_writer **w);
/* Checks head, length and checksum of a mapped file; yields the zone octets.
 * ERR_CORRUPT otherwise. */
MUST_CHECK enum err basefile_read(const uint8_t *file, size_t len,
    uint32_t *serial, const uint8_t **octets, size_t *octets_len);

/* The first record (the SOA) of a mapped base file; nothing else is checked,
 * so it costs no reading of the whole. */
MUST_CHECK bool basefile_first(const uint8_t *file, size_t len, struct rr *rr);

/* A whole version in canonical order. budget: called every few thousand
 * records may be null. */
MUST_CHECK enum err basefile_write_version(int fd,
    const struct zone_version *z);

/* Reads a zone file into a base file. Errors (up to a limit) go to the
 * callback with file:line; any error makes the result ERR_INPUT_ZONE. Checks:
 * exactly one SOA at the apex; records outside the zone are errors there. */
typedef void zonefile_error_fn(void *arg, const struct zone_text_error *e);
MUST_CHECK enum err zonefile_to_base(const char *path, const uint8_t *apex,
    int fd, zonefile_error_fn *on_error, void *arg, uint32_t *serial);

/* A version as text, canonical order, one record a line, SOA first: the
 * verifier's standard input and `write`. Slice by slice: */
struct zone_text_out {
	struct zone_iter it;
	const struct zone_node *node;
	const struct zone_version *zone;
	unsigned rrset_at;
	uint32_t rr_at;
	bool soa_done;
	bool failed;	/* at the end: memory ran out, the text breaks off */
};
void zone_text_out_start(const struct zone_version *z,
    struct zone_text_out *o);
/* Appends at least one line and at most about max octets; false at the end. */
bool zone_text_out_more(struct zone_text_out *o, struct octets *text,
    size_t max);
