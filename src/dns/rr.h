/* rr.h - one record, uncompressed, and runs of records.
 *
 * "Record octets" are the program's only form of a record outside a message
 * and outside zone memory: OWNER TYPE(2) CLASS(2) TTL(4) RDLENGTH(2) RDATA,
 * the RFC 1035 wire format with no name compressed, case as received.
 * Transfers, the journal, deltas, snapshots and the store exchange runs of
 * record octets:
 *   a zone:  the SOA first, then every other record; the SOA is not repeated.
 *   a delta: SOA(old) deleted... SOA(new) added..., again and again for a
 *            chain: the body of an IXFR answer (RFC 1995 4) without its first
 *            and last SOA. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct rr {
	const uint8_t *owner;
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t type;
	uint16_t class;
	uint16_t rdata_len;
};

#define RR_FIXED_OCTETS 10	/* between owner and rdata */

/* Octets that rr_put needs. */
size_t rr_len(const struct rr *rr);
MUST_CHECK bool rr_put(struct buf *b, const struct rr *rr);
MUST_CHECK bool rr_add(struct octets *o, const struct rr *rr);
/* Takes record octets; the record points into the buffer. Checks bounds and
 * the owner, not the rdata (it was checked when the record came in). */
MUST_CHECK bool rr_take(struct buf *b, struct rr *rr);

/* Same record as RFC 2136 and IXFR mean it: owner without case, type, class
 * and rdata; names in rdata without case for the types of RFC 4034 6.2 as
 * corrected by RFC 6840 5.1. TTL is not part of it. */
bool rr_same(const struct rr *a, const struct rr *b);

/* Serial and timers of an SOA record's rdata, which must be whole. */
struct soa {
	const uint8_t *mname;
	const uint8_t *rname;
	uint32_t serial, refresh, retry, expire, minimum;
};
MUST_CHECK bool rr_soa(const struct rr *rr, struct soa *soa);
MUST_CHECK bool rr_soa_serial(const struct rr *rr, uint32_t *serial);
