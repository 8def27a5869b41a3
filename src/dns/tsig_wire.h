/* tsig_wire.h - the TSIG record on the wire, for src/dns alone. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "dns/name.h"

struct tsig_rr {
	bool is_present;
	size_t start;		/* where it begins in the message */
	struct name key, alg;
	uint64_t time_s;	/* 48 bits */
	uint16_t fudge_s, original_id, error;
	const uint8_t *mac, *other;
	uint16_t mac_len, other_len;
};

/* Walks the message. OK also when there is none; ERR_PEER_FORMAT when the
 * message or the record is malformed or the record not the very last. */
MUST_CHECK enum err tsig_rr_find(const uint8_t *octets, size_t len,
    struct tsig_rr *t);
/* Appends the record and raises ARCOUNT; false when it does not fit. */
MUST_CHECK bool tsig_rr_put(uint8_t *octets, size_t *len, size_t room,
    const struct tsig_rr *t);
