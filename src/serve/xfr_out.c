/* xfr_out.c - an outgoing AXFR or IXFR, one message at a time.
 * Runs in: worker, candidate's worker. The version sent is fixed at the
 * start; its memory is sealed and stays as long as this process. */
#include "serve/xfr_out.h"

#include <stdlib.h>

#include "base/log.h"
#include "serve/xfr_state.h"

/* Compression pointers reach no further; a message beyond gains nothing. */
#define MESSAGE_OCTETS 16384

struct xfr_out {
	const struct serve *s;
	struct zonedb_hit zone;
	struct xfr_source source;
	struct rr pending;	/* did not fit into the last message */
	bool has_pending;
	bool is_first;
	struct tsig tsig;
	uint16_t id, flags;
	struct name qname;
	uint16_t qtype, qclass;
	struct opt_out opt;
};

static void
source_for(struct xfr_source *x, const struct query *q)
{
	const char *why;
	char zone[NAME_TEXT_MAX];
	if (q->reader.qtype == TYPE_AXFR) {
		xfr_source_zone(x, q->zone.version);
		return;
	}
	xfr_source_from(x, q->zone.version, q->client_serial, &why);
	if (why != NULL)
		ev_ixfr_fallback(why, name_text(q->zone.apex, zone));
}

enum err
xfr_out_start(const struct serve *s, struct query *q, struct xfr_out **out)
{
	struct xfr_out *x = calloc(1, sizeof(*x));
	if (x == NULL) {
		tsig_end(&q->tsig);
		return ERR_MEMORY;
	}
	x->s = s;
	x->zone = q->zone;
	x->is_first = true;
	x->id = q->reader.id;
	x->flags = (uint16_t)(MSG_QR | MSG_AA | (q->reader.flags & MSG_RD));
	x->qname = q->reader.qname;
	x->qtype = q->reader.qtype;
	x->qclass = q->reader.qclass;
	opt_out_of_query(&x->opt, s, q);
	if (q->edns.wants_expire)
		x->opt.has_expire = serve_zone_expires_in(s, &q->zone,
		    q->now_s, &x->opt.expire_s);
	opt_out_zoneversion(&x->opt, q);
	x->tsig = q->tsig;
	q->tsig.key = NULL;
	q->tsig.running = NULL;
	source_for(&x->source, q);
	*out = x;
	return OK;
}

static void
start_message(struct xfr_out *x, struct msg_writer *w, uint8_t *octets)
{
	msg_write(w, octets, MESSAGE_OCTETS, x->id, x->flags);
	/* A header and a question always fit. */
	if (x->is_first && !msg_put_question(w, x->qname.octets, x->qtype,
	    x->qclass))
		ASSERT(false && "a question fits");
	w->reserved = x->is_first ? opt_out_room(&x->opt) : 0;
	if (x->tsig.key != NULL)
		w->reserved += tsig_room(x->tsig.key);
}

/* Alone in its message a record may be as large as messages get. */
static bool
put_pending(struct xfr_out *x, struct msg_writer *w, size_t room)
{
	if (msg_put_rr(w, SECTION_ANSWER, &x->pending))
		return true;
	if (w->counts[1] > 0)
		return false;
	w->limit = room < MSG_MAX_OCTETS ? room : MSG_MAX_OCTETS;
	return msg_put_rr(w, SECTION_ANSWER, &x->pending);
}

static bool
has_next(struct xfr_out *x)
{
	if (!x->has_pending)
		x->has_pending = xfr_source_next(&x->source, &x->pending);
	return x->has_pending;
}

static enum xfr_out_result
fill(struct xfr_out *x, struct msg_writer *w, size_t room)
{
	char owner[NAME_TEXT_MAX], zone[NAME_TEXT_MAX];
	while (has_next(x) && w->limit == MESSAGE_OCTETS &&
	    put_pending(x, w, room))
		x->has_pending = false;
	if (w->counts[1] > 0)
		return x->has_pending ? XFR_OUT_MORE : XFR_OUT_DONE;
	ev_xfr_out_too_large(x->qtype == TYPE_AXFR ? "axfr" : "ixfr_out",
	    name_text(x->pending.owner, owner),
	    name_text(x->zone.apex, zone));
	return XFR_OUT_ERROR;
}

enum xfr_out_result
xfr_out_next(struct xfr_out *x, int64_t now_s, uint8_t *octets, size_t room,
    size_t *len)
{
	struct msg_writer w;
	start_message(x, &w, octets);
	enum xfr_out_result result = fill(x, &w, room);
	if (result == XFR_OUT_ERROR)
		return result;
	/* A large record may have raised the limit; the tail is reserved. */
	if (x->is_first && !opt_out_put(&w, &x->opt))
		return XFR_OUT_ERROR;
	x->is_first = false;
	msg_finish(&w);
	*len = w.len;
	if (x->tsig.key != NULL && tsig_sign_answer(&x->tsig, octets, len,
	    room, now_s) != OK)
		return XFR_OUT_ERROR;
	return result;
}

void
xfr_out_end(struct xfr_out **x)
{
	if (x == NULL || *x == NULL)
		return;
	tsig_end(&(*x)->tsig);
	free(*x);
	*x = NULL;
}

bool
xfr_out_put_whole(struct reply *r)
{
	struct xfr_source source;
	struct rr rr;
	source_for(&source, r->q);
	r->flags |= MSG_AA;
	if (r->q->edns.wants_expire)
		r->has_expire = serve_zone_expires_in(r->s, &r->q->zone,
		    r->q->now_s, &r->expire_s);
	while (xfr_source_next(&source, &rr))
		if (!msg_put_rr(&r->w, SECTION_ANSWER, &rr)) {
			msg_rollback(&r->w, &r->start);
			return false;
		}
	return true;
}
