/* update_time.c - what waits: retries, rechecks, operators' decisions. When a
 * rejected serial is fetched again is the business of xfr/refresh.h.
 * Runs in: xfrd. Pure; times are arguments. */
#include <string.h>

#include "dns/serial.h"
#include "proc/update_list.h"

/* --- when nothing is under way ---------------------------------------- */

static bool
is_decidable(const struct update *u)
{
	return u->state == UPDATE_HELD || u->state == UPDATE_REJECTED ||
	    u->state == UPDATE_FAILED;
}

static void
verify_again(struct update *u)
{
	u->attempts = u->is_exhausted || u->state != UPDATE_FAILED
	    ? 0 : u->attempts;
	u->timeouts = u->attempts == 0 ? 0 : u->timeouts;
	u->is_exhausted = u->is_passed = u->is_recheck_wanted = false;
	u->is_unserved = false;
	u->retry_s = 0;
	update_fire(u, ON_UPDATE_AGAIN);
}

static bool
is_idle(const struct update_zone *z)
{
	return z->candidate == 0 && update_tip(z) == NULL;
}

static struct update *
newest_wanted(const struct update_zone *z)
{
	struct update *found = NULL;
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (is_decidable(u) && (u->is_approved ||
		    u->is_recheck_wanted))
			found = u;
	return found;
}

static struct update *
newest_due(const struct update_zone *z, int64_t now_s)
{
	struct update *found = NULL;
	for (struct update *u = z->first; u != NULL; u = u->next)
		if ((u->state == UPDATE_FAILED ||
		    u->state == UPDATE_REJECTED) && u->retry_s != 0 &&
		    u->retry_s <= now_s)
			found = u;
	return found;
}

void
update_settle(struct update_zone *z, int64_t now_s, struct update_acts *acts)
{
	struct update *u;
	if (!is_idle(z))
		return;
	if ((u = newest_wanted(z)) != NULL) {
		if (u->is_approved && u->is_passed &&
		    u->state == UPDATE_HELD) {
			update_fire(u, ON_UPDATE_APPROVED);
			acts->publish = u;
		} else {
			verify_again(u);
		}
	} else if ((u = newest_due(z, now_s)) != NULL) {
		verify_again(u);
	}
}

int64_t
update_wake_s(const struct update_zone *z)
{
	int64_t wake = INT64_MAX;
	/* What is under way settles the rest when it ends. */
	if (!is_idle(z))
		return wake;
	for (const struct update *u = z->first; u != NULL; u = u->next)
		if ((u->state == UPDATE_FAILED ||
		    u->state == UPDATE_REJECTED) && u->retry_s != 0 &&
		    u->retry_s < wake)
			wake = u->retry_s;
	return wake;
}

void
update_tick(struct update_zone *z, int64_t now_s, int64_t *next_s)
{
	struct update_acts acts = { 0 };
	update_settle(z, now_s, &acts);
	*next_s = update_wake_s(z);
}

/* --- operators -------------------------------------------------------- */

struct update *
update_find(const struct update_zone *z, uint32_t serial,
    const uint8_t *digest)
{
	struct update *found = NULL;
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (is_decidable(u) && u->to == serial &&
		    (digest == NULL || (u->has_digest &&
		    memcmp(u->digest, digest, sizeof u->digest) == 0)))
			found = u;
	return found;
}

enum err
update_approve(struct update_zone *z, struct update *u, bool is_waived,
    int64_t now_s, struct update_acts *acts)
{
	if (!is_decidable(u))
		return ERR_TRANSITION;
	u->is_approved = true;
	u->is_waived = is_waived;
	u->is_changed = true;
	update_settle(z, now_s, acts);
	return OK;
}

enum err
update_turn_down(struct update_zone *z, struct update *u, int64_t now_s,
    struct update_acts *acts)
{
	if (u->state != UPDATE_HELD && u->state != UPDATE_FAILED)
		return ERR_TRANSITION;
	u->is_approved = u->is_waived = u->is_recheck_wanted = false;
	u->is_passed = u->is_forgiven = false;
	u->judged_s = now_s;
	u->retry_s = 0;	/* a person's no is not looked at again by itself */
	update_fire(u, ON_UPDATE_TURNED_DOWN);
	acts->ask_ixfr |= update_drop_above(z, u);
	return OK;
}

enum err
update_recheck(struct update_zone *z, struct update *u)
{
	if (!is_decidable(u))
		return ERR_TRANSITION;
	u->is_recheck_wanted = true;
	u->is_changed = true;
	struct update_acts none = { 0 };
	update_settle(z, INT64_MIN, &none);
	return OK;
}

void
update_forgive(struct update_zone *z)
{
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (u->state == UPDATE_REJECTED ||
		    u->state == UPDATE_FAILED || u->is_unserved)
			u->is_forgiven = true;
}

void
update_clock_moved(struct update_zone *z, int64_t delta_s)
{
	for (struct update *u = z->first; u != NULL; u = u->next) {
		u->received_s += u->received_s != 0 ? delta_s : 0;
		u->judged_s += u->judged_s != 0 ? delta_s : 0;
		u->retry_s += u->retry_s != 0 ? delta_s : 0;
		u->is_changed = true;
	}
}
