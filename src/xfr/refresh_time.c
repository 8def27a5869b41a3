/* refresh_time.c - timers and lease of one zone: SOA values within the bounds
 * of the configuration, back-off, jitter, EXPIRE (RFC 1034 4.3.5, RFC 7314 4).
 * Runs in: xfrd. Pure: the time is given. Always: timers follow the published
 * SOA, never one that was rejected. */
#include "dns/serial.h"
#include "xfr/refresh_inner.h"

#define LONGEST_S 86400		/* a timer is never set further ahead */
#define EMPTY_START_S 10	/* first wait of a zone without data */
#define STAGED_ONLY_S 300	/* the first version is being verified */
#define MOST_DOUBLINGS 24

const char *
refresh_state_text(enum refresh_state s)
{
	switch (s) {
	case REFRESH_EMPTY:
		return "empty";
	case REFRESH_FRESH:
		return "fresh";
	case REFRESH_STALE:
		return "stale";
	case REFRESH_EXPIRED:
		return "expired";
	}
	return "";
}

static int64_t
clamp(int64_t v, int64_t least, int64_t most)
{
	if (v > most)
		v = most;
	if (v < least)
		v = least;
	return v;
}

/* 90 to 100 % of what is longer than 10 s, so that zones that came together
 * do not stay together. */
static int64_t
jittered(int64_t s, uint32_t random)
{
	s = clamp(s, 1, LONGEST_S);
	return s > 10 ? s - random % (s / 10 + 1) : s;
}

static int64_t
doubled(int64_t s, uint32_t times)
{
	return s << (times < MOST_DOUBLINGS ? times : MOST_DOUBLINGS);
}

static int64_t
interval(const struct refresh *r)
{
	return clamp(r->refresh_s, r->policy.min_refresh_s,
	    r->policy.max_refresh_s);
}

int64_t
refresh_interval_s(const struct refresh *r, uint32_t random)
{
	if (!r->is_published)
		return STAGED_ONLY_S;
	return jittered(interval(r), random);
}

int64_t
refresh_retry_s(const struct refresh *r, uint32_t random)
{
	uint32_t times = r->timers.backoff > 0 ? r->timers.backoff - 1 : 0;
	if (!r->is_published) {
		int64_t s = clamp(doubled(EMPTY_START_S, times), 1,
		    r->policy.max_retry_s);
		return clamp(s + random % EMPTY_START_S, 1, LONGEST_S);
	}
	return jittered(clamp(doubled(r->retry_s, times),
	    r->policy.min_retry_s, r->policy.max_retry_s), random);
}

uint32_t
refresh_rejected_wait_s(const struct refresh *r)
{
	int64_t first = r->is_published ? r->retry_s : EMPTY_START_S;
	int64_t s = r->timers.rejected_wait_s == 0 ? first :
	    (int64_t)r->timers.rejected_wait_s * 2;
	s = clamp(s, r->policy.min_retry_s, r->policy.max_retry_s);
	return (uint32_t)clamp(s, 1, INT32_MAX);
}

uint32_t
refresh_lease_s(const struct refresh *r)
{
	uint64_t least = r->policy.min_expire_s;
	if (r->policy.min_expire_is_sum)
		least = (uint64_t)r->refresh_s + r->retry_s + 1;
	if (least > UINT32_MAX)
		least = UINT32_MAX;
	return r->expire_s < least ? (uint32_t)least : r->expire_s;
}

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* RFC 7314 4: never longer than the SOA's EXPIRE. */
static uint32_t
option_or_lease(const struct refresh *r, bool has_option, uint32_t option_s)
{
	uint32_t lease = refresh_lease_s(r);
	return has_option && option_s < lease ? option_s : lease;
}

void
refresh_renew(struct refresh *r, bool has_option, uint32_t option_s,
    int64_t now_s)
{
	r->timers.checked_s = now_s;
	if (!r->is_published)
		return;
	int64_t until = now_s + option_or_lease(r, has_option, option_s);
	r->timers.expires_s = has_option ?
	    larger(until, r->timers.expires_s) : until;
	if (r->timers.expires_s > now_s) {
		r->is_expiry_seen = false;
		r->expired_rounds = 0;
	}
}

/* What the journal kept of this very version is worth more than what we would
 * assume. A check that is overdue is due now; one far ahead (the clock was
 * wrong) comes within the interval. */
static bool
lease_survives(struct refresh *r, const struct refresh_version *v,
    int64_t now_s)
{
	if (!v->at_start || r->timers.serial != v->serial ||
	    r->timers.expires_s == 0)
		return false;
	int64_t latest = now_s + clamp(interval(r), 1, LONGEST_S);
	r->timers.next_s = r->stored_next_s < latest ? r->stored_next_s :
	    latest;
	/* A NOTIFY was answered, and then we ended before we had asked. */
	if (r->timers.notified_s != 0 &&
	    serial_newer(r->timers.notified_serial, v->serial))
		r->timers.next_s = now_s;
	if (r->timers.expires_s > now_s + refresh_lease_s(r))
		r->timers.expires_s = now_s + refresh_lease_s(r);
	return true;
}

void
refresh_new_lease(struct refresh *r, const struct refresh_version *v,
    int64_t now_s, uint32_t random)
{
	struct refresh_timers *t = &r->timers;
	if (lease_survives(r, v, now_s))
		return;
	t->serial = v->serial;
	t->backoff = 0;
	r->is_expiry_seen = false;
	r->expired_rounds = 0;
	int64_t got = v->received_s != 0 ? v->received_s : now_s;
	int64_t until = got + option_or_lease(r, v->has_option, v->option_s);
	/* While it was verified, the primary was asked again: that counts. */
	if (t->checked_s > got)
		until = larger(until, v->has_option ? t->expires_s :
		    t->checked_s + refresh_lease_s(r));
	t->expires_s = until;
	t->next_s = v->at_start ? now_s :
	    now_s + refresh_interval_s(r, random);
}

bool
refresh_is_held(const struct refresh *r, int64_t now_s)
{
	return r->timers.rejected_wait_s != 0 &&
	    now_s < r->timers.rejected_next_s;
}

enum refresh_state
refresh_state(const struct refresh *r, int64_t now_s)
{
	if (!r->is_published)
		return REFRESH_EMPTY;
	if (r->policy.n_primaries == 0)
		return REFRESH_FRESH;
	if (now_s >= r->timers.expires_s)
		return REFRESH_EXPIRED;
	/* Since the last check; a zone never checked since it was loaded
	 * waits for its first round. */
	if (r->timers.backoff > 0 ||
	    now_s > r->timers.checked_s + clamp(interval(r), 1, LONGEST_S))
		return REFRESH_STALE;
	return REFRESH_FRESH;
}

static void
move(int64_t *t, int64_t delta_s)
{
	if (*t != 0)
		*t += delta_s;
}

void
refresh_clock_moved(struct refresh *r, int64_t delta_s, int64_t now_s)
{
	move(&r->timers.checked_s, delta_s);
	move(&r->timers.expires_s, delta_s);
	move(&r->timers.next_s, delta_s);
	move(&r->timers.rejected_next_s, delta_s);
	move(&r->timers.notified_s, delta_s);
	move(&r->stored_next_s, delta_s);
	move(&r->ordered_s, delta_s);
	for (unsigned i = 0; i < r->policy.n_primaries; i++)
		move(&r->peers[i].ixfr_off_until_s, delta_s);
	refresh_soon(r, now_s);
}
