/* serve.h - what the answering code of one process knows: zones, policy,
 * facts shared with other processes, and where decisions of others come from.
 * Runs in: worker, candidate's worker. Filled once after the fork; const from
 * then on but for the counters and the shared rows. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sock.h"
#include "dns/tsig.h"
#include "serve/counter.h"
#include "zone/zonedb.h"

struct conf;
struct conf_zone;
struct cookie_jar;
struct rrl;

/* One row per zone in a page that xfrd writes and workers read: what changes
 * without a publication. Each field stands for itself; no order between two
 * fields is promised. */
struct serve_zone_state {
	_Atomic uint32_t flags;
	uint32_t unused;
	/* Wall clock; when the published version expires. 0: never (a zone
	 * without primaries, or not known yet). */
	_Atomic int64_t expires_at_s;
};
#define SERVE_ZONE_EXPIRED 0x1u	/* queries and transfers: SERVFAIL */

/* Where a zone stands, as seen from a candidate's worker. */
enum serve_place {
	SERVE_PUBLISHED,	/* not under verification: published version */
	SERVE_UNDER_VERIFICATION, /* here, in its candidate's version */
	SERVE_ELSEWHERE		/* in another candidate, or its candidate is
				 * lost: never answered here */
};

struct serve_hooks {
	/* Queues a NOTIFY (ACL and TSIG are checked) for xfrd; it is answered
	 * only when this returns true. key_name: presentation format, null
	 * when unsigned. */
	bool (*notify)(void *arg, uint32_t zone_id, const struct addr *from,
	    const char *key_name, bool has_serial, uint32_t serial);
	/* Asked in a candidate's worker only. */
	enum serve_place (*place)(void *arg, uint32_t zone_id);
	void *arg;
};

struct serve {
	const struct zonedb *db;
	/* By zone id, null where there is no zone; ids at or above zone_limit
	 * do not exist. */
	const struct conf_zone *const *zones;
	const struct serve_zone_state *states;	/* same index; may be null */
	uint32_t zone_limit;

	const struct tsig_key *const *keys;
	size_t key_count;

	uint64_t *counters;	/* SERVE_COUNTERS of them */
	/* As many for each zone id, of use where the zone has zonestats; null:
	 * nothing is counted by zone. */
	uint64_t *zone_counters;
	/* answer-cookie; null: cookies are an option like any unknown one. */
	const struct cookie_jar *cookies;
	struct rrl *rrl;	/* this worker's; null: no rate is limited */

	/* From the configuration: serve_policy(). */
	char identity[256];	/* "": hidden, CH TXT is refused */
	char version[256];	/* "": hidden */
	uint8_t nsid[256];
	size_t nsid_len;	/* 0: none */
	uint16_t udp_octets_v4, udp_octets_v6;	/* ipv4-, ipv6-edns-size */
	bool minimal_responses;
	bool confine_to_zone;
	bool round_robin;
	bool refuse_any;
	bool drop_updates;

	bool is_candidate;	/* answers for the verify address */
	struct serve_hooks hooks;
};

/* Takes the policy fields (a copy of them) from the configuration. */
void serve_policy(struct serve *s, const struct conf *c);

static inline void
serve_count(const struct serve *s, unsigned counter)
{
	s->counters[counter]++;
}

/* Largest UDP answer to this peer. */
static inline uint16_t
serve_udp_octets(const struct serve *s, const struct addr *peer)
{
	return peer->sa.sa_family == AF_INET6 ? s->udp_octets_v6 :
	    s->udp_octets_v4;
}

/* False also for ids without a row. */
bool serve_zone_is_expired(const struct serve *s, uint32_t zone_id);
/* What an EDNS EXPIRE option says (RFC 7314 section 3): what is left before
 * the zone expires, at most 2^31-1 seconds; the SOA's EXPIRE if the zone has
 * no primaries. False when there is nothing to say. */
bool serve_zone_expires_in(const struct serve *s, const struct zonedb_hit *z,
    int64_t now_s, uint32_t *seconds);
const struct conf_zone *serve_zone_conf(const struct serve *s,
    uint32_t zone_id);
/* SERVE_PUBLISHED in a public worker. */
enum serve_place serve_zone_place(const struct serve *s, uint32_t zone_id);
