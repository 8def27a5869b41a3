/* rdata.h - what is known of each type's rdata: where names stand in it,
 * which of them a message may compress, which are compared without case.
 * One row per type in rdata.c; unknown types are opaque (RFC 3597). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Decompresses and checks rdata from a message (b at its first octet, b's
 * octets at the start of the message) of rdata_len wire octets, into out
 * (appended; at most 65535 octets). Malformed rdata of a known type,
 * trailing octets, names beyond bounds: ERR_PEER_FORMAT. */
MUST_CHECK enum err rdata_from_wire(struct buf *b, uint16_t type,
    uint16_t rdata_len, struct buf *out);

/* Checks uncompressed rdata of a known type (zone files, journal). */
MUST_CHECK bool rdata_is_valid(uint16_t type, const uint8_t *rdata,
    uint16_t len);

/* Calls back for each embedded name: its offset in rdata. Returns the number
 * of names stored in at[] (at most 4), in order. For the types whose names are
 * compared without case (RFC 4034 6.2, RFC 6840 5.1) or may be compressed
 * (RFC 3597 4: those of RFC 1035 only). */
unsigned rdata_compressible_names(uint16_t type, const uint8_t *rdata,
    uint16_t len, uint16_t at[4]);
unsigned rdata_caseless_names(uint16_t type, const uint8_t *rdata,
    uint16_t len, uint16_t at[4]);

/* Order and equality of rdata in canonical form (RFC 4034 6.2, 6.3). */
int rdata_compare(uint16_t type, const uint8_t *a, uint16_t a_len,
    const uint8_t *b, uint16_t b_len);
/* Canonical rdata for digests and signatures: names lowered in place. */
void rdata_canonical(uint16_t type, uint8_t *rdata, uint16_t len);

/* NSEC/NSEC3: is the type in the bitmap? */
bool rdata_bitmap_has(const uint8_t *bitmap, uint16_t len, uint16_t type);
