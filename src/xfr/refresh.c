/* refresh.c - events and orders of one zone's refresh policy: which primary is
 * asked next, for what, and what follows from its answer.
 * Runs in: xfrd. Pure but for the list of primaries: time and random numbers
 * are given, nothing is sent. A round asks each primary at most once before
 * the next wait, so no answer, however odd, makes us ask without end. */
#include "xfr/refresh.h"

#include <stdlib.h>

#include "dns/serial.h"
#include "xfr/refresh_inner.h"

#define NOTIFIED_ROUNDS 2	/* then the notified serial is forgotten */

static bool
copy_policy(struct refresh *r, const struct refresh_policy *p)
{
	struct refresh_peer *peers = calloc(p->n_primaries + 1u,
	    sizeof(*peers));
	if (peers == NULL)
		return false;
	for (unsigned i = 0; i < p->n_primaries; i++) {
		const struct refresh_primary *from = &p->primaries[i];
		for (unsigned k = 0; k < r->policy.n_primaries; k++)
			if (addr_equal(&r->peers[k].addr, &from->addr))
				peers[i] = r->peers[k];
		peers[i].addr = from->addr;
		peers[i].axfr_only = from->axfr_only;
		peers[i].use_udp = from->use_udp;
	}
	free(r->peers);
	r->peers = peers;
	r->policy = *p;
	r->policy.primaries = NULL;
	return true;
}

struct refresh *
refresh_create(const struct refresh_policy *p,
    const struct refresh_timers *timers, int64_t now_s, uint32_t random)
{
	struct refresh *r = calloc(1, sizeof(*r));
	(void)random;	/* the first question is asked at once */
	if (r == NULL)
		return NULL;
	if (!copy_policy(r, p)) {
		free(r);
		return NULL;
	}
	if (timers != NULL && timers->version == REFRESH_TIMERS_VERSION)
		r->timers = *timers;
	r->timers.version = REFRESH_TIMERS_VERSION;
	/* Without a published version there is nothing to wait by. */
	r->stored_next_s = r->timers.next_s;
	r->timers.next_s = now_s;
	r->last = -1;
	/* Who gave it is not known any more: ask nobody out of turn. */
	for (unsigned i = 0; i < p->n_primaries; i++)
		r->peers[i].gave_rejected = r->timers.rejected_wait_s != 0;
	return r;
}

void
refresh_destroy(struct refresh **r)
{
	if (*r == NULL)
		return;
	free((*r)->peers);
	free(*r);
	*r = NULL;
}

/* Somebody is asked now who was not before. */
static bool
has_new_primary(const struct refresh *r, const struct refresh_policy *p)
{
	for (unsigned i = 0; i < p->n_primaries; i++) {
		bool is_known = false;
		for (unsigned k = 0; k < r->policy.n_primaries; k++)
			is_known |= addr_equal(&r->peers[k].addr,
			    &p->primaries[i].addr);
		if (!is_known)
			return true;
	}
	return false;
}

bool
refresh_configure(struct refresh *r, const struct refresh_policy *p,
    int64_t now_s)
{
	ASSERT(!r->is_busy);
	bool is_new = has_new_primary(r, p);
	if (!copy_policy(r, p))
		return false;
	if (r->is_round || is_new)
		r->timers.next_s = now_s;
	r->is_round = r->is_again = false;
	r->next = r->current = 0;
	r->last = -1;
	return true;
}

const struct refresh_timers *
refresh_timers(const struct refresh *r)
{
	return &r->timers;
}

bool
refresh_base(const struct refresh *r, uint32_t *serial)
{
	*serial = r->is_staged ? r->tip : r->serial;
	return r->is_published;
}

bool
refresh_newest(const struct refresh *r, uint32_t *serial)
{
	*serial = r->is_staged ? r->tip : r->serial;
	return r->is_staged || r->is_published;
}

bool
refresh_is_busy(const struct refresh *r)
{
	return r->is_busy;
}

bool
refresh_is_round(const struct refresh *r)
{
	return r->is_round;
}

int
refresh_primary(const struct refresh *r)
{
	return r->is_busy ? (int)r->current : r->last;
}

bool
refresh_is_notified_newer(const struct refresh *r)
{
	uint32_t ours;
	if (r->timers.notified_s == 0)
		return false;
	return !refresh_newest(r, &ours) ||
	    serial_newer(r->timers.notified_serial, ours);
}

bool
refresh_notified(const struct refresh *r, uint32_t *serial)
{
	*serial = r->timers.notified_serial;
	return refresh_is_notified_newer(r);
}

/* --- rounds --- */

static void
begin_round(struct refresh *r, const struct refresh_why *why)
{
	r->is_round = true;
	r->why = *why;
	r->stage = STAGE_ASK;
	r->takes_any = r->has_missed = r->has_checked = false;
	r->next = why->from < r->policy.n_primaries ? why->from : 0;
	r->is_collecting = r->policy.multi_primary_check &&
	    r->policy.n_primaries > 1 && !why->is_forced && !why->is_opinion;
	for (unsigned i = 0; i < r->policy.n_primaries; i++) {
		struct refresh_peer *p = &r->peers[i];
		p->has_seen = false;
		p->is_asked = why->is_opinion && p->gave_rejected;
	}
	if (why->is_full) {
		r->current = r->next;
		r->next = (r->next + 1) % r->policy.n_primaries;
		r->peers[r->current].is_asked = true;
		r->stage = STAGE_FULL;
	}
}

void
refresh_want_round(struct refresh *r, const struct refresh_why *why,
    bool anyway)
{
	if (r->policy.n_primaries == 0)
		return;
	if (!r->is_round) {
		begin_round(r, why);
		return;
	}
	if (!r->is_again) {
		r->again = *why;
	} else {
		r->again.from = why->from;
		r->again.is_direct |= why->is_direct;
		r->again.may_refetch |= why->may_refetch;
		r->again.is_forced |= why->is_forced;
		r->again.is_full |= why->is_full;
		r->again.is_opinion &= why->is_opinion;
	}
	r->is_again = true;
	r->is_again_anyway |= anyway;
}

void
refresh_end_round(struct refresh *r, bool is_success, int64_t now_s,
    uint32_t random)
{
	bool is_quiet = r->why.is_opinion && !r->has_checked;
	r->is_round = false;
	if (is_success) {
		r->timers.backoff = 0;
		r->timers.next_s = now_s + refresh_interval_s(r, random);
		r->next = r->current;
	} else if (!is_quiet) {
		/* A second opinion that nobody gave changes no timer. */
		r->timers.backoff++;
		r->timers.next_s = now_s + refresh_retry_s(r, random);
		if (refresh_state(r, now_s) == REFRESH_EXPIRED)
			r->expired_rounds++;
	}
	bool again = r->is_again &&
	    (r->is_again_anyway || refresh_is_notified_newer(r));
	struct refresh_why why = r->again;
	r->is_again = r->is_again_anyway = false;
	if (again)
		begin_round(r, &why);
}

/* Every primary was asked and none gave what we want. */
static void
exhaust_round(struct refresh *r, int64_t now_s, uint32_t random)
{
	bool is_missed = r->has_missed;
	bool is_held = refresh_is_held(r, now_s) &&
	    r->timers.notified_serial == r->timers.rejected_serial;
	if (refresh_is_notified_newer(r) && !is_held) {
		is_missed = true;
		if (++r->notified_rounds >= NOTIFIED_ROUNDS)
			r->timers.notified_s = 0;
	}
	refresh_end_round(r, r->has_checked && !is_missed, now_s, random);
}

static bool
pick_next(struct refresh *r)
{
	unsigned n = r->policy.n_primaries;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = (r->next + i) % n;
		if (r->peers[k].is_asked)
			continue;
		r->peers[k].is_asked = true;
		r->current = k;
		r->next = (k + 1) % n;
		return true;
	}
	return false;
}

/* multi-primary-check: all were asked; the one with the highest serial. */
static bool
pick_highest(struct refresh *r)
{
	int best = -1;
	if (!r->is_collecting)
		return false;
	for (unsigned i = 0; i < r->policy.n_primaries; i++) {
		const struct refresh_peer *p = &r->peers[i];
		if (p->has_seen && (best == -1 ||
		    serial_newer(p->seen, r->peers[best].seen)))
			best = (int)i;
	}
	if (best == -1)
		return false;
	r->peers[best].has_seen = false;
	r->current = (unsigned)best;
	r->stage = STAGE_FETCH;
	return true;
}

/* --- orders --- */

/* Whether the first question is for the serial alone: when the answer to
 * anything else might be what we have or may not have again. */
static bool
asks_serial_first(const struct refresh *r, bool has_ixfr, bool is_lost,
    int64_t now_s)
{
	uint32_t ours;
	if (r->stage != STAGE_ASK || r->why.is_forced)
		return false;
	if (r->is_collecting || is_lost)
		return true;
	if (r->why.is_direct)
		return false;
	if (refresh_is_held(r, now_s) && !r->why.may_refetch)
		return true;
	/* What could only come whole may be what we have. */
	return (!has_ixfr || !r->is_published) && refresh_newest(r, &ours);
}

static void
fill_order(struct refresh *r, int64_t now_s)
{
	const struct refresh_peer *p = &r->peers[r->current];
	struct refresh_order *o = &r->order;
	bool has_ixfr = !p->axfr_only && now_s >= p->ixfr_off_until_s;
	bool is_lost = r->expired_rounds > 0 &&
	    refresh_state(r, now_s) == REFRESH_EXPIRED;
	*o = (struct refresh_order){ .primary = r->current };
	o->has_serial = refresh_base(r, &o->from);
	bool any = r->why.is_forced || r->takes_any || is_lost ||
	    !o->has_serial;
	if (asks_serial_first(r, has_ixfr, is_lost, now_s))
		o->ask = XFR_ASK_SOA;
	else if (any || r->stage == STAGE_FULL || !has_ixfr)
		o->ask = XFR_ASK_AXFR;
	else
		o->ask = XFR_ASK_IXFR;
	o->accept_any = any && o->ask == XFR_ASK_AXFR;
	o->is_udp = p->use_udp && o->ask != XFR_ASK_AXFR;
	r->takes_any = false;
}

static bool
is_refetch_due(const struct refresh *r, int64_t now_s)
{
	return r->timers.rejected_wait_s != 0 &&
	    now_s >= r->timers.rejected_next_s;
}

/* Begins the round that a timer asks for. While the primaries fail, their
 * retry timer alone decides. */
static void
begin_if_due(struct refresh *r, int64_t now_s)
{
	struct refresh_why why = { .from = r->next };
	why.may_refetch = is_refetch_due(r, now_s);
	if (now_s < r->timers.next_s &&
	    (r->timers.backoff > 0 || !why.may_refetch))
		return;
	/* If no answer comes, this wait passes once more. */
	if (why.may_refetch)
		r->timers.rejected_next_s = now_s + r->timers.rejected_wait_s;
	begin_round(r, &why);
}

bool
refresh_decide(struct refresh *r, int64_t now_s, uint32_t random,
    struct refresh_order *order)
{
	if (r->policy.n_primaries == 0 || r->is_busy)
		return false;
	if (refresh_state(r, now_s) == REFRESH_EXPIRED)
		r->is_expiry_seen = true;
	if (!r->is_round)
		begin_if_due(r, now_s);
	while (r->is_round) {
		if (r->stage == STAGE_ASK && !pick_next(r) &&
		    !pick_highest(r)) {
			exhaust_round(r, now_s, random);
			continue;
		}
		fill_order(r, now_s);
		r->is_busy = true;
		r->ordered_s = now_s;
		*order = r->order;
		return true;
	}
	return false;
}

int64_t
refresh_wake_s(const struct refresh *r)
{
	const struct refresh_timers *t = &r->timers;
	if (r->policy.n_primaries == 0)
		return INT64_MAX;
	if (r->is_round && !r->is_busy)
		return 0;
	int64_t at = r->is_busy ? INT64_MAX : t->next_s;
	if (!r->is_busy && t->rejected_wait_s != 0 && t->backoff == 0 &&
	    t->rejected_next_s < at)
		at = t->rejected_next_s;
	if (r->is_published && !r->is_expiry_seen && t->expires_s < at)
		at = t->expires_s;
	return at;
}

void
refresh_cancelled(struct refresh *r)
{
	if (!r->is_busy)
		return;
	r->is_busy = r->is_round = false;
	/* Not at once: it may not have started for want of memory. */
	r->timers.next_s = r->ordered_s + 1;
	if (r->is_again) {
		struct refresh_why why = r->again;
		r->is_again = r->is_again_anyway = false;
		begin_round(r, &why);
	}
}
