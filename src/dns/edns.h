/* edns.h - EDNS(0) (RFC 6891): the OPT record of a query and of its answer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/message.h"

enum edns_option {
	EDNS_NSID = 3, EDNS_EXPIRE = 9, EDNS_COOKIE = 10, EDNS_KEEPALIVE = 11,
	EDNS_PADDING = 12, EDNS_EDE = 15, EDNS_ZONEVERSION = 19
};

/* RFC 8914 codes that we send. */
enum ede {
	EDE_NONE = -1, EDE_OTHER = 0, EDE_NOT_READY = 14, EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20, EDE_NOT_SUPPORTED = 21,
	EDE_INVALID_DATA = 24, EDE_UNSUPPORTED_NSEC3_ITERATIONS = 27
};

struct edns {
	bool is_present;
	bool do_bit;
	uint8_t version;
	uint16_t udp_octets;
	bool wants_nsid, wants_expire, wants_keepalive, wants_zoneversion;
	bool has_keepalive_data;	/* where a query has none (RFC 7828) */
	/* Into the message, or null; its length is as it came: whether it
	 * matters is for whoever answers cookies to say. */
	const uint8_t *cookie;
	uint16_t cookie_len;
};

/* From an OPT record; ERR_PEER_FORMAT when its options run over, or its owner
 * is not the root. Unknown options are skipped. */
MUST_CHECK enum err edns_read(const struct rr *opt, struct edns *e);
/* Appends an OPT record (uses the writer's reserved octets). extended_rcode:
 * the whole 12-bit rcode; options: octets ready to send, may be null. */
MUST_CHECK bool edns_put(struct msg_writer *w, uint16_t udp_octets,
    unsigned extended_rcode, bool do_bit, const uint8_t *options,
    uint16_t options_len);
#define EDNS_FIXED_OCTETS 11
/* One option into a run of options. */
MUST_CHECK bool edns_option_put(struct buf *options, uint16_t code,
    const void *data, uint16_t len);
MUST_CHECK bool edns_ede_put(struct buf *options, enum ede code,
    const char *text);
