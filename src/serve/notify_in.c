/* notify_in.c - a NOTIFY from a primary (RFC 1996): checked here, acted on in
 * xfrd. Runs in: worker, candidate's worker. */
#include "serve/notify_in.h"

#include "base/log.h"
#include "serve/policy.h"

static void
refuse(struct reply *r, enum acl_verdict v)
{
	char zone[NAME_TEXT_MAX], from[ADDR_TEXT_MAX];
	ev_notify_refused(name_text(r->q->reader.qname.octets, zone),
	    addr_text(&r->q->peer, from),
	    v == ACL_REFUSED ? "ACL BLOCKED" : "no acl matches");
	reply_error(r, RCODE_REFUSED, EDE_PROHIBITED, NULL);
}

static bool
queue(const struct reply *r, uint32_t zone_id, bool has_serial,
    uint32_t serial)
{
	const struct serve_hooks *h = &r->s->hooks;
	const struct tsig_key *key = r->q->tsig.key;
	char key_name[NAME_TEXT_MAX];
	return h->notify != NULL && h->notify(h->arg, zone_id, &r->q->peer,
	    key != NULL ? name_text(key->name.octets, key_name) : NULL,
	    has_serial, serial);
}

enum query_act
notify_answer(struct reply *r, bool has_serial, uint32_t serial)
{
	struct zonedb_hit hit;
	if (r->s->is_candidate) {
		reply_error(r, RCODE_REFUSED, EDE_PROHIBITED, NULL);
		return QUERY_ANSWER;
	}
	if (r->qtype != TYPE_SOA) {
		reply_error(r, RCODE_NOTIMP, EDE_NONE, NULL);
		return QUERY_ANSWER;
	}
	if (!zonedb_exact(r->s->db, r->q->reader.qname.octets, &hit)) {
		reply_error(r, RCODE_NXDOMAIN, EDE_NONE, NULL);
		return QUERY_ANSWER;
	}
	enum acl_verdict v = policy_notify(r->s, r->q, hit.id);
	if (v != ACL_ALLOWED) {
		refuse(r, v);
		return QUERY_ANSWER;
	}
	if (!queue(r, hit.id, has_serial, serial))
		return QUERY_DROP;
	r->flags |= MSG_AA;
	return QUERY_ANSWER;
}
