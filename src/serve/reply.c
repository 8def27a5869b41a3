/* reply.c - one answer being written: sections, limits, truncation, OPT and
 * TSIG (RFC 2181 9, RFC 6891, RFC 8945 5.3).
 * Runs in: worker, candidate's worker. An RRset goes in whole, with its
 * signatures, or not at all. */
#include "serve/reply.h"

#include <string.h>

#include "base/buf.h"

#define UDP_PLAIN_OCTETS 512

size_t
reply_limit(const struct serve *s, const struct query *q)
{
	size_t limit = MSG_MAX_OCTETS;
	if (q->transport == SERVE_UDP) {
		limit = q->edns.is_present ? q->edns.udp_octets : 0;
		if (limit > serve_udp_octets(s, &q->peer))
			limit = serve_udp_octets(s, &q->peer);
		if (limit < UDP_PLAIN_OCTETS)
			limit = UDP_PLAIN_OCTETS;
	}
	return limit < q->room ? limit : q->room;
}

size_t
reply_tail(const struct serve *s, const struct query *q)
{
	struct opt_out opt;
	opt_out_of_query(&opt, s, q);
	opt.has_expire = q->edns.wants_expire;
	opt.has_zoneversion = q->edns.wants_zoneversion;
	return opt_out_room(&opt) +
	    (q->tsig.key != NULL ? tsig_room(q->tsig.key) : 0);
}

void
reply_start(struct reply *r, const struct serve *s, struct query *q)
{
	const struct msg_reader *m = &q->reader;
	r->s = s;
	r->q = q;
	/* RD is copied (RFC 1035 4.1.1), CD and AD are not (RFC 4035 3.1.6). */
	r->flags = (uint16_t)(MSG_QR | (m->flags & (0x7800u | MSG_RD)));
	r->rcode = RCODE_NOERROR;
	r->ede = EDE_NONE;
	r->ede_text = NULL;
	r->is_full = r->is_granted = false;
	r->has_expire = r->has_zone = false;
	r->delegation = r->wildcard = NULL;
	r->wanted_count = r->shown_count = 0;
	r->qtype = m->qtype;
	msg_write(&r->w, q->answer, reply_limit(s, q), m->id, r->flags);
	r->has_question = m->has_question && msg_put_question(&r->w,
	    m->qname.octets, m->qtype, m->qclass);
	r->w.reserved = reply_tail(s, q);
	r->start = msg_mark(&r->w);
}

void
reply_error(struct reply *r, unsigned rcode, enum ede ede,
    const char *ede_text)
{
	msg_rollback(&r->w, &r->start);
	r->flags &= (uint16_t)~MSG_AA;
	r->rcode = rcode;
	r->ede = ede;
	r->ede_text = ede_text;
	r->is_full = false;
	r->has_expire = false;
	r->wanted_count = r->shown_count = 0;
}

void
reply_truncate(struct reply *r)
{
	msg_rollback(&r->w, &r->start);
	r->is_full = true;
}

static bool
sign(struct reply *r)
{
	struct query *q = r->q;
	/* A TSIG error is said whatever it takes (RFC 8945 5.2): there is
	 * nothing else in such an answer. */
	size_t room = q->room;
	if (q->tsig.error != 0)
		return tsig_sign_error(&q->tsig, q->answer, &q->answer_len,
		    room, q->now_s) == OK;
	if (q->tsig.key == NULL)
		return true;
	return tsig_sign_answer(&q->tsig, q->answer, &q->answer_len, room,
	    q->now_s) == OK;
}

static bool
put_opt(struct reply *r)
{
	struct opt_out opt;
	opt_out_of_query(&opt, r->s, r->q);
	opt.has_expire = r->has_expire;
	opt.expire_s = r->expire_s;
	if (r->has_zone)
		opt_out_zoneversion(&opt, r->q);
	opt.rcode = r->rcode;
	opt.ede = r->ede;
	opt.ede_text = r->ede_text;
	return opt_out_put(&r->w, &opt);
}

bool
reply_finish(struct reply *r)
{
	struct query *q = r->q;
	uint16_t flags = r->flags;
	if (r->is_full)
		flags |= MSG_TC;
	msg_set_flags(&r->w, (uint16_t)(flags | MSG_RCODE(r->rcode)));
	if (!put_opt(r))
		return false;
	msg_finish(&r->w);
	q->answer_len = r->w.len;
	return sign(r);
}

static void
note_shown(struct reply *r, const struct reply_rrset *what)
{
	if (r->shown_count < REPLY_SHOWN_MAX)
		r->shown[r->shown_count++] = *what;
}

bool
reply_shows(const struct reply *r, const struct zone_node *node,
    uint16_t type)
{
	for (unsigned i = 0; i < r->shown_count; i++)
		if (r->shown[i].node == node && r->shown[i].type == type &&
		    !r->shown[i].is_synthesised)
			return true;
	return false;
}

/* RFC 2308 section 3: the lower of the SOA's TTL and its MINIMUM. */
static uint32_t
negative_ttl(const struct rrset *rs)
{
	uint32_t at = 0;
	struct rr rr;
	struct soa soa;
	if (rrset_next(rs, &at, &rr) && rr_soa(&rr, &soa) &&
	    soa.minimum < rs->ttl)
		return soa.minimum;
	return rs->ttl;
}

/* The records from first to before end. */
static bool
put_some(struct reply *r, enum section section, const struct rrset *rs,
    const uint8_t *owner, uint32_t ttl, unsigned first, unsigned end)
{
	uint32_t at = 0;
	struct rr rr;
	for (unsigned i = 0; i < end && rrset_next(rs, &at, &rr); i++) {
		if (i < first)
			continue;
		rr.owner = owner;
		/* Signatures asked for as such are of many RRsets. */
		if (rs->type != TYPE_RRSIG)
			rr.ttl = ttl;
		if (!msg_put_rr(&r->w, section, &rr))
			return false;
	}
	return true;
}

/* round-robin: each query starts at the next record. */
static bool
put_records(struct reply *r, enum section section, const struct rrset *rs,
    const uint8_t *owner, uint32_t ttl)
{
	unsigned start = 0;
	if (r->s->round_robin && section == SECTION_ANSWER && rs->count > 1)
		start = (unsigned)(r->s->counters[COUNT_QUERIES] %
		    rs->count);
	return put_some(r, section, rs, owner, ttl, start, rs->count) &&
	    put_some(r, section, rs, owner, ttl, 0, start);
}

static bool
put_signatures(struct reply *r, enum section section,
    const struct reply_rrset *what, const uint8_t *owner, uint32_t ttl)
{
	uint32_t at = 0;
	struct rrset all;
	struct rr rr;
	if (!node_rrset(what->zone, what->node, TYPE_RRSIG, &all))
		return true;
	while (rrset_next(&all, &at, &rr)) {
		if (rr.rdata_len < 2 || octets_u16(rr.rdata) != what->type)
			continue;
		rr.owner = owner;
		if (rr.ttl > ttl)
			rr.ttl = ttl;
		if (!msg_put_rr(&r->w, section, &rr))
			return false;
	}
	return true;
}

/* Signatures of a delegation's NS or of glue do not exist, and what stands
 * in a zone by mistake is not shown as if they did. */
static bool
is_signable(const struct reply_rrset *what)
{
	if (what->type == TYPE_RRSIG)
		return false;
	if (node_is_cut(what->node))
		return what->type == TYPE_DS || what->type == TYPE_NSEC;
	return true;
}

bool
reply_put_rrset(struct reply *r, enum section section,
    const struct reply_rrset *what, const uint8_t *owner)
{
	struct rrset rs;
	if (!node_rrset(what->zone, what->node, what->type, &rs))
		return true;
	uint32_t ttl = what->want == WANT_NEGATIVE_SOA ? negative_ttl(&rs) :
	    rs.ttl;
	if (owner == NULL)
		owner = rs.owner;
	struct msg_mark before = msg_mark(&r->w);
	if (put_records(r, section, &rs, owner, ttl) &&
	    (!reply_is_dnssec(r) || !is_signable(what) ||
	    put_signatures(r, section, what, owner, ttl))) {
		note_shown(r, what);
		return true;
	}
	msg_rollback(&r->w, &before);
	if (what->want != WANT_OPTIONAL)
		r->is_full = true;
	return false;
}

bool
reply_put_rr(struct reply *r, enum section section, const struct rr *rr)
{
	if (msg_put_rr(&r->w, section, rr))
		return true;
	r->is_full = true;
	return false;
}

void
reply_want(struct reply *r, const struct zone_version *z,
    const struct zone_node *node, uint16_t type, enum reply_want want)
{
	for (unsigned i = 0; i < r->wanted_count; i++)
		if (r->wanted[i].node == node && r->wanted[i].type == type)
			return;
	ASSERT(r->wanted_count < REPLY_WANTED_MAX);
	r->wanted[r->wanted_count++] = (struct reply_rrset){
		.zone = z, .node = node, .type = type, .want = want
	};
}

bool
reply_put_wanted(struct reply *r)
{
	for (unsigned i = 0; i < r->wanted_count; i++) {
		const struct reply_rrset *what = &r->wanted[i];
		if (reply_shows(r, what->node, what->type))
			continue;
		if (!reply_put_rrset(r, SECTION_AUTHORITY, what, NULL) &&
		    what->want != WANT_OPTIONAL)
			return false;
	}
	return true;
}
