/* reply.h - one answer being written: sections, limits, truncation, OPT and
 * TSIG. Internal to src/serve. No allocation, no I/O. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/edns.h"
#include "dns/message.h"
#include "dns/rrtype.h"
#include "serve/query.h"

/* An answer of eight chained names needs at most four proofs for each and
 * one for the end. */
#define REPLY_WANTED_MAX 40
#define REPLY_SHOWN_MAX 48

enum reply_want {
	WANT_REQUIRED,		/* TC if it does not fit */
	WANT_OPTIONAL,		/* left out silently */
	WANT_NEGATIVE_SOA	/* required, TTL as RFC 2308 section 3 */
};

struct reply_rrset {
	const struct zone_version *zone;
	const struct zone_node *node;
	uint16_t type;
	enum reply_want want;
	bool is_synthesised;	/* shown under a name that a wildcard matched:
				 * a proof may need it under its own */
};

/* The OPT record of an answer (RFC 6891, 5001, 7314, 7828, 7873, 8914, 9660).
 * Points to nothing of the query: an outgoing transfer outlives it. */
struct opt_out {
	const struct serve *s;
	bool is_present;	/* the query had one */
	bool do_bit;
	bool wants_nsid;
	bool has_expire;
	uint32_t expire_s;
	struct cookie cookie;
	bool has_keepalive;
	uint16_t keepalive_100ms;
	bool has_zoneversion;
	uint8_t zone_labels;
	uint32_t zone_serial;
	uint16_t udp_octets;	/* ours */
	unsigned rcode;		/* 12 bits */
	enum ede ede;
	const char *ede_text;	/* null or static */
};

struct reply {
	const struct serve *s;
	struct query *q;
	struct msg_writer w;
	struct msg_mark start;	/* after the question */
	uint16_t flags;		/* without rcode */
	unsigned rcode;		/* 12 bits */
	enum ede ede;
	const char *ede_text;	/* null or static */
	bool is_full;		/* something required did not fit: TC */
	bool has_question;
	bool is_granted;	/* a transfer over UDP, not logged yet */
	uint16_t qtype;
	bool has_expire;	/* EDNS EXPIRE goes out */
	uint32_t expire_s;
	bool has_zone;		/* q->zone is the asker's to know about */
	/* Owners in zone memory, or null: the cut of a referral, the wildcard
	 * that matched, the DNAME that was followed. */
	const uint8_t *delegation, *wildcard;

	/* For the authority section, once the answer section is complete. */
	struct reply_rrset wanted[REPLY_WANTED_MAX];
	unsigned wanted_count;
	/* Already in the message: for additional data and against repeats. */
	struct reply_rrset shown[REPLY_SHOWN_MAX];
	unsigned shown_count;
};

/* Starts an answer to q: header, the question if it was understood, room kept
 * for OPT and TSIG. */
void reply_start(struct reply *r, const struct serve *s, struct query *q);
/* Largest answer that the transport and the peer's EDNS allow. */
size_t reply_limit(const struct serve *s, const struct query *q);
/* Octets that finishing takes at most: OPT with its options, TSIG. */
size_t reply_tail(const struct serve *s, const struct query *q);
/* Nothing but the question remains; rcode and extended error are set. */
void reply_error(struct reply *r, unsigned rcode, enum ede ede,
    const char *ede_text);
/* Nothing but the question remains, and TC: to be asked again over TCP. */
void reply_truncate(struct reply *r);
/* Writes OPT, flags, counts and TSIG; yields the length in q->answer_len.
 * False: nothing can be sent. */
bool reply_finish(struct reply *r);
/* What the OPT record of an answer to this query says if all is well. */
void opt_out_of_query(struct opt_out *o, const struct serve *s,
    const struct query *q);
/* What the query asked about the zone that answers it: RFC 9660. */
void opt_out_zoneversion(struct opt_out *o, const struct query *q);
/* Octets that it takes at most, without extended error. */
size_t opt_out_room(const struct opt_out *o);
/* Into the reserved room; nothing if the query had none. What cannot be told
 * because the message would be too long is left out, the record itself and
 * the cookie last of all. */
MUST_CHECK bool opt_out_put(struct msg_writer *w, const struct opt_out *o);

/* One RRset with its RRSIGs (DO). owner null: as stored. Whole or not at all;
 * false: it did not fit, and if it was required the reply is full. */
bool reply_put_rrset(struct reply *r, enum section section,
    const struct reply_rrset *what, const uint8_t *owner);
/* Any single record that is required. */
bool reply_put_rr(struct reply *r, enum section section,
    const struct rr *rr);
/* Notes an RRset for the authority section, once. */
void reply_want(struct reply *r, const struct zone_version *z,
    const struct zone_node *node, uint16_t type, enum reply_want want);
/* Writes what was wanted. False: full. */
bool reply_put_wanted(struct reply *r);
bool reply_shows(const struct reply *r, const struct zone_node *node,
    uint16_t type);

static inline bool
reply_is_dnssec(const struct reply *r)
{
	return r->q->edns.is_present && r->q->edns.do_bit;
}
