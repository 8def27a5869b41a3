/* answer.c - the answer to a query for a zone that may be asked (RFC 1034
 * 4.3.2, RFC 2308, RFC 4035 3.1, RFC 4592, RFC 6672).
 * Runs in: worker, candidate's worker. Answer section first, noting what the
 * authority section needs; then authority; then additional. */
#include "serve/answer.h"

#include "serve/additional.h"
#include "serve/denial.h"
#include "serve/policy.h"

#define CHAIN_MAX 8	/* CNAMEs and DNAMEs followed */

enum go {
	GO_END,		/* the answer section is complete */
	GO_FOLLOW,	/* name has become the target of an alias */
	GO_FAILED	/* the reply is an error, or full: nothing more */
};

struct answer {
	struct reply *r;
	const struct zone_version *z;
	uint32_t zone_id;
	uint16_t qtype;
	struct name name;	/* the name looked up now */
	struct zone_walk w;
	const struct zone_node *referral;
	bool has_data;		/* the last name was answered with data that
				 * the zone's name servers go with */
	unsigned followed;
	uint64_t seen[CHAIN_MAX + 1]; /* hashes of names, against loops */
};

/* RFC 5155 7.2.8: the names of NSEC3 records exist for nobody who asks. */
static bool
is_nsec3_owner(const struct zone_version *z, const struct zone_node *n)
{
	unsigned at = 0;
	struct rrset rs;
	bool has_nsec3 = false;
	while (node_next_rrset(z, n, &at, &rs)) {
		if (rs.type != TYPE_NSEC3 && rs.type != TYPE_RRSIG)
			return false;
		has_nsec3 |= rs.type == TYPE_NSEC3;
	}
	return has_nsec3;
}

/* A name at or below such an owner has the apex as its closest encloser: all
 * NSEC3 owners stand right below it. */
static void
hide_nsec3_owner(struct answer *a)
{
	struct zone_walk *w = &a->w;
	const struct zone_node *n = w->exact != NULL ? w->exact : w->encloser;
	struct nsec3_params p;
	struct name wildcard;
	struct zone_walk star;
	if (n == NULL || !zone_nsec3_params(a->z, &p) ||
	    !is_nsec3_owner(a->z, n))
		return;
	w->exact = NULL;
	w->encloser = zone_apex_node(a->z);
	w->encloser_labels = name_labels(zone_apex(a->z));
	w->wildcard = NULL;
	w->wildcard_is_empty = false;
	if (!name_wildcard_of(zone_apex(a->z), &wildcard))
		return;
	zone_walk(a->z, wildcard.octets, &star);
	w->wildcard = star.exact;
	w->wildcard_is_empty = star.is_empty_nonterminal;
}

static void
want_soa(struct answer *a)
{
	reply_want(a->r, a->z, zone_apex_node(a->z), TYPE_SOA,
	    WANT_NEGATIVE_SOA);
}

static enum go
nodata(struct answer *a, bool is_wildcard)
{
	want_soa(a);
	bool ok = is_wildcard ?
	    denial_wildcard_nodata(a->r, a->z, a->name.octets, &a->w) :
	    denial_nodata(a->r, a->z, a->name.octets, &a->w);
	return ok ? GO_END : GO_FAILED;
}

static enum go
nxdomain(struct answer *a)
{
	a->r->rcode = RCODE_NXDOMAIN;
	want_soa(a);
	return denial_nxdomain(a->r, a->z, a->name.octets, &a->w) ? GO_END :
	    GO_FAILED;
}

static enum go
refer(struct answer *a, const struct zone_node *cut)
{
	struct reply *r = a->r;
	if (a->followed == 0)
		r->flags &= (uint16_t)~MSG_AA;
	a->referral = cut;
	r->delegation = node_owner(a->z, cut);
	reply_want(r, a->z, cut, TYPE_NS, WANT_REQUIRED);
	if (!reply_is_dnssec(r) || !zone_is_signed(a->z))
		return GO_END;
	if (node_has_ds(cut)) {
		reply_want(r, a->z, cut, TYPE_DS, WANT_REQUIRED);
		return GO_END;
	}
	return denial_no_ds(r, a->z, cut) ? GO_END : GO_FAILED;
}

static bool
put(struct answer *a, const struct zone_node *n, uint16_t type,
    const uint8_t *owner)
{
	struct reply_rrset what = { .zone = a->z, .node = n, .type = type,
		.want = WANT_REQUIRED, .is_synthesised = owner != NULL &&
		!name_equal(owner, node_owner(a->z, n)) };
	return reply_put_rrset(a->r, SECTION_ANSWER, &what, owner);
}

/* The name looked up becomes the target; false when the chain ends here. */
static enum go
follow(struct answer *a, const uint8_t *target)
{
	uint64_t h = name_hash(target);
	if (a->followed == 0)
		a->seen[0] = name_hash(a->name.octets);
	for (unsigned i = 0; i <= a->followed; i++)
		if (a->seen[i] == h)
			return GO_END;
	if (a->followed == CHAIN_MAX)
		return GO_END;
	name_copy(&a->name, target);
	a->seen[++a->followed] = h;
	return GO_FOLLOW;
}

static enum go
follow_cname(struct answer *a, const struct zone_node *n)
{
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	if (!put(a, n, TYPE_CNAME, a->name.octets))
		return GO_FAILED;
	if (!node_rrset(a->z, n, TYPE_CNAME, &rs) ||
	    !rrset_next(&rs, &at, &rr))
		return GO_END;
	return follow(a, rr.rdata);
}

/* RFC 6672 3.2: the DNAME, and a CNAME made of it with the same TTL. */
static enum go
follow_dname(struct answer *a, const struct zone_node *n)
{
	struct reply *r = a->r;
	struct rrset rs;
	struct rr rr;
	struct name target;
	uint32_t at = 0;
	r->wildcard = node_owner(a->z, n);
	if (!reply_shows(r, n, TYPE_DNAME) && !put(a, n, TYPE_DNAME, NULL))
		return GO_FAILED;
	if (!node_rrset(a->z, n, TYPE_DNAME, &rs) ||
	    !rrset_next(&rs, &at, &rr))
		return GO_END;
	unsigned prefix = name_labels(a->name.octets) - name_labels(rs.owner);
	if (!name_join(a->name.octets, prefix, rr.rdata, &target)) {
		r->rcode = RCODE_YXDOMAIN;
		r->ede = EDE_OTHER;
		r->ede_text = "DNAME makes the name too long";
		return GO_END;
	}
	struct rr cname = { .owner = a->name.octets, .type = TYPE_CNAME,
		.class = CLASS_IN, .ttl = rs.ttl, .rdata = target.octets,
		.rdata_len = (uint16_t)name_len(target.octets) };
	if (!reply_put_rr(r, SECTION_ANSWER, &cname))
		return GO_FAILED;
	/* "Go back to step 1" holds for ANY too (RFC 6672 3.2), which a CNAME
	 * in the zone would have answered. */
	if (a->qtype == TYPE_CNAME)
		return GO_END;
	return follow(a, target.octets);
}

/* ANY: every RRset; their signatures come as an RRset of their own. Over UDP,
 * where the asker may be somebody else, one RRset is enough (RFC 8482 4.1). */
static enum go
answer_any(struct answer *a, const struct zone_node *n)
{
	bool is_udp = a->r->q->transport == SERVE_UDP;
	unsigned at = 0;
	struct rrset rs;
	while (node_next_rrset(a->z, n, &at, &rs)) {
		/* put_rrset has given the RRSIGs with what they cover. */
		if (rs.type == TYPE_RRSIG && reply_is_dnssec(a->r))
			continue;
		if (!put(a, n, rs.type, a->name.octets))
			return GO_FAILED;
		if (is_udp)
			break;
	}
	return GO_END;
}

static bool
has_type(struct answer *a, const struct zone_node *n, uint16_t type)
{
	struct rrset rs;
	return node_rrset(a->z, n, type, &rs);
}

/* The node speaks for the name: itself, or the wildcard that matches it. */
static enum go
answer_node(struct answer *a, const struct zone_node *n, bool is_wildcard)
{
	uint16_t type = a->qtype;
	if (is_wildcard)
		a->r->wildcard = node_owner(a->z, n);
	bool is_alias = type != TYPE_CNAME && type != TYPE_ANY &&
	    node_has_cname(n) && !has_type(a, n, type);
	if (!is_alias && type != TYPE_ANY && !has_type(a, n, type))
		return nodata(a, is_wildcard);
	if (is_wildcard && !denial_wildcard_answer(a->r, a->z,
	    a->name.octets, &a->w))
		return GO_FAILED;
	if (is_alias)
		return follow_cname(a, n);
	if (type == TYPE_ANY)
		return answer_any(a, n);
	/* Who asks for keys knows the servers, and keys are large. */
	a->has_data = type != TYPE_DNSKEY && type != TYPE_DS;
	return put(a, n, type, a->name.octets) ? GO_END : GO_FAILED;
}

static unsigned
node_labels(struct answer *a, const struct zone_node *n)
{
	return name_labels(node_owner(a->z, n));
}

static enum go
answer_name(struct answer *a)
{
	struct zone_walk *w = &a->w;
	zone_walk(a->z, a->name.octets, w);
	hide_nsec3_owner(a);
	a->has_data = false;
	/* Whichever stands higher hides the other; at one name the cut. */
	if (w->cut != NULL && (w->dname == NULL ||
	    node_labels(a, w->cut) <= node_labels(a, w->dname))) {
		bool is_ds = a->qtype == TYPE_DS && w->cut == w->exact;
		if (!is_ds)
			return refer(a, w->cut);
	} else if (w->dname != NULL) {
		return follow_dname(a, w->dname);
	}
	if (w->exact != NULL)
		return answer_node(a, w->exact, false);
	if (w->is_empty_nonterminal)
		return nodata(a, false);
	if (w->wildcard != NULL)
		return answer_node(a, w->wildcard, true);
	if (w->wildcard_is_empty)
		return nodata(a, true);
	return nxdomain(a);
}

/* The chain goes on only where the asker could have asked directly; into a
 * zone under verification elsewhere it never does (it is not ours to say). */
static bool
enter_zone(struct answer *a)
{
	const struct reply *r = a->r;
	struct zonedb_hit hit;
	if (!zonedb_find(r->s->db, a->name.octets, a->qtype == TYPE_DS,
	    &hit) || hit.version == NULL)
		return false;
	if (hit.id != a->zone_id && (r->s->confine_to_zone ||
	    !policy_zone_is_open(r->s, r->q, hit.id)))
		return false;
	a->z = hit.version;
	a->zone_id = hit.id;
	return true;
}

/* The zone's own name servers beside a positive answer: a courtesy. */
static void
want_apex_ns(struct answer *a)
{
	const struct zone_node *apex = zone_apex_node(a->z);
	if (a->r->s->minimal_responses || !a->has_data ||
	    reply_shows(a->r, apex, TYPE_NS))
		return;
	reply_want(a->r, a->z, apex, TYPE_NS, WANT_OPTIONAL);
}

void
answer_zone_query(struct reply *r)
{
	struct answer a = { .r = r, .z = r->q->zone.version,
		.zone_id = r->q->zone.id, .qtype = r->qtype };
	name_copy(&a.name, r->q->reader.qname.octets);
	r->flags |= MSG_AA;
	enum go g;
	do {
		g = answer_name(&a);
	} while (g == GO_FOLLOW && enter_zone(&a));
	if (g == GO_FAILED)
		return;
	if (g == GO_END)
		want_apex_ns(&a);
	if (reply_put_wanted(r))
		additional_put(r, a.referral);
}
