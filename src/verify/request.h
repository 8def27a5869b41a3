/* request.h - what is to be verified, in the words that candidate, supervisor
 * and verifier share. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/sock.h"

/* What stands on a verifier's standard input. */
enum verify_feed { VERIFY_FEED_NONE, VERIFY_FEED_ZONE, VERIFY_FEED_DELTA };

/* How the version came in. */
enum verify_xfr { VERIFY_XFR_AXFR, VERIFY_XFR_IXFR, VERIFY_XFR_FILE };

/* Candidate to supervisor, with the descriptors that become the verifier's 0,
 * 1 and 2 (0 is absent for the feed none: the verifier gets /dev/null). Fixed
 * size, no pointer: it may stand in a message as it is. */
struct verify_request {
	uint64_t run;		/* number that the candidate chose; replies
				 * carry it */
	uint32_t conf_number;	/* configuration that index refers to */
	uint32_t zone_id;
	uint32_t index;		/* of the verifier in the zone's list */
	uint32_t attempt;	/* 1: the first */
	uint32_t serial;
	uint32_t previous;	/* published serial */
	uint8_t has_previous;
	uint8_t xfr;		/* enum verify_xfr */
	uint8_t reserved[2];
	char primary[ADDR_TEXT_MAX];	/* address text; "": none (a file) */
};

/* Numbers and addresses as a message must have them: kinds known, text
 * ended. */
bool verify_request_is_valid(const struct verify_request *r);
/* "axfr", "ixfr", "file"; "zone", "delta", "none". */
const char *verify_xfr_text(enum verify_xfr x);
const char *verify_feed_text(enum verify_feed f);
