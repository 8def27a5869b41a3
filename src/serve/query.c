/* query.c - one query in, one answer out: what is asked, by whom, and who
 * answers it (RFC 1035 4.1, RFC 6891, RFC 8945 5.2, RFC 8914).
 * Runs in: worker, candidate's worker. No allocation, no I/O but the log. */
#include "serve/query.h"

#include <string.h>

#include "base/log.h"
#include "serve/answer.h"
#include "serve/chaos.h"
#include "serve/count.h"
#include "serve/notify_in.h"
#include "serve/policy.h"
#include "serve/reply.h"
#include "serve/rrl.h"
#include "serve/transfer.h"

#define ARCOUNT_AT 10

/* What the records of a query say beside its question. */
struct facts {
	bool has_answer_soa;	/* NOTIFY: the primary's serial */
	uint32_t answer_serial;
	unsigned answers, authorities;
};

bool
query_question(const uint8_t *octets, size_t len, struct name *qname,
    uint16_t *qtype)
{
	struct buf b = buf_reading(octets, len);
	struct name name;
	uint16_t type;
	if (len < MSG_HEADER_OCTETS || octets_u16(octets + 4) == 0)
		return false;
	b.at = MSG_HEADER_OCTETS;
	if (!name_from_wire(&b, &name) || !buf_take_u16(&b, &type))
		return false;
	*qname = name;
	*qtype = type;
	return true;
}

static bool
is_known_opcode(unsigned opcode)
{
	return opcode == OPCODE_QUERY || opcode == OPCODE_NOTIFY ||
	    opcode == OPCODE_UPDATE;
}

/* Checks and cuts off the signature, then reads header and question. The
 * result is the rcode of an error that needs nothing but these. */
static unsigned
read_head(const struct serve *s, struct query *q)
{
	enum err signature = OK;
	if (octets_u16(q->octets + ARCOUNT_AT) > 0)
		signature = tsig_check_request(&q->tsig, s->keys,
		    s->key_count, q->octets, &q->len, q->now_s);
	enum err e = msg_read(&q->reader, q->octets, q->len, q->scratch);
	unsigned opcode = MSG_OPCODE(q->reader.flags);
	if (e != OK)
		q->reader.has_question = false;
	if (!is_known_opcode(opcode))
		return RCODE_NOTIMP;
	if (e != OK || signature == ERR_PEER_FORMAT)
		return RCODE_FORMERR;
	if (signature == ERR_PEER_TSIG)
		return RCODE_NOTAUTH;
	return signature == OK ? RCODE_NOERROR : RCODE_SERVFAIL;
}

/* RFC 7873 5.2.2 speaks to servers that know cookies, RFC 7828 3.2.1 of
 * connections: elsewhere both options are ignored whatever is in them. */
static bool
options_are_good(const struct serve *s, const struct query *q)
{
	const struct edns *e = &q->edns;
	if (s->cookies != NULL && e->cookie != NULL &&
	    !cookie_is_well_formed(e))
		return false;
	return q->transport == SERVE_UDP || !e->has_keepalive_data;
}

static unsigned
take_opt(const struct serve *s, struct query *q, const struct rr *rr)
{
	if (q->edns.is_present || edns_read(rr, &q->edns) != OK ||
	    !options_are_good(s, q))
		return RCODE_FORMERR;
	if (s->cookies != NULL && q->edns.cookie != NULL)
		cookie_judge(s->cookies, &q->edns, &q->peer,
		    (uint32_t)q->now_s, &q->cookie);
	return RCODE_NOERROR;
}

static bool
is_zone_soa(const struct query *q, const struct rr *rr)
{
	return rr->type == TYPE_SOA && rr->class == CLASS_IN &&
	    name_equal(rr->owner, q->reader.qname.octets);
}

static void
take_soa(struct query *q, struct facts *f, enum section section,
    const struct rr *rr)
{
	uint32_t serial;
	if (!is_zone_soa(q, rr) || !rr_soa_serial(rr, &serial))
		return;
	if (section == SECTION_ANSWER && !f->has_answer_soa) {
		f->has_answer_soa = true;
		f->answer_serial = serial;
	} else if (section == SECTION_AUTHORITY && !q->has_client_serial) {
		q->has_client_serial = true;
		q->client_serial = serial;
	}
}

static unsigned
read_records(const struct serve *s, struct query *q, struct facts *f)
{
	enum section section;
	struct rr rr;
	enum err e;
	while ((e = msg_take_rr(&q->reader, &section, &rr)) == OK) {
		if (section == SECTION_ANSWER)
			f->answers++;
		else if (section == SECTION_AUTHORITY)
			f->authorities++;
		else if (rr.type == TYPE_OPT &&
		    take_opt(s, q, &rr) != RCODE_NOERROR)
			return RCODE_FORMERR;
		take_soa(q, f, section, &rr);
	}
	if (e != ERR_NOT_FOUND)
		return RCODE_FORMERR;
	return q->edns.is_present && q->edns.version > 0 ? RCODE_BADVERS :
	    RCODE_NOERROR;
}

/* Only what belongs into a query of its kind. */
static bool
is_well_formed(const struct query *q, const struct facts *f)
{
	if (!q->reader.has_question)
		return false;
	if (MSG_OPCODE(q->reader.flags) == OPCODE_NOTIFY)
		return true;
	return f->answers == 0 &&
	    (f->authorities == 0 || q->reader.qtype == TYPE_IXFR);
}

/* RFC 7873 5.4: no question, only a cookie to be made or renewed. */
static bool
asks_for_cookie(const struct query *q, const struct facts *f)
{
	return q->cookie.is_present && q->reader.qdcount == 0 &&
	    MSG_OPCODE(q->reader.flags) == OPCODE_QUERY &&
	    f->answers == 0 && f->authorities == 0;
}

static void
refuse_query(struct reply *r, enum acl_verdict v)
{
	char name[NAME_TEXT_MAX], from[ADDR_TEXT_MAX];
	ev_query_refused(name_text(r->q->reader.qname.octets, name),
	    addr_text(&r->q->peer, from),
	    v == ACL_REFUSED ? "BLOCKED ACL" : "no acl matches");
	reply_error(r, RCODE_REFUSED, EDE_PROHIBITED, NULL);
}

/* Finds the zone that answers; otherwise the reply becomes the error. */
static bool
find_zone(struct reply *r)
{
	struct query *q = r->q;
	const struct serve *s = r->s;
	if (!zonedb_find(s->db, q->reader.qname.octets,
	    r->qtype == TYPE_DS, &q->zone)) {
		reply_error(r, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, NULL);
		return false;
	}
	if (serve_zone_place(s, q->zone.id) == SERVE_ELSEWHERE) {
		reply_error(r, RCODE_REFUSED, EDE_OTHER,
		    "zone is under verification elsewhere");
		return false;
	}
	enum acl_verdict v = policy_query(s, q, q->zone.id);
	if (v != ACL_ALLOWED) {
		refuse_query(r, v);
		return false;
	}
	if (q->zone.version == NULL) {
		reply_error(r, RCODE_SERVFAIL, EDE_NOT_READY, NULL);
		return false;
	}
	if (policy_zone_is_expired(s, q->zone.id)) {
		reply_error(r, RCODE_SERVFAIL, EDE_INVALID_DATA,
		    "Zone has expired");
		return false;
	}
	r->has_zone = true;
	return true;
}

static void
answer_in(struct reply *r)
{
	struct query *q = r->q;
	if (r->qtype == TYPE_ANY && r->s->refuse_any &&
	    q->transport == SERVE_UDP) {
		r->is_full = true;
		return;
	}
	if (!find_zone(r))
		return;
	answer_zone_query(r);
	if (q->reader.qclass == CLASS_ANY)
		r->flags &= (uint16_t)~MSG_AA;
	if (r->qtype == TYPE_SOA && r->rcode == RCODE_NOERROR &&
	    q->edns.wants_expire &&
	    name_equal(q->zone.apex, q->reader.qname.octets))
		r->has_expire = serve_zone_expires_in(r->s, &q->zone,
		    q->now_s, &r->expire_s);
}

static enum query_act
answer_query(struct reply *r)
{
	uint16_t class = r->q->reader.qclass;
	if (class == CLASS_CH) {
		chaos_answer(r);
		return QUERY_ANSWER;
	}
	if (class != CLASS_IN && class != CLASS_ANY) {
		reply_error(r, RCODE_REFUSED, EDE_NOT_SUPPORTED, NULL);
		return QUERY_ANSWER;
	}
	switch (r->qtype) {
	case TYPE_AXFR:
	case TYPE_IXFR:
		return transfer_answer(r);
	case TYPE_OPT:
	case TYPE_TSIG:
		reply_error(r, RCODE_FORMERR, EDE_NONE, NULL);
		return QUERY_ANSWER;
	case TYPE_TKEY:
	case TYPE_MAILA:
	case TYPE_MAILB:
		reply_error(r, RCODE_NOTIMP, EDE_NONE, NULL);
		return QUERY_ANSWER;
	}
	answer_in(r);
	return QUERY_ANSWER;
}

static enum query_act
answer_opcode(struct reply *r, const struct facts *f)
{
	if (MSG_OPCODE(r->q->reader.flags) == OPCODE_NOTIFY)
		return notify_answer(r, f->has_answer_soa,
		    f->answer_serial);
	return answer_query(r);
}

static enum query_act
decide(const struct serve *s, struct query *q, struct reply *r)
{
	struct facts f = { .has_answer_soa = false };
	unsigned rcode = read_head(s, q);
	if (MSG_OPCODE(q->reader.flags) == OPCODE_UPDATE) {
		/* Its sections mean other things: only OPT is read. */
		if (s->drop_updates)
			return QUERY_DROP;
		if (rcode == RCODE_NOERROR)
			rcode = RCODE_NOTIMP;
	}
	if (rcode == RCODE_NOERROR)
		rcode = read_records(s, q, &f);
	else if ((rcode == RCODE_NOTIMP || rcode == RCODE_NOTAUTH) &&
	    q->reader.has_question)
		/* An OPT is answered with one whatever else is not
		 * understood (RFC 6891 6.1.1). */
		(void)read_records(s, q, &f);
	bool is_for_cookie = rcode == RCODE_NOERROR && asks_for_cookie(q, &f);
	if (rcode == RCODE_NOERROR && !is_for_cookie &&
	    !is_well_formed(q, &f))
		rcode = RCODE_FORMERR;
	reply_start(r, s, q);
	if (rcode != RCODE_NOERROR || is_for_cookie) {
		reply_error(r, rcode, EDE_NONE, NULL);
		return QUERY_ANSWER;
	}
	return answer_opcode(r, &f);
}

/* A cookie that is valid, a TCP connection and a primary whose NOTIFY was
 * taken have shown that they are where they say. */
static bool
is_proven(const struct query *q, const struct reply *r)
{
	return q->transport != SERVE_UDP || q->cookie.is_valid ||
	    (MSG_OPCODE(r->flags) == OPCODE_NOTIFY &&
	    r->rcode == RCODE_NOERROR);
}

static enum query_act
limit_rate(const struct serve *s, const struct query *q, struct reply *r)
{
	if (s->rrl == NULL || is_proven(q, r))
		return QUERY_ANSWER;
	switch (rrl_judge(s->rrl, r)) {
	case RRL_PASS:
		return QUERY_ANSWER;
	case RRL_SLIP:
		reply_truncate(r);
		return QUERY_ANSWER;
	case RRL_DROP:
		break;
	}
	return QUERY_DROP;
}

enum query_act
query_answer(const struct serve *s, struct query *q)
{
	struct reply r;
	q->answer_len = 0;
	memset(&q->edns, 0, sizeof(q->edns));
	q->cookie.is_present = q->cookie.is_valid = false;
	memset(&q->tsig, 0, sizeof(q->tsig));
	memset(&q->zone, 0, sizeof(q->zone));
	q->has_client_serial = q->reader.has_question = false;
	enum query_act act = QUERY_DROP;
	/* Answering an answer makes two servers talk for ever. */
	if (q->len >= MSG_HEADER_OCTETS &&
	    (octets_u16(q->octets + 2) & MSG_QR) == 0)
		act = decide(s, q, &r);
	if (act == QUERY_ANSWER)
		act = limit_rate(s, q, &r);
	if (act == QUERY_ANSWER && !reply_finish(&r))
		act = QUERY_DROP;
	if (act == QUERY_ANSWER && r.is_granted)
		transfer_granted(&r);
	count_query(s, q, act);
	if (act != QUERY_TRANSFER)
		tsig_end(&q->tsig);
	return act;
}
