/* refresh_result.c - what follows from the answer to an order: the round goes
 * on, ends, or asks the same primary for more.
 * Runs in: xfrd. Pure: time and random numbers are given. */
#include "dns/serial.h"
#include "xfr/refresh_inner.h"
#include "xfr/xfr_client.h"

#define IXFR_OFF_S (48 * 3600)	/* as NSD: does not know IXFR */

void
refresh_outcome_of(const struct xfr_result *x, enum xfr_ask ask,
    struct refresh_outcome *o)
{
	*o = (struct refresh_outcome){ .verdict = REFRESH_FAILED,
		.is_checked = x->is_checked, .serial = x->serial,
		.has_expire = x->has_expire, .expire_s = x->expire_s };
	switch (x->outcome) {
	case XFR_UP_TO_DATE:
		o->verdict = REFRESH_CURRENT;
		break;
	case XFR_NEWER:
		o->verdict = REFRESH_NEWER;
		break;
	case XFR_GOT_DELTA:
		o->verdict = REFRESH_GOT_DELTA;
		break;
	case XFR_GOT_ZONE:
		o->verdict = REFRESH_GOT_ZONE;
		break;
	case XFR_REFUSED:
	case XFR_MORE:
	case XFR_IGNORED:
	case XFR_USE_TCP:
	case XFR_WITHOUT_EDNS:
		break;
	}
	if (ask != XFR_ASK_IXFR || o->verdict != REFRESH_FAILED)
		return;
	o->ixfr_unknown = x->why == XFR_WHY_NOT_IMPLEMENTED ||
	    (x->why == XFR_WHY_EMPTY && !x->is_checked);
	/* A newer SOA and then nothing: it has no differences to give. */
	bool is_lone = x->is_checked && x->records == 1 &&
	    (x->why == XFR_WHY_CLOSED || x->why == XFR_WHY_TIMEOUT);
	o->bad_delta = is_lone || (x->why >= XFR_WHY_NO_SOA_FIRST &&
	    x->why <= XFR_WHY_AFTER_END);
}

static void
on_failed(struct refresh *r, const struct refresh_outcome *o, int64_t now_s)
{
	struct refresh_peer *p = &r->peers[r->current];
	bool is_ixfr = r->order.ask == XFR_ASK_IXFR;
	bool was_there = o->is_checked || r->stage != STAGE_ASK;
	r->stage = STAGE_ASK;
	if (is_ixfr && o->ixfr_unknown && r->policy.allow_axfr_fallback) {
		p->ixfr_off_until_s = now_s + IXFR_OFF_S;
		r->stage = STAGE_FULL;
	} else if (is_ixfr && o->bad_delta) {
		r->stage = STAGE_FULL;
	} else if (r->order.ask != XFR_ASK_SOA && was_there) {
		r->has_missed = true;
	}
}

static void
on_current(struct refresh *r, const struct refresh_outcome *o,
    bool was_expired, int64_t now_s, uint32_t random)
{
	/* P3: an expired zone may go back. */
	if (was_expired && o->serial != r->order.from &&
	    r->order.ask != XFR_ASK_AXFR) {
		r->takes_any = true;
		r->stage = STAGE_FULL;
		return;
	}
	r->stage = STAGE_ASK;
	if (r->is_collecting || r->why.is_opinion ||
	    refresh_is_notified_newer(r))
		return;
	refresh_end_round(r, true, now_s, random);
}

static void
on_newer(struct refresh *r, const struct refresh_outcome *o, int64_t now_s,
    uint32_t random)
{
	struct refresh_peer *p = &r->peers[r->current];
	r->stage = STAGE_ASK;
	/* Nothing is published, but this version is here already. */
	if (!r->is_published && r->is_staged &&
	    !serial_newer(o->serial, r->tip)) {
		on_current(r, o, false, now_s, random);
		return;
	}
	if (refresh_is_held(r, now_s) && !r->why.may_refetch &&
	    o->serial == r->timers.rejected_serial)
		return;
	p->has_seen = true;
	p->seen = o->serial;
	if (!r->is_collecting)
		r->stage = STAGE_FETCH;
}

static void
on_got(struct refresh *r, const struct refresh_outcome *o, int64_t now_s,
    uint32_t random)
{
	uint32_t base;
	bool has_base = refresh_base(r, &base);
	r->stage = STAGE_ASK;
	if (o->verdict == REFRESH_GOT_DELTA &&
	    (!has_base || base != r->order.from)) {
		/* What it starts at was dropped meanwhile. */
		struct refresh_why why = { .from = r->current };
		refresh_want_round(r, &why, true);
		refresh_end_round(r, true, now_s, random);
		return;
	}
	r->is_staged = true;
	r->tip = o->serial;
	if (refresh_is_notified_newer(r))
		return;		/* somebody has more than this one */
	r->timers.notified_s = 0;
	refresh_end_round(r, true, now_s, random);
}

void
refresh_result(struct refresh *r, const struct refresh_outcome *o,
    int64_t now_s, uint32_t random)
{
	bool was_expired = refresh_state(r, now_s) == REFRESH_EXPIRED;
	ASSERT(r->is_busy && r->is_round);
	r->is_busy = false;
	r->last = (int)r->current;
	if (o->is_checked) {
		r->has_checked = true;
		refresh_renew(r, o->has_expire, o->expire_s, now_s);
	}
	switch (o->verdict) {
	case REFRESH_FAILED:
		on_failed(r, o, now_s);
		break;
	case REFRESH_CURRENT:
		on_current(r, o, was_expired, now_s, random);
		break;
	case REFRESH_NEWER:
		on_newer(r, o, now_s, random);
		break;
	case REFRESH_GOT_DELTA:
	case REFRESH_GOT_ZONE:
		on_got(r, o, now_s, random);
		break;
	}
}
