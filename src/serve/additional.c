/* additional.c - addresses of the hosts that an answer names (RFC 1034 4.3.2
 * step 6, RFC 9471), and what else the asker would ask for next: services
 * of RFC 3404 and RFC 9460 4.1, locators of RFC 6742, RFC 1183.
 * Runs in: worker, candidate's worker. What does not fit is left out; only
 * glue below the cut of a referral is required. */
#include "serve/additional.h"

#include <string.h>

#define L32 105	/* RFC 6742 */
#define L64 106
#define LP 107
#define X25 19	/* RFC 1183 */
#define ISDN 20

#define LEADS_TYPES_MAX 4
#define PASSES_MAX 4	/* an alias of an alias of a service */

/* Which types lead to a name, where in their rdata it stands, and what the
 * asker will want of it (ended by 0). */
struct lead_row {
	bool leads;
	uint8_t offset;
	uint16_t types[LEADS_TYPES_MAX];
};

#define ADDRESSES TYPE_A, TYPE_AAAA

static const struct lead_row rows[LP + 1] = {
	[TYPE_NS] = { true, 0, { ADDRESSES } },
	[TYPE_MB] = { true, 0, { ADDRESSES } },
	[TYPE_MX] = { true, 2, { ADDRESSES } },
	[TYPE_AFSDB] = { true, 2, { ADDRESSES } },
	[TYPE_RT] = { true, 2, { ADDRESSES, X25, ISDN } },
	[TYPE_SRV] = { true, 6, { ADDRESSES } },
	[TYPE_NAPTR] = { true, 0, { 0 } },	/* its strings say both */
	[TYPE_KX] = { true, 2, { ADDRESSES } },
	[TYPE_SVCB] = { true, 2, { ADDRESSES } },
	[TYPE_HTTPS] = { true, 2, { ADDRESSES } },
	[LP] = { true, 2, { L32, L64 } },
};

/* Null for most: seen without looking at their records. */
static const struct lead_row *
row_of(uint16_t type)
{
	return type <= LP && rows[type].leads ? &rows[type] : NULL;
}

struct lead {
	const uint8_t *name;	/* null: nowhere */
	uint16_t types[LEADS_TYPES_MAX];
};

/* "." is the owner, or as an alias nothing at all (RFC 9460 2.5). */
static void
read_svcb(const struct rr *rr, bool is_synthesised, struct lead *l)
{
	bool is_alias = octets_u16(rr->rdata) == 0;
	if (is_alias)
		l->types[2] = rr->type;
	if (name_is_root(l->name))
		l->name = is_alias || is_synthesised ? NULL : rr->owner;
}

/* The flags say what the replacement is (RFC 3404 4.3). */
static void
read_naptr(const struct rr *rr, struct lead *l)
{
	const uint8_t *flags = rr->rdata + 4;
	l->name = flags;
	for (unsigned strings = 0; strings < 3; strings++)
		l->name += 1 + l->name[0];
	switch (flags[0] == 1 ? flags[1] : 0) {
	case 's':
	case 'S':
		l->types[0] = TYPE_SRV;
		break;
	case 'a':
	case 'A':
		l->types[0] = TYPE_A;
		l->types[1] = TYPE_AAAA;
		break;
	default:
		l->name = NULL;
	}
}

static struct lead
lead_of(const struct lead_row *row, const struct rr *rr, bool is_synthesised)
{
	struct lead l = { .name = rr->rdata + row->offset };
	memcpy(l.types, row->types, sizeof(l.types));
	if (rr->type == TYPE_SVCB || rr->type == TYPE_HTTPS)
		read_svcb(rr, is_synthesised, &l);
	else if (rr->type == TYPE_NAPTR)
		read_naptr(rr, &l);
	return l;
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
put_types(struct reply *r, const struct reply_rrset *from,
    const struct zone_node *host, const struct lead *l, enum reply_want want)
{
	for (unsigned i = 0; i < LEADS_TYPES_MAX && l->types[i] != 0; i++) {
		struct reply_rrset what = { .zone = from->zone, .node = host,
			.type = l->types[i], .want = want };
		if (reply_shows(r, host, l->types[i]))
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
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	const struct lead_row *row = row_of(from->type);
	if (row == NULL ||
	    !node_rrset(from->zone, from->node, from->type, &rs))
		return true;
	while (rrset_next(&rs, &at, &rr)) {
		struct lead l = lead_of(row, &rr,
		    from->is_synthesised);
		if (l.name == NULL ||
		    !name_is_at_or_below(l.name, zone_apex(from->zone)))
			continue;
		bool is_glue = referral != NULL && name_is_at_or_below(l.name,
		    node_owner(from->zone, referral));
		if (is_glue != (want == WANT_REQUIRED))
			continue;
		const struct zone_node *n = zone_find(from->zone, l.name);
		if (n == NULL || !is_showable(from->zone, n, from->type))
			continue;
		if (!put_types(r, from, n, &l, want))
			return false;
	}
	return true;
}

/* What was added because of a record may itself lead on: NAPTR to SRV, SVCB
 * to SVCB, both to addresses. */
static void
follow_leads(struct reply *r, unsigned from)
{
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		unsigned end = r->shown_count;
		for (; from < end; from++)
			put_hosts(r, &r->shown[from], NULL, WANT_OPTIONAL);
	}
}

void
additional_put(struct reply *r, const struct zone_node *referral)
{
	/* What is added below is shown too. */
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
	follow_leads(r, n);
}
