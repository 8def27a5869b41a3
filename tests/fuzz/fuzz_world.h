/* fuzz_world.h - the server that the fuzzers of queries ask: zones of every
 * kind of denial, one of them with a history, one without content; transfers
 * and NOTIFYs are allowed; cookies and rate limits are there to be turned on. */
#pragma once
#include "../unit/serve_kit.h"
#include "../unit/serve_zones.h"
#include "fuzz_guard.h"

#include "base/log.h"
#include "serve/cookie.h"
#include "serve/rrl.h"

#define FUZZ_NOW 1500000000
#define FUZZ_BUCKETS 16
#define FUZZ_MESSAGES_MAX 64	/* of a transfer of these zones */
/* What a signature takes at most; a query without one takes nothing. */
#define FUZZ_SIGNED_OCTETS 16384

static struct kit *kit;
static struct conf_key key;
static const struct tsig_key *keys[] = { &key.tsig };
static struct cookie_jar cookies;
static struct rrl_bucket buckets[FUZZ_BUCKETS];
static struct rrl rrl;

/* ---- the server ---- */

static inline bool
fuzz_note(void *arg, uint32_t id, const struct addr *from, const char *name,
    bool has_serial, uint32_t serial)
{
	(void)arg;
	(void)from;
	require(id > 0 && id < 6);
	require(name == NULL || strlen(name) < NAME_TEXT_MAX);
	return !has_serial || (serial & 1) == 0;
}

static inline void
fuzz_history(void)
{
	kit_patch(kit, 2, "second. 300 IN SOA ns.second. host.second. 7 3600 "
	    "600 86400 100\n"
	    "second. 300 IN SOA ns.second. host.second. 8 3600 600 86400 "
	    "100\nnew.second. 300 IN A 192.0.2.50\n");
}

static inline void
fuzz_limits(void)
{
	static const uint8_t siphash_key[SIPHASH_KEY_OCTETS] = { 1 };
	struct conf_server c = { .rrl_ratelimit = 2,
		.rrl_whitelist_ratelimit = 4, .rrl_slip = 2,
		.rrl_ipv4_prefix_length = 24, .rrl_ipv6_prefix_length = 64 };
	struct cookie_secrets secrets = { .count = 2, .at = { { 1 }, { 2 } } };
	require(rrl_start(&rrl, &c, buckets, FUZZ_BUCKETS, siphash_key, 1));
	cookie_jar_put(&cookies, &secrets);
}

/* peer: who asks, and may transfer and notify, signed or not. */
static inline void
fuzz_world(const char *peer, enum acl_signer signer)
{
	log_set_verbosity(-1);
	guard_start();
	kit = kit_create();
	kit_add(kit, 1, "example.", zone_example, KIT_NSEC3);
	kit_add(kit, 2, "second.", zone_second, KIT_UNSIGNED);
	kit_add(kit, 3, "small.example.", zone_small, KIT_NSEC);
	kit_add_empty(kit, 4, "empty.");
	kit_add(kit, 5, ".", ". 9 IN SOA a. b. 1 2 3 4 5\n. 9 IN NS a.\n"
	    "com. 9 IN NS ns.com.\nns.com. 9 IN A 192.0.2.1\n", KIT_OPT_OUT);
	fuzz_history();
	fuzz_limits();
	key.tsig = (struct tsig_key){ .name = kit_name("k."),
		.alg = TSIG_HMAC_SHA256, .secret = (const uint8_t *)"s",
		.secret_len = 1 };
	kit->serve.keys = keys;
	kit->serve.key_count = 1;
	kit->serve.hooks.notify = fuzz_note;
	kit->peer = peer;
	for (uint32_t id = 1; id < 6; id++) {
		kit->conf[id].provide_xfr = kit_acl(kit, id, peer, signer);
		kit->acl[id].key = signer == ACL_KEY ? &key : NULL;
		kit->conf[id].allow_notify = kit->conf[id].provide_xfr;
	}
}

/* The id of a message means nothing to a server: it chooses how this one is
 * configured. */
static inline void
fuzz_configure(uint16_t id)
{
	struct serve *s = &kit->serve;
	memset(buckets, 0, sizeof(buckets));
	s->minimal_responses = (id & 1) != 0;
	s->round_robin = (id & 2) != 0;
	s->confine_to_zone = (id & 4) != 0;
	s->refuse_any = (id & 8) != 0;
	s->drop_updates = (id & 16) != 0;
	s->cookies = (id & 32) != 0 ? &cookies : NULL;
	s->rrl = (id & 64) != 0 ? &rrl : NULL;
	s->identity[0] = (id & 128) != 0 ? '\0' : 'h';
	kit->states[1].flags = (id & 256) != 0 ? SERVE_ZONE_EXPIRED : 0;
	kit->states[2].expires_at_s = (id & 512) != 0 ? FUZZ_NOW + 5 : 0;
}

/* kit_run, and what it may allocate. */
static inline enum query_act
fuzz_run(size_t len, unsigned flags)
{
	guard_count();
	enum query_act act = kit_run(kit, len, flags);
	size_t allocated = guard_counted();
	const struct tsig *t = &kit->query.tsig;
	require(allocated == 0 || ((t->key != NULL || t->error != 0) &&
	    allocated <= FUZZ_SIGNED_OCTETS));
	return act;
}

/* Our own reader takes what we write. */
static inline void
fuzz_check_message(uint8_t *octets, size_t len)
{
	static uint8_t scratch[MSG_MAX_OCTETS];
	static struct msg_reader m;
	enum section section;
	struct rr rr;
	enum err e;
	require(msg_read(&m, octets, len, scratch) == OK);
	require((m.flags & MSG_QR) != 0);
	while ((e = msg_take_rr(&m, &section, &rr)) == OK)
		;
	require(e == ERR_NOT_FOUND);
}

/* All messages of the transfer that the query began, each given to check. */
static inline void
fuzz_run_transfer(void (*check)(uint8_t *octets, size_t len))
{
	static uint8_t message[MSG_MAX_OCTETS];
	struct xfr_out *x = NULL;
	enum xfr_out_result r = XFR_OUT_MORE;
	unsigned n = 0;
	require(xfr_out_start(&kit->serve, &kit->query, &x) == OK);
	while (r == XFR_OUT_MORE && n++ < FUZZ_MESSAGES_MAX) {
		size_t len = 0;
		r = xfr_out_next(x, FUZZ_NOW, message, sizeof(message), &len);
		require(r != XFR_OUT_ERROR);
		check(message, len);
	}
	require(r == XFR_OUT_DONE);
	xfr_out_end(&x);
}
