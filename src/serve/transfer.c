/* transfer.c - a request for AXFR or IXFR: whether, and how it is answered
 * (RFC 5936, RFC 1995).
 * Runs in: worker, candidate's worker. */
#include "serve/transfer.h"

#include "base/log.h"
#include "dns/serial.h"
#include "serve/count.h"
#include "serve/policy.h"
#include "serve/xfr_state.h"

static const char *
type_text(const struct reply *r)
{
	return r->qtype == TYPE_AXFR ? "axfr" : "ixfr";
}

static void
log_refused(const struct reply *r, const char *why)
{
	char zone[NAME_TEXT_MAX], from[ADDR_TEXT_MAX];
	ev_xfr_out_refused(type_text(r),
	    name_text(r->q->reader.qname.octets, zone),
	    addr_text(&r->q->peer, from), why);
}

static void
refuse(struct reply *r, const char *why, enum ede ede, const char *text)
{
	log_refused(r, why);
	reply_error(r, RCODE_REFUSED, ede, text);
}

/* From the verify address come only zones whose transfer is what a verifier
 * is there to look at (verifier(7)). */
static bool
is_permitted(struct reply *r)
{
	const struct serve *s = r->s;
	const struct zonedb_hit *z = &r->q->zone;
	if (s->is_candidate &&
	    serve_zone_place(s, z->id) != SERVE_UNDER_VERIFICATION) {
		refuse(r, "not under verification", EDE_OTHER,
		    "zone is not under verification here");
		return false;
	}
	switch (policy_transfer(s, r->q, z->id)) {
	case ACL_ALLOWED:
		return true;
	case ACL_DENIED:
		refuse(r, "no acl matches", EDE_PROHIBITED, NULL);
		return false;
	case ACL_REFUSED:
		refuse(r, "blocked", EDE_PROHIBITED, NULL);
		return false;
	}
	return false;
}

static bool
is_possible(struct reply *r)
{
	const struct query *q = r->q;
	if (q->zone.version == NULL)
		reply_error(r, RCODE_SERVFAIL, EDE_NOT_READY, NULL);
	else if (policy_zone_is_expired(r->s, q->zone.id))
		reply_error(r, RCODE_SERVFAIL, EDE_INVALID_DATA,
		    "Zone has expired");
	else if (r->qtype == TYPE_IXFR && !q->has_client_serial)
		reply_error(r, RCODE_FORMERR, EDE_NONE, NULL);
	else
		r->has_zone = true;
	return r->has_zone;
}

void
transfer_put_soa(struct reply *r)
{
	const struct zone_version *z = r->q->zone.version;
	struct rrset rs;
	struct rr rr;
	uint32_t at = 0;
	r->flags |= MSG_AA;
	if (node_rrset(z, zone_apex_node(z), TYPE_SOA, &rs) &&
	    rrset_next(&rs, &at, &rr))
		(void)reply_put_rr(r, SECTION_ANSWER, &rr);
	if (r->q->edns.wants_expire)
		r->has_expire = serve_zone_expires_in(r->s, &r->q->zone,
		    r->q->now_s, &r->expire_s);
}

void
transfer_granted(const struct reply *r)
{
	char zone[NAME_TEXT_MAX], from[ADDR_TEXT_MAX];
	count_transfer(r->s, r->q);
	ev_xfr_out_granted(type_text(r),
	    name_text(r->q->reader.qname.octets, zone),
	    addr_text(&r->q->peer, from),
	    r->q->transport == SERVE_TLS ? " tls" : "");
}

static enum query_act
answer_ixfr(struct reply *r)
{
	struct query *q = r->q;
	if (!serial_newer(zone_serial(q->zone.version), q->client_serial)) {
		transfer_put_soa(r);
		return QUERY_ANSWER;
	}
	if (q->transport != SERVE_UDP)
		return QUERY_TRANSFER;
	/* The whole answer if it fits, else the SOA alone, which sends the
	 * client to TCP (RFC 1995 section 2). */
	if (!xfr_out_put_whole(r))
		transfer_put_soa(r);
	return QUERY_ANSWER;
}

enum query_act
transfer_answer(struct reply *r)
{
	struct query *q = r->q;
	if (r->qtype == TYPE_AXFR && q->transport == SERVE_UDP) {
		reply_error(r, RCODE_NOTIMP, EDE_NONE, NULL);
		return QUERY_ANSWER;
	}
	if (!zonedb_exact(r->s->db, q->reader.qname.octets, &q->zone)) {
		log_refused(r, "no acl matches");	/* NSD's words */
		reply_error(r, RCODE_NOTAUTH, EDE_NOT_AUTHORITATIVE, NULL);
		return QUERY_ANSWER;
	}
	if (!is_permitted(r) || !is_possible(r))
		return QUERY_ANSWER;
	/* Over UDP not before rates have been looked at: anybody can put a
	 * secondary's address on a question. */
	r->is_granted = r->q->transport == SERVE_UDP;
	if (!r->is_granted)
		transfer_granted(r);
	return r->qtype == TYPE_AXFR ? QUERY_TRANSFER : answer_ixfr(r);
}
