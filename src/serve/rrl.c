/* rrl.c - response rate limiting (a server that anybody can make send large
 * answers to anybody else is an amplifier).
 * Runs in: worker. No allocation, no I/O but the log. Two flows that meet in
 * one bucket push each other out, which at worst lets answers through; the
 * key keeps anybody from arranging that. */
#include "serve/rrl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "conf/conf.h"
#include "serve/reply.h"

#define FORGET_S 16	/* after so many seconds without, rates are 0 */
#define NETWORK_OCTETS 8

static const struct {
	const char *name;
	enum rrl_class class;
} classes[] = {
#define RRL_CLASS(name, constant, bit) { name, RRL_##constant },
#include "tables/rrl_classes.def"
#undef RRL_CLASS
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* An answer as it is counted. */
struct flow {
	uint64_t network;
	const uint8_t *name;	/* null: none */
	uint16_t class;
	bool is_ipv6;
	bool is_whitelisted;
	uint32_t limit;
};

bool
rrl_start(struct rrl *l, const struct conf_server *c,
    struct rrl_bucket *buckets, size_t count,
    const uint8_t key[SIPHASH_KEY_OCTETS], uint64_t random)
{
	*l = (struct rrl){ .buckets = buckets, .count = count,
		.limit = 2 * (uint32_t)c->rrl_ratelimit,
		.whitelist_limit = 2 * (uint32_t)c->rrl_whitelist_ratelimit,
		.slip = (uint32_t)c->rrl_slip,
		.ipv4_prefix = (unsigned)c->rrl_ipv4_prefix_length,
		.ipv6_prefix = (unsigned)c->rrl_ipv6_prefix_length,
		.random = random | 1 };
	memcpy(l->key, key, sizeof(l->key));
	return count > 0 && (l->limit > 0 || l->whitelist_limit > 0);
}

static const char *
class_name(unsigned class)
{
	for (size_t i = 0; i < CLASSES; i++)
		if (class == classes[i].class)
			return classes[i].name;
	return "unknown";
}

/* The first bits of the address; of IPv6 64 at most. */
static uint64_t
network_of(const struct rrl *l, const struct addr *peer)
{
	uint8_t octets[NETWORK_OCTETS] = { 0 };
	const uint8_t *address;
	size_t n = addr_octets(peer, &address);
	unsigned prefix = n == 4 ? l->ipv4_prefix : l->ipv6_prefix;
	if (n > 0)
		memcpy(octets, address, n < NETWORK_OCTETS ? n :
		    NETWORK_OCTETS);
	uint64_t bits = octets_u64(octets);
	return prefix == 0 ? 0 : bits & ~UINT64_C(0) << (64 - prefix);
}

/* The kind of the answer and the name that it is about: names that an asker
 * can make up at will share that of their zone. */
static void
classify(const struct reply *r, struct flow *f)
{
	const uint8_t *qname = r->has_question ? r->q->reader.qname.octets :
	    NULL;
	f->name = r->q->zone.apex;
	if (r->rcode == RCODE_NXDOMAIN) {
		f->class = RRL_NXDOMAIN;
	} else if (r->rcode != RCODE_NOERROR) {
		f->class = RRL_ERROR;
	} else if (r->delegation != NULL) {
		f->class = RRL_REFERRAL;
		f->name = r->delegation;
	} else if (r->qtype == TYPE_ANY || r->qtype == TYPE_RRSIG) {
		f->class = r->qtype == TYPE_ANY ? RRL_ANY : RRL_RRSIG;
		f->name = r->wildcard != NULL ? r->wildcard : qname;
	} else if (r->wildcard != NULL) {
		f->class = RRL_WILDCARD;
		f->name = r->wildcard;
	} else if (r->w.counts[1 + SECTION_ANSWER] == 0) {
		f->class = RRL_NODATA;
	} else {
		f->class = r->qtype == TYPE_DNSKEY ? RRL_DNSKEY : RRL_POSITIVE;
		f->name = qname;
	}
}

static bool
is_whitelisted(const struct reply *r, unsigned class)
{
	const struct conf_zone *z = r->q->zone.apex == NULL ? NULL :
	    serve_zone_conf(r->s, r->q->zone.id);
	for (size_t i = 0; z != NULL && i < z->rrl_whitelist.n; i++)
		if (strcmp(z->rrl_whitelist.at[i], "all") == 0 ||
		    strcmp(z->rrl_whitelist.at[i], class_name(class)) == 0)
			return true;
	return false;
}

static uint64_t
hash_of(const struct rrl *l, const struct flow *f)
{
	uint8_t input[NETWORK_OCTETS + 3 + NAME_MAX_OCTETS];
	size_t n = f->name != NULL ? name_len(f->name) : 0;
	octets_set_u64(input, f->network);
	octets_set_u16(input + NETWORK_OCTETS, f->class);
	input[NETWORK_OCTETS + 2] = f->is_ipv6;
	for (size_t i = 0; i < n; i++)
		input[NETWORK_OCTETS + 3 + i] = name_fold[f->name[i]];
	return siphash_13(l->key, input, NETWORK_OCTETS + 3 + n);
}

static const char *
network_text(const struct rrl *l, uint64_t network, bool is_ipv6,
    char text[ADDR_TEXT_MAX])
{
	uint8_t octets[16] = { 0 };
	char address[INET6_ADDRSTRLEN] = "";
	octets_set_u64(octets, network);
	inet_ntop(is_ipv6 ? AF_INET6 : AF_INET, octets, address,
	    sizeof(address));
	snprintf(text, ADDR_TEXT_MAX, "%s/%u", address,
	    is_ipv6 ? l->ipv6_prefix : l->ipv4_prefix);
	return text;
}

static bool
may_log(struct rrl *l, int64_t now_s)
{
	if (now_s != l->line_second) {
		if (l->lines_kept_back > 0)
			ev_ratelimit_quiet(l->lines_kept_back);
		l->line_second = now_s;
		l->lines = l->lines_kept_back = 0;
	}
	if (l->lines < RRL_LINES_PER_S) {
		l->lines++;
		return true;
	}
	l->lines_kept_back++;
	return false;
}

static void
say(struct rrl *l, const struct reply *r, const struct flow *f,
    const char *what)
{
	char name[NAME_TEXT_MAX], network[ADDR_TEXT_MAX], from[ADDR_TEXT_MAX];
	char type[16];
	if (!may_log(l, r->q->now_s))
		return;
	ev_ratelimit(what, f->name != NULL ? name_text(f->name, name) : "",
	    class_name(f->class), f->is_whitelisted ? "(whitelisted)" : "",
	    network_text(l, f->network, f->is_ipv6, network),
	    addr_text(&r->q->peer, from), rrtype_text(r->qtype, type));
}

static void
say_pushed_out(struct rrl *l, const struct reply *r,
    const struct rrl_bucket *b)
{
	char network[ADDR_TEXT_MAX];
	if (may_log(l, r->q->now_s))
		ev_ratelimit_collision(class_name(b->class),
		    network_text(l, b->network, b->is_ipv6, network));
}

static uint32_t
level_of(const struct rrl_bucket *b)
{
	uint32_t next = b->count + b->rate / 2;
	return next > b->rate ? next : b->rate;
}

/* One more answer, in this second. */
static void
count(struct rrl_bucket *b, uint32_t second)
{
	uint32_t passed = second - b->second;	/* huge if time went back */
	if (passed == 0) {
		b->count++;
		return;
	}
	b->rate = passed > FORGET_S ? 0 :
	    (b->rate >> passed) + (b->count >> (passed - 1));
	b->count = 1;
	b->second = second;
}

static bool
is_of(const struct rrl_bucket *b, const struct flow *f, uint32_t tag)
{
	return b->tag == tag && b->network == f->network &&
	    b->class == f->class && b->is_ipv6 == f->is_ipv6;
}

static bool
exceeds(struct rrl *l, const struct reply *r, const struct flow *f)
{
	uint64_t hash = hash_of(l, f);
	uint32_t tag = (uint32_t)hash, now = (uint32_t)r->q->now_s;
	/* The upper half chooses the place, the lower one tells apart. */
	struct rrl_bucket *b = &l->buckets[(hash >> 32) * l->count >> 32];
	if (!is_of(b, f, tag)) {
		if (l->limit > 0 && level_of(b) >= l->limit)
			say_pushed_out(l, r, b);
		*b = (struct rrl_bucket){ .network = f->network, .tag = tag,
			.second = now, .count = 1, .class = f->class,
			.is_ipv6 = f->is_ipv6 };
		return false;
	}
	bool was_blocked = level_of(b) >= f->limit;
	count(b, now);
	bool is_blocked = level_of(b) >= f->limit;
	if (was_blocked != is_blocked)
		say(l, r, f, is_blocked ? "block" : "unblock");
	return is_blocked;
}

static uint64_t
next_random(struct rrl *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random >> 32;
}

enum rrl_verdict
rrl_judge(struct rrl *l, const struct reply *r)
{
	struct flow f = { .network = network_of(l, &r->q->peer),
		.is_ipv6 = r->q->peer.sa.sa_family == AF_INET6 };
	classify(r, &f);
	f.is_whitelisted = is_whitelisted(r, f.class);
	f.limit = f.is_whitelisted ? l->whitelist_limit : l->limit;
	if (f.limit == 0 || !exceeds(l, r, &f))
		return RRL_PASS;
	return l->slip > 0 && next_random(l) % l->slip == 0 ? RRL_SLIP :
	    RRL_DROP;
}
