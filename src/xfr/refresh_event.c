/* refresh_event.c - what reaches a zone's refresh policy from outside of its
 * rounds: published, staged, rejected and refused versions, NOTIFY, operator.
 * Runs in: xfrd. Pure: time and random numbers are given. */
#include "dns/serial.h"
#include "xfr/refresh_inner.h"

static void
forget_rejected(struct refresh *r)
{
	r->timers.rejected_wait_s = 0;
	r->timers.rejected_next_s = 0;
	r->timers.rejected_serial = 0;
	for (unsigned i = 0; i < r->policy.n_primaries; i++)
		r->peers[i].gave_rejected = false;
}

void
refresh_published(struct refresh *r, const struct refresh_version *v,
    int64_t now_s, uint32_t random)
{
	r->is_published = true;
	r->serial = v->serial;
	r->refresh_s = v->refresh_s;
	r->retry_s = v->retry_s;
	r->expire_s = v->expire_s;
	if (!serial_newer(r->tip, v->serial))
		r->is_staged = false;
	if (!v->at_start)
		forget_rejected(r);
	refresh_new_lease(r, v, now_s, random);
}

void
refresh_staged(struct refresh *r, uint32_t serial)
{
	r->is_staged = true;
	r->tip = serial;
}

void
refresh_unstaged(struct refresh *r)
{
	r->is_staged = false;
}

void
refresh_forgive(struct refresh *r)
{
	forget_rejected(r);
}

static bool
is_known_rejected(const struct refresh *r, uint32_t serial)
{
	return r->timers.rejected_wait_s != 0 &&
	    r->timers.rejected_serial == serial;
}

/* Counts a rejection. A second opinion of the same serial is no retry of it,
 * so it does not lengthen the wait. */
static void
note_rejected(struct refresh *r, uint32_t serial, int primary, int64_t now_s)
{
	bool is_second = is_known_rejected(r, serial) && primary >= 0 &&
	    !r->peers[primary].gave_rejected;
	if (!is_known_rejected(r, serial)) {
		forget_rejected(r);
		r->timers.rejected_serial = serial;
	}
	if (!is_second) {
		r->timers.rejected_wait_s = refresh_rejected_wait_s(r);
		r->timers.rejected_next_s = now_s +
		    r->timers.rejected_wait_s;
	}
	for (unsigned i = 0; i < r->policy.n_primaries; i++)
		if (primary < 0 || (unsigned)primary == i)
			r->peers[i].gave_rejected = true;
}

static bool
has_other_opinion(const struct refresh *r)
{
	for (unsigned i = 0; i < r->policy.n_primaries; i++)
		if (!r->peers[i].gave_rejected)
			return true;
	return false;
}

/* The list may have become shorter since the version came. */
static int
known_primary(const struct refresh *r, int primary)
{
	return primary < (int)r->policy.n_primaries ? primary : -1;
}

void
refresh_rejected(struct refresh *r, uint32_t serial, int primary,
    int64_t now_s, uint32_t random)
{
	(void)random;
	primary = known_primary(r, primary);
	bool had_more = r->is_staged && serial_newer(r->tip, serial);
	struct refresh_why why = { .from = primary < 0 ? r->next :
		(unsigned)primary };
	r->is_staged = false;
	note_rejected(r, serial, primary, now_s);
	if (had_more) {
		/* The primary has gone on: ask it at once, from what is
		 * published. */
		why.is_direct = true;
		refresh_want_round(r, &why, true);
	} else if (has_other_opinion(r)) {
		why.is_direct = why.is_opinion = true;
		refresh_want_round(r, &why, true);
	}
}

void
refresh_refused(struct refresh *r, uint32_t serial, int primary,
    bool was_delta, int64_t now_s, uint32_t random)
{
	/* A full zone that is none is held back like a rejected one, so that
	 * NOTIFYs do not make us fetch it again and again. */
	primary = known_primary(r, primary);
	if (!was_delta) {
		refresh_rejected(r, serial, primary, now_s, random);
		return;
	}
	r->is_staged = false;
	refresh_full(r, primary);
}

bool
refresh_notify(struct refresh *r, const struct addr *from, bool has_serial,
    uint32_t serial, int64_t now_s)
{
	struct refresh_why why = { .from = r->next, .is_direct = has_serial };
	int primary = -1;
	uint32_t ours;
	for (unsigned i = 0; i < r->policy.n_primaries && primary < 0; i++)
		if (addr_same_host(&r->peers[i].addr, from))
			primary = (int)i;
	if (primary >= 0)
		why.from = (unsigned)primary;
	if (r->policy.n_primaries == 0)
		return false;
	if (has_serial) {
		bool is_expired =
		    refresh_state(r, now_s) == REFRESH_EXPIRED;
		if (refresh_newest(r, &ours) && !serial_newer(serial, ours) &&
		    !is_expired)
			return false;
		if (is_known_rejected(r, serial) && refresh_is_held(r, now_s)) {
			if (primary < 0 || r->peers[primary].gave_rejected)
				return false;
			why.is_opinion = true;
		}
		r->timers.notified_serial = serial;
		r->timers.notified_s = now_s;
		r->notified_rounds = 0;
	} else if (r->timers.next_s > now_s) {
		r->timers.next_s = now_s;	/* over a restart too */
	}
	refresh_want_round(r, &why, !has_serial);
	return true;
}

void
refresh_now(struct refresh *r)
{
	struct refresh_why why = { .from = r->next };
	refresh_want_round(r, &why, true);
}

void
refresh_soon(struct refresh *r, int64_t now_s)
{
	if (r->policy.n_primaries > 0 && r->timers.next_s > now_s + 1)
		r->timers.next_s = now_s + 1;
}

void
refresh_full(struct refresh *r, int primary)
{
	struct refresh_why why = { .is_direct = true, .is_full = true };
	primary = known_primary(r, primary);
	why.from = primary < 0 ? r->next : (unsigned)primary;
	refresh_want_round(r, &why, true);
}

void
refresh_transfer(struct refresh *r, bool force, int64_t now_s)
{
	struct refresh_why why = { .from = r->next, .is_direct = true,
		.may_refetch = true, .is_forced = force };
	(void)now_s;
	refresh_want_round(r, &why, true);
}
