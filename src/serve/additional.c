/* additional.c - addresses of the hosts that an answer names (RFC 1034 4.3.2
 * step 6, RFC 9471).
 * Runs in: worker, candidate's worker. What does not fit is left out; only
 * glue below the cut of a referral is required. */
#include "serve/additional.h"

#define NO_HOST UINT16_MAX

/* Where the host name stands in the rdata of a type. */
static uint16_t
host_offset(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
	case TYPE_MB:
		return 0;
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_RT:
	case TYPE_KX:
		return 2;
	case TYPE_SRV:
		return 6;
	}
	return NO_HOST;
}

/* Glue only for name servers; anything else must be ours to say. */
static bool
is_showable(const struct zone_version *z, const struct zone_node *host,
    uint16_t for_type)
{
	if (for_type == TYPE_NS)
		return true;
	return !node_is_cut(host) && !node_is_occluded(z, host);
}

static bool
put_addresses(struct reply *r, const struct reply_rrset *from,
    const struct zone_node *host, enum reply_want want)
{
	static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
	for (unsigned i = 0; i < 2; i++) {
		struct reply_rrset what = { .zone = from->zone, .node = host,
			.type = types[i], .want = want };
		if (reply_shows(r, host, types[i]))
			continue;
		if (!reply_put_rrset(r, SECTION_ADDITIONAL, &what, NULL) &&
		    want != WANT_OPTIONAL)
			return false;
	}
	return true;
}

/* Only what is required, or only what is not. */
static bool
put_hosts(struct reply *r, const struct reply_rrset *from,
    const struct zone_node *referral, enum reply_want want)
{
	uint16_t offset = host_offset(from->type);
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	if (offset == NO_HOST ||
	    !node_rrset(from->zone, from->node, from->type, &rs))
		return true;
	while (rrset_next(&rs, &at, &rr)) {
		const uint8_t *host = rr.rdata + offset;
		bool is_glue = referral != NULL && name_is_at_or_below(host,
		    node_owner(from->zone, referral));
		if (is_glue != (want == WANT_REQUIRED) ||
		    !name_is_at_or_below(host, zone_apex(from->zone)))
			continue;
		const struct zone_node *n = zone_find(from->zone, host);
		if (n == NULL || !is_showable(from->zone, n, from->type))
			continue;
		if (!put_addresses(r, from, n, want))
			return false;
	}
	return true;
}

void
additional_put(struct reply *r, const struct zone_node *referral)
{
	/* What is added below is shown too, but names no hosts. */
	unsigned n = r->shown_count;
	if (referral != NULL)
		for (unsigned i = 0; i < n; i++)
			if (r->shown[i].node == referral && !put_hosts(r,
			    &r->shown[i], referral, WANT_REQUIRED))
				return;
	/* Who asks for name servers is about to ask them: their addresses
	 * are worth their octets (RFC 9609 4.2). */
	bool is_short = r->s->minimal_responses && referral == NULL;
	for (unsigned i = 0; i < n; i++)
		if (!is_short || r->shown[i].type == TYPE_NS)
			put_hosts(r, &r->shown[i], referral, WANT_OPTIONAL);
}
