/* version.c - facts about a zone version, and its steps.
 * Runs in: store and its forks. Never writes. */
#include "zone/version.h"

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/node.h"

const uint8_t *
zone_apex(const struct zone_version *z)
{
	return z->apex;
}

uint32_t
zone_serial(const struct zone_version *z)
{
	return z->serial;
}

const struct zone_digest *
zone_digest(const struct zone_version *z)
{
	return &z->digest;
}

uint64_t
zone_record_count(const struct zone_version *z)
{
	return z->records;
}

uint64_t
zone_node_count(const struct zone_version *z)
{
	return z->nodes;
}

uint64_t
zone_wire_octets(const struct zone_version *z)
{
	return z->wire_octets;
}

const struct zone_node *
zone_apex_node(const struct zone_version *z)
{
	return node_at(z, z->apex_node);
}

bool
zone_is_signed(const struct zone_version *z)
{
	return z->flags & VERSION_SIGNED;
}

bool
zone_uses_nsec(const struct zone_version *z)
{
	return z->flags & VERSION_NSEC;
}

bool
zone_nsec3_params(const struct zone_version *z, struct nsec3_params *p)
{
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	if (!node_rrset(z, zone_apex_node(z), TYPE_NSEC3PARAM, &rs))
		return false;
	while (rrset_next(&rs, &at, &rr)) {
		const uint8_t *d = rr.rdata;
		/* Algorithm, flags, iterations, salt; only SHA-1 is defined,
		 * and flags other than 0 are not ours to use (4.1.2). */
		if (rr.rdata_len < 5 || rr.rdata_len != 5 + d[4] ||
		    d[0] != 1 || d[1] != 0)
			continue;
		*p = (struct nsec3_params){ .algorithm = d[0],
			.iterations = octets_u16(d + 2), .salt_len = d[4],
			.salt = d + 5 };
		return true;
	}
	return false;
}

unsigned
zone_step_count(const struct zone_version *z)
{
	return z->n_steps;
}

bool
zone_step(const struct zone_version *z, unsigned i, struct zone_step *s)
{
	const struct zone_step_row *rows = (const void *)node_at(z, z->steps);
	if (i >= z->n_steps)
		return false;
	s->from = rows[i].from;
	s->to = rows[i].to;
	s->octets = (const uint8_t *)node_at(z, rows[i].octets_ref);
	s->len = rows[i].len;
	return true;
}

void
version_key_of(const void *arg, uint32_t ref, struct zkey *k)
{
	const struct zone_version *z = arg;
	key_of_name(k, node_at(z, ref)->octet, z->apex_labels);
}

bool
record_is_nsec3(const struct rr *rr, unsigned apex_labels)
{
	bool is_chain = rr->type == TYPE_NSEC3 || (rr->type == TYPE_RRSIG &&
	    rr->rdata_len >= 2 && octets_u16(rr->rdata) == TYPE_NSEC3);
	return is_chain && name_labels(rr->owner) == apex_labels + 1;
}
