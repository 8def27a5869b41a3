/* rrl.h - response rate limiting: equal answers to one network, counted in
 * buckets that a worker's number keeps over all generations. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/siphash.h"

struct conf_server;
struct reply;

enum rrl_class {
#define RRL_CLASS(name, constant, bit) RRL_##constant = bit,
#include "tables/rrl_classes.def"
#undef RRL_CLASS
};

/* One network, kind and name. In shared memory, written by one worker. */
struct rrl_bucket {
	uint64_t network;	/* as many octets of the address as count */
	uint32_t tag;		/* of the hash, beyond the bucket's place */
	uint32_t second;	/* in which count is counted */
	uint32_t count;
	/* What the seconds before weigh: each half of the one after it. A
	 * steady n a second makes count + rate / 2 and rate 2n: limits are
	 * kept doubled. */
	uint32_t rate;
	uint16_t class;
	bool is_ipv6;
};

/* Lines about blocked networks would otherwise be a way to fill the log. */
#define RRL_LINES_PER_S 10

/* One worker's. */
struct rrl {
	struct rrl_bucket *buckets;
	size_t count;		/* below 2^32 */
	uint8_t key[SIPHASH_KEY_OCTETS];
	uint32_t limit, whitelist_limit;	/* doubled; 0: none */
	uint32_t slip;
	unsigned ipv4_prefix, ipv6_prefix;
	uint64_t random;	/* not 0; for which answers slip */
	int64_t line_second;
	unsigned lines, lines_kept_back;
};

enum rrl_verdict {
	RRL_PASS,
	RRL_SLIP,	/* truncated: who really asked comes again by TCP */
	RRL_DROP
};

/* From the configuration; buckets and key (nobody else's to know: who knows
 * it chooses what collides) stay the caller's. False: nothing is limited. */
bool rrl_start(struct rrl *l, const struct conf_server *c,
    struct rrl_bucket *buckets, size_t count,
    const uint8_t key[SIPHASH_KEY_OCTETS], uint64_t random);
/* Counts a complete answer over UDP. */
enum rrl_verdict rrl_judge(struct rrl *l, const struct reply *r);
