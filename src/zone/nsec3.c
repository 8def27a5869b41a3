/* nsec3.c - which NSEC3 matches or covers a hash (RFC 5155 7.2).
 * Runs in: workers, store, candidate. Never writes, allocates nothing. */
#include <limits.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"
#include "zone/version.h"

#define LABEL_OCTETS (NSEC3_HASH_OCTETS * 8 / 5)
/* Records of another chain (a change of salt is under way) stand between
 * those of ours; a zone that holds more of them in a row is not usable. */
#define FOREIGN_MAX 4096

bool
nsec3_hash_of_owner(const uint8_t *owner, uint8_t hash[NSEC3_HASH_OCTETS])
{
	uint64_t held = 0;
	if (*owner != LABEL_OCTETS)
		return false;
	for (unsigned i = 0; i < LABEL_OCTETS; i++) {
		uint8_t c = name_fold[owner[1 + i]];
		if (c >= '0' && c <= '9')
			held = held << 5 | (c - (unsigned)'0');
		else if (c >= 'a' && c <= 'v')
			held = held << 5 | (c - (unsigned)'a' + 10);
		else
			return false;
		if (i % 8 != 7)
			continue;
		hash[i / 8 * 5] = (uint8_t)(held >> 32);
		octets_set_u32(hash + i / 8 * 5 + 1, (uint32_t)held);
	}
	return true;
}

bool
nsec3_is_opt_out(const struct rr *rr)
{
	return rr->type == TYPE_NSEC3 && rr->rdata_len >= 2 &&
	    (rr->rdata[1] & 1) != 0;
}

static bool
has_params(const struct zone_version *z, const struct zone_node *n,
    const struct nsec3_params *p)
{
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	if (!node_rrset(z, n, TYPE_NSEC3, &rs))
		return false;
	while (rrset_next(&rs, &at, &rr)) {
		const uint8_t *d = rr.rdata;
		if (rr.rdata_len >= 5 && d[0] == p->algorithm &&
		    octets_u16(d + 2) == p->iterations &&
		    d[4] == p->salt_len && rr.rdata_len >= 5 + d[4] &&
		    memcmp(d + 5, p->salt, p->salt_len) == 0)
			return true;
	}
	return false;
}

/* One step of the way to a leaf. */
struct chain_step {
	const struct twig *array;
	unsigned taken;
};
struct chain {
	unsigned depth;
	struct chain_step step[KEY_ROOM];
	struct twig at;		/* the leaf */
};

/* From a twig to the last leaf below it. */
static void
go_last(const struct zone_version *z, struct chain *c, struct twig t)
{
	while (twig_is_branch(&t)) {
		struct chain_step *s = c->step + c->depth++;
		s->array = twig_array(z->base, t.ref);
		s->taken = branch_count(twig_word(&t)) - 1;
		t = s->array[s->taken];
	}
	c->at = t;
}

/* To the leaf before this one; from the first to the last. */
static void
go_back(const struct zone_version *z, struct chain *c)
{
	while (c->depth > 0 && c->step[c->depth - 1].taken == 0)
		c->depth--;
	if (c->depth == 0) {
		go_last(z, c, z->nsec3);
		return;
	}
	struct chain_step *s = c->step + c->depth - 1;
	go_last(z, c, s->array[--s->taken]);
}

/* To the leaf of the key, or the last one before it; from before the first to
 * the last. */
static bool
go_to(const struct zone_version *z, struct chain *c, const struct zkey *k)
{
	uint16_t offset[KEY_ROOM];
	struct twig t = z->nsec3;
	c->depth = 0;
	while (twig_is_branch(&t)) {
		uint64_t word = twig_word(&t);
		struct chain_step *s = c->step + c->depth;
		unsigned symbol = key_at(k, branch_offset(word));
		offset[c->depth++] = (uint16_t)branch_offset(word);
		s->array = twig_array(z->base, t.ref);
		s->taken = branch_rank(word, symbol);
		if (!branch_has(word, symbol) && s->taken > 0)
			s->taken--;
		t = s->array[s->taken];
	}
	c->at = t;
	struct key_meeting m = key_meet(k, node_at(z, t.ref)->octet,
	    z->apex_labels);
	unsigned d = m.at;
	if (d == UINT_MAX)
		return true;
	/* All below the first step beyond d stands on one side of the key; at
	 * d itself the nearest lower twig was taken, if there is one. */
	bool is_after = m.symbol > key_at(k, d);
	while (c->depth > 0 && offset[c->depth - 1] > d)
		c->depth--;
	if (is_after && c->depth > 0 && offset[c->depth - 1] == d)
		c->depth--;
	if (is_after) {
		go_back(z, c);
	} else if (c->depth > 0) {
		struct chain_step *s = c->step + c->depth - 1;
		go_last(z, c, s->array[s->taken]);
	} else {
		go_last(z, c, z->nsec3);
	}
	return false;
}

const struct zone_node *
zone_nsec3_cover(const struct zone_version *z, const struct nsec3_params *p,
    const uint8_t hash[NSEC3_HASH_OCTETS], bool *is_match)
{
	struct zkey k;
	struct chain c;
	*is_match = false;
	if (twig_is_empty(&z->nsec3))
		return NULL;
	key_of_base32hex(&k, hash, NSEC3_HASH_OCTETS);
	bool found = go_to(z, &c, &k);
	for (unsigned i = 0; i < FOREIGN_MAX; i++, go_back(z, &c)) {
		const struct zone_node *n = node_at(z, c.at.ref);
		if (has_params(z, n, p)) {
			*is_match = found && i == 0;
			return n;
		}
	}
	return NULL;
}

bool
version_has_nsec3(const struct zone_version *z, const struct nsec3_params *p,
    const uint8_t hash[NSEC3_HASH_OCTETS])
{
	struct zkey k;
	struct twig t = z->nsec3;
	if (twig_is_empty(&t))
		return false;
	key_of_base32hex(&k, hash, NSEC3_HASH_OCTETS);
	while (twig_is_branch(&t)) {
		uint64_t word = twig_word(&t);
		unsigned symbol = key_at(&k, branch_offset(word));
		if (!branch_has(word, symbol))
			return false;
		t = twig_array(z->base, t.ref)[branch_rank(word, symbol)];
	}
	const struct zone_node *n = node_at(z, t.ref);
	return key_meet(&k, n->octet, z->apex_labels).at == UINT_MAX &&
	    has_params(z, n, p);
}
