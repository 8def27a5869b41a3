/* denial.c - proofs that something does not exist: which NSEC or NSEC3 an
 * answer needs (RFC 4035 3.1.3, RFC 5155 7.2).
 * Runs in: worker, candidate's worker. No allocation; at most three hashes
 * for a name. */
#include "serve/denial.h"

/* Where the store does not know which empty non-terminals have an NSEC3, one
 * that has is searched upwards; what is deeper than this gets an incomplete
 * proof rather than cost us time. */
#define HASHES_MAX 12

enum chain { CHAIN_NONE, CHAIN_NSEC, CHAIN_NSEC3, CHAIN_UNUSABLE };

struct hashed {
	const struct zone_node *node;
	bool is_match;
};

static enum chain
chain_of(struct reply *r, const struct zone_version *z,
    struct nsec3_params *p)
{
	if (!reply_is_dnssec(r) || !zone_is_signed(z))
		return CHAIN_NONE;
	if (zone_nsec3_params(z, p)) {
		if (p->iterations <= NSEC3_ITERATIONS_MAX)
			return CHAIN_NSEC3;
		reply_error(r, RCODE_SERVFAIL,
		    EDE_UNSUPPORTED_NSEC3_ITERATIONS, NULL);
		return CHAIN_UNUSABLE;
	}
	return zone_uses_nsec(z) ? CHAIN_NSEC : CHAIN_NONE;
}

static void
want_nsec(struct reply *r, const struct zone_version *z,
    const struct zone_node *node)
{
	if (node != NULL)
		reply_want(r, z, node, TYPE_NSEC, WANT_REQUIRED);
}

static void
want_nsec3(struct reply *r, const struct zone_version *z,
    const struct zone_node *node)
{
	if (node != NULL)
		reply_want(r, z, node, TYPE_NSEC3, WANT_REQUIRED);
}

static struct hashed
find_hashed(const struct zone_version *z, const struct nsec3_params *p,
    const uint8_t *name)
{
	uint8_t hash[NSEC3_HASH_OCTETS];
	struct hashed h = { .is_match = false };
	nsec3_hash(p, name, hash);
	h.node = zone_nsec3_cover(z, p, hash, &h.is_match);
	return h;
}

static void
want_hashed(struct reply *r, const struct zone_version *z,
    const struct nsec3_params *p, const uint8_t *name)
{
	want_nsec3(r, z, find_hashed(z, p, name).node);
}

/* The name one label below the encloser on the way to name. */
static const uint8_t *
next_closer(const uint8_t *name, unsigned encloser_labels)
{
	unsigned labels = name_labels(name);
	ASSERT(labels > encloser_labels);
	return name_strip(name, labels - encloser_labels - 1);
}

static const uint8_t *
encloser_of(const uint8_t *name, unsigned encloser_labels)
{
	return name_strip(name, name_labels(name) - encloser_labels);
}

/* RFC 5155 7.2.1 for a name that does not exist; the encloser, of so many
 * labels, does. Under opt-out it may have no NSEC3 itself: then it is the
 * one above it that has. covers: what covers the name itself, or null. */
static void
want_closest_encloser(struct reply *r, const struct zone_version *z,
    const struct nsec3_params *p, const uint8_t *name, unsigned *labels,
    const struct zone_node *covers)
{
	unsigned apex_labels = name_labels(zone_apex(z));
	bool is_known = zone_nsec3_encloser(z, name, labels);
	struct hashed h = find_hashed(z, p, encloser_of(name, *labels));
	for (unsigned i = 1; !is_known && i < HASHES_MAX && !h.is_match &&
	    *labels > apex_labels; i++)
		h = find_hashed(z, p, encloser_of(name, --*labels));
	want_nsec3(r, z, h.node);
	const uint8_t *closer = next_closer(name, *labels);
	if (closer == name && covers != NULL)
		want_nsec3(r, z, covers);
	else
		want_hashed(r, z, p, closer);
}

/* RFC 5155 7.2.3 and 7.2.4: the match; else, under opt-out, the closest
 * encloser that can be proven. */
static void
want_match(struct reply *r, const struct zone_version *z,
    const struct nsec3_params *p, const uint8_t *name)
{
	unsigned own = name_labels(name), labels = own;
	struct hashed h = { .node = NULL };
	(void)zone_nsec3_encloser(z, name, &labels);
	if (labels == own)
		h = find_hashed(z, p, name);
	if (h.is_match || own <= name_labels(zone_apex(z))) {
		want_nsec3(r, z, h.node);
		return;
	}
	if (labels == own)
		labels--;
	want_closest_encloser(r, z, p, name, &labels, h.node);
}

bool
denial_nxdomain(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w)
{
	struct nsec3_params p;
	struct name wildcard;
	unsigned labels = w->encloser_labels;
	switch (chain_of(r, z, &p)) {
	case CHAIN_NONE:
		return true;
	case CHAIN_UNUSABLE:
		return false;
	case CHAIN_NSEC:
		want_nsec(r, z, w->nsec);
		if (name_wildcard_of(encloser_of(name, labels), &wildcard))
			want_nsec(r, z, zone_nsec_cover(z, wildcard.octets));
		return true;
	case CHAIN_NSEC3:
		want_closest_encloser(r, z, &p, name, &labels, NULL);
		if (name_wildcard_of(encloser_of(name, labels), &wildcard))
			want_hashed(r, z, &p, wildcard.octets);
		return true;
	}
	return false;
}

bool
denial_nodata(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w)
{
	struct nsec3_params p;
	switch (chain_of(r, z, &p)) {
	case CHAIN_NONE:
		return true;
	case CHAIN_UNUSABLE:
		return false;
	case CHAIN_NSEC:
		want_nsec(r, z, w->nsec);
		return true;
	case CHAIN_NSEC3:
		want_match(r, z, &p, name);
		return true;
	}
	return false;
}

bool
denial_wildcard_nodata(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w)
{
	struct nsec3_params p;
	struct name wildcard;
	unsigned labels = w->encloser_labels;
	/* It was found, so its name is no longer than a name may be. */
	bool fits = name_wildcard_of(encloser_of(name, labels), &wildcard);
	ASSERT(fits);
	switch (chain_of(r, z, &p)) {
	case CHAIN_NONE:
		return true;
	case CHAIN_UNUSABLE:
		return false;
	case CHAIN_NSEC:
		want_nsec(r, z, w->nsec);
		want_nsec(r, z, zone_nsec_cover(z, wildcard.octets));
		return true;
	case CHAIN_NSEC3:
		want_closest_encloser(r, z, &p, name, &labels, NULL);
		want_hashed(r, z, &p, wildcard.octets);
		return true;
	}
	return false;
}

bool
denial_wildcard_answer(struct reply *r, const struct zone_version *z,
    const uint8_t *name, const struct zone_walk *w)
{
	struct nsec3_params p;
	switch (chain_of(r, z, &p)) {
	case CHAIN_NONE:
		return true;
	case CHAIN_UNUSABLE:
		return false;
	case CHAIN_NSEC:
		want_nsec(r, z, w->nsec);
		return true;
	case CHAIN_NSEC3:
		want_hashed(r, z, &p, next_closer(name, w->encloser_labels));
		return true;
	}
	return false;
}

bool
denial_no_ds(struct reply *r, const struct zone_version *z,
    const struct zone_node *cut)
{
	struct nsec3_params p;
	switch (chain_of(r, z, &p)) {
	case CHAIN_NONE:
		return true;
	case CHAIN_UNUSABLE:
		return false;
	case CHAIN_NSEC:
		want_nsec(r, z, cut);
		return true;
	case CHAIN_NSEC3:
		want_match(r, z, &p, node_owner(z, cut));
		return true;
	}
	return false;
}
