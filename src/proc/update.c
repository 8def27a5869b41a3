/* update.c - the updates of a zone: list, chains, arrival, windows.
 * Runs in: xfrd. Pure: no I/O, no clock. Always holds: an update that another
 * one needs to be applied stays in the list, whatever its state. */
#include "proc/update.h"

#include <stdlib.h>
#include <string.h>

#include "dns/serial.h"
#include "proc/update_list.h"

/* --- list ------------------------------------------------------------- */

void
update_fire(struct update *u, enum update_happening h)
{
	enum err e = update_state_fire(&u->state, h);
	ASSERT(e == OK);
	u->is_changed = true;
}

struct update *
update_by_id(const struct update_zone *z, uint64_t id)
{
	struct update *u = z->first;
	while (u != NULL && u->id != id)
		u = u->next;
	return u;
}

static void
append(struct update_zone *z, struct update *u)
{
	struct update **end = &z->first;
	while (*end != NULL)
		end = &(*end)->next;
	u->next = NULL;
	*end = u;
}

static void
take_out(struct update_zone *z, const struct update *u)
{
	struct update **at = &z->first;
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
}

bool
update_is_under_way(const struct update *u)
{
	return u->state == UPDATE_STAGED || u->state == UPDATE_VERIFYING ||
	    u->state == UPDATE_ACCEPTED;
}

struct update *
update_tip(const struct update_zone *z)
{
	struct update *tip = NULL;
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (update_is_under_way(u))
			tip = u;
	return tip;
}

/* --- chains ----------------------------------------------------------- */

/* The update it stands on; null: none, or it is gone (see *is_broken). */
static const struct update *
below(const struct update_zone *z, const struct update *u, bool *is_broken)
{
	*is_broken = false;
	if (u->kind != UPDATE_IXFR)
		return NULL;
	const struct update *base = NULL;
	if (u->base_id == 0)
		*is_broken = !z->has_published || u->from != z->published;
	else
		*is_broken = (base = update_by_id(z, u->base_id)) == NULL ||
		    base->to != u->from;
	return *is_broken ? NULL : base;
}

/* Parts and octets of deltas from the tip down; 0 parts: broken. */
static size_t
chain_size(const struct update_zone *z, const struct update *tip,
    uint64_t *octets)
{
	size_t parts = 0;
	bool is_broken;
	*octets = 0;
	for (const struct update *u = tip; u != NULL;
	    u = below(z, u, &is_broken)) {
		parts++;
		if (u->kind == UPDATE_IXFR)
			*octets += u->octets;
		below(z, u, &is_broken);
		if (is_broken)
			return 0;
	}
	return parts;
}

bool
update_is_sound(const struct update_zone *z, const struct update *u)
{
	uint64_t octets;
	return chain_size(z, u, &octets) > 0;
}

size_t
update_chain(const struct update_zone *z, const struct update *tip,
    const struct update **parts, size_t max)
{
	uint64_t octets;
	bool is_broken;
	size_t n = chain_size(z, tip, &octets);
	if (n == 0 || n > max)
		return 0;
	const struct update *u = tip;
	for (size_t i = n; i > 0; i--) {
		parts[i - 1] = u;
		u = below(z, u, &is_broken);
	}
	return n;
}

bool
update_drop_above(struct update_zone *z, const struct update *base)
{
	bool was_staged = false;
	for (struct update *u = z->first; u != NULL; u = u->next) {
		if (u->base_id != base->id || u == base)
			continue;
		if (u->state == UPDATE_RECEIVING) {
			u->base_id = UPDATE_BASE_GONE;
		} else if (u->state == UPDATE_STAGED) {
			update_fire(u, ON_UPDATE_DROPPED);
			update_drop_above(z, u);
			was_staged = true;
		}
	}
	return was_staged;
}

/* --- arrival ---------------------------------------------------------- */

bool
update_ask_serial(const struct update_zone *z, uint32_t *serial)
{
	const struct update *tip = update_tip(z);
	if (tip == NULL && !z->has_published)
		return false;
	*serial = tip != NULL ? tip->to : z->published;
	return true;
}

struct update *
update_begin(struct update_zone *z, uint64_t id, enum update_kind kind)
{
	const struct update *tip = update_tip(z);
	struct update *u = calloc(1, sizeof *u);
	ASSERT(u != NULL && id != 0 && id != UPDATE_BASE_GONE);
	u->id = id;
	u->kind = kind;
	u->state = UPDATE_RECEIVING;
	if (kind == UPDATE_IXFR) {
		u->base_id = tip != NULL ? tip->id : 0;
		u->from = tip != NULL ? tip->to : z->published;
	}
	append(z, u);
	return u;
}

/* On what does a delta stand that starts at this serial? */
static enum err
stand(const struct update_zone *z, struct update *u, uint32_t from)
{
	const struct update *base = update_by_id(z, u->base_id);
	u->from = from;
	if (u->base_id == UPDATE_BASE_GONE)
		return ERR_AGAIN;
	if (u->base_id != 0 && base != NULL && base->to == from)
		return OK;
	if (!z->has_published || z->published != from)
		return ERR_PEER_INCONSISTENT;
	u->base_id = 0;
	return OK;
}

static bool
is_stale(const struct update_zone *z, struct update *u)
{
	const struct update *tip = update_tip(z);
	bool is_older = z->has_published && !serial_newer(u->to, z->published);
	if (u->goes_back)
		return false;
	if (tip != NULL && !serial_newer(u->to, tip->to))
		return true;
	/* What an expired zone published binds nobody (P3). */
	u->goes_back = is_older && z->is_expired;
	return is_older && !z->is_expired;
}

/* Then one transfer of the whole costs less than the deltas. */
static bool
is_chain_too_large(const struct update_zone *z, const struct update *u)
{
	uint64_t octets, most = z->published_octets;
	size_t parts = chain_size(z, u, &octets);
	if (most < UPDATE_CHAIN_OCTETS)
		most = UPDATE_CHAIN_OCTETS;
	return parts > UPDATE_CHAIN_MAX ||
	    (parts > 1 && z->published_octets > 0 && octets > most);
}

/* The staged part of a chain that is given up. */
static void
drop_staged(struct update_zone *z)
{
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (u->state == UPDATE_STAGED)
			update_fire(u, ON_UPDATE_DROPPED);
}

enum err
update_arrive(struct update_zone *z, struct update *u, enum update_kind kind,
    uint32_t from, uint32_t to, uint64_t octets, int64_t now_s,
    struct update_acts *acts)
{
	enum err e = OK;
	ASSERT(u->state == UPDATE_RECEIVING);
	take_out(z, u);
	append(z, u);
	u->kind = kind;
	u->to = to;
	u->octets = octets;
	u->received_s = now_s;
	if (kind == UPDATE_IXFR)
		e = stand(z, u, from);
	else
		u->base_id = u->from = 0;
	if (e == ERR_PEER_INCONSISTENT) {
		update_fire(u, ON_UPDATE_UNUSABLE);
		acts->ask_axfr = true;
		return e;
	}
	if (e == OK && is_stale(z, u))
		e = ERR_PEER_STALE;
	if (e == OK && kind == UPDATE_IXFR && is_chain_too_large(z, u)) {
		e = ERR_LIMIT;
		drop_staged(z);
		acts->ask_axfr = true;
	}
	acts->ask_ixfr |= e == ERR_AGAIN;
	update_fire(u, e == OK ? ON_UPDATE_ARRIVED : ON_UPDATE_DROPPED);
	return e;
}

void
update_give_up(struct update_zone *z, struct update *u)
{
	(void)z;
	if (u->state == UPDATE_RECEIVING)
		update_fire(u, ON_UPDATE_DROPPED);
}

/* --- restart ---------------------------------------------------------- */

#define FLAG_GOES_BACK 1u
#define FLAG_PASSED 2u
#define FLAG_APPROVED 4u
#define FLAG_WAIVED 8u
#define FLAG_UNVERIFIED 16u
#define FLAG_EXHAUSTED 32u
#define FLAG_RECHECK 64u
#define FLAG_UNSERVED 128u

uint32_t
update_flags(const struct update *u)
{
	return (u->goes_back ? FLAG_GOES_BACK : 0) |
	    (u->is_passed ? FLAG_PASSED : 0) |
	    (u->is_approved ? FLAG_APPROVED : 0) |
	    (u->is_waived ? FLAG_WAIVED : 0) |
	    (u->is_unverified ? FLAG_UNVERIFIED : 0) |
	    (u->is_exhausted ? FLAG_EXHAUSTED : 0) |
	    (u->is_recheck_wanted ? FLAG_RECHECK : 0) |
	    (u->is_unserved ? FLAG_UNSERVED : 0);
}

void
update_set_flags(struct update *u, uint32_t flags)
{
	u->goes_back = (flags & FLAG_GOES_BACK) != 0;
	u->is_passed = (flags & FLAG_PASSED) != 0;
	u->is_approved = (flags & FLAG_APPROVED) != 0;
	u->is_waived = (flags & FLAG_WAIVED) != 0;
	u->is_unverified = (flags & FLAG_UNVERIFIED) != 0;
	u->is_exhausted = (flags & FLAG_EXHAUSTED) != 0;
	u->is_recheck_wanted = (flags & FLAG_RECHECK) != 0;
	u->is_unserved = (flags & FLAG_UNSERVED) != 0;
}

static bool
is_of_use(const struct update_zone *z, const struct update *u)
{
	switch (u->state) {
	case UPDATE_RECEIVING:
	case UPDATE_VERIFYING:
	case UPDATE_PUBLISHED:
	case UPDATE_REFUSED:
		return false;
	case UPDATE_SUPERSEDED:	/* a later one may stand on it */
		return update_is_sound(z, u);
	case UPDATE_STAGED:
	case UPDATE_ACCEPTED:
	case UPDATE_REJECTED:
	case UPDATE_FAILED:
	case UPDATE_HELD:
		break;
	}
	return update_is_sound(z, u) && (!z->has_published || u->goes_back ||
	    serial_newer(u->to, z->published));
}

bool
update_restore(struct update_zone *z, const struct update *stored,
    struct update **u)
{
	if (update_by_id(z, stored->id) != NULL || !is_of_use(z, stored))
		return false;
	struct update *n = malloc(sizeof *n);
	ASSERT(n != NULL);
	*n = *stored;
	n->is_changed = n->is_told_over = false;
	append(z, n);
	*u = n;
	return true;
}

/* --- windows ---------------------------------------------------------- */

struct update *
update_due(const struct update_zone *z)
{
	struct update *tip = NULL;
	if (z->candidate != 0)
		return NULL;
	for (struct update *u = z->first; u != NULL; u = u->next) {
		/* A candidate is a copy of what is published. */
		if (u->state == UPDATE_ACCEPTED)
			return NULL;
		if (u->state == UPDATE_STAGED)
			tip = u;
	}
	return tip;
}

bool
update_wants_own(const struct update_zone *z, const struct update *tip)
{
	return z->is_alone || z->is_suspect ||
	    (tip->kind != UPDATE_IXFR && tip->octets >= z->policy.bulk_octets);
}

void
update_take(struct update_zone *z, struct update *tip, uint64_t candidate)
{
	ASSERT(candidate != 0 && z->candidate == 0);
	for (struct update *u = z->first; u != NULL; u = u->next)
		if (u->state == UPDATE_STAGED && u != tip)
			update_fire(u, ON_UPDATE_DROPPED);
	update_fire(tip, ON_UPDATE_TAKEN);
	z->candidate = candidate;
	z->candidate_tip = tip->id;
}

bool
update_next_known(const struct update_zone *z, int64_t now_s,
    const struct update **at)
{
	const struct update *u = *at == NULL ? z->first : (*at)->next;
	/* Where a rejection does not keep a version back none is known; what
	 * cannot be published is, everywhere. */
	bool keeps_back = z->policy.is_verified &&
	    z->policy.mode != UPDATE_REPORT;
	for (; u != NULL; u = u->next) {
		bool is_judged = (keeps_back &&
		    (u->state == UPDATE_REJECTED ||
		    (u->state == UPDATE_FAILED && u->is_exhausted))) ||
		    (u->state == UPDATE_HELD && u->is_unserved);
		if (!is_judged || !u->has_digest || u->is_forgiven ||
		    (u->retry_s != 0 && u->retry_s <= now_s))
			continue;
		*at = u;
		return true;
	}
	return false;
}

int64_t
window_start_ms(const struct window_clock *c, int64_t now_ms)
{
	if (c->is_ordered)
		return now_ms;
	if (c->spacing_s < 0)
		return INT64_MAX;
	int64_t start = c->last_start_ms + (int64_t)c->spacing_s * 1000;
	return !c->was_started || start < now_ms ? now_ms : start;
}

/* --- bookkeeping ------------------------------------------------------ */

static bool
is_final(const struct update_zone *z, const struct update *u)
{
	switch (u->state) {
	case UPDATE_REFUSED:
	case UPDATE_SUPERSEDED:
		return true;
	case UPDATE_PUBLISHED:	/* in report mode its check may still run */
		return z->candidate == 0 || z->candidate_tip != u->id;
	case UPDATE_RECEIVING:
	case UPDATE_STAGED:
	case UPDATE_VERIFYING:
	case UPDATE_ACCEPTED:
	case UPDATE_REJECTED:
	case UPDATE_FAILED:
	case UPDATE_HELD:
		return false;
	}
	return false;
}

bool
update_is_over(const struct update_zone *z, const struct update *u)
{
	if (u->is_told_over || !is_final(z, u))
		return u->is_told_over;
	for (const struct update *v = z->first; v != NULL; v = v->next) {
		const struct update *w = is_final(z, v) ? NULL : v;
		while (w != NULL && w != u)
			w = update_by_id(z, w->base_id);
		if (w == u)
			return false;
	}
	return true;
}

/* All that an open update stands on, directly or not. */
static void
mark_needed(struct update_zone *z)
{
	for (struct update *u = z->first; u != NULL; u = u->next)
		u->is_needed = false;
	for (struct update *u = z->first; u != NULL; u = u->next) {
		if (is_final(z, u))
			continue;
		struct update *v = update_by_id(z, u->base_id);
		for (; v != NULL && !v->is_needed;
		    v = update_by_id(z, v->base_id))
			v->is_needed = true;
	}
}

struct update *
update_next_changed(struct update_zone *z)
{
	mark_needed(z);
	for (struct update *u = z->first; u != NULL; u = u->next) {
		bool is_over = is_final(z, u) && !u->is_needed;
		if (u->is_told_over || u->state == UPDATE_RECEIVING ||
		    (!is_over && !u->is_changed))
			continue;
		u->is_changed = false;
		u->is_told_over = is_over;
		return u;
	}
	return NULL;
}

static void
release(struct update_zone *z, struct update *u,
    void (*drop)(void *arg, struct update *u), void *arg)
{
	take_out(z, u);
	if (drop != NULL)
		drop(arg, u);
	free(u);
}

void
update_sweep(struct update_zone *z,
    void (*drop)(void *arg, struct update *u), void *arg)
{
	for (struct update *u = z->first, *next; u != NULL; u = next) {
		next = u->next;
		if (u->is_told_over)
			release(z, u, drop, arg);
	}
}

void
update_zone_clear(struct update_zone *z,
    void (*drop)(void *arg, struct update *u), void *arg)
{
	while (z->first != NULL)
		release(z, z->first, drop, arg);
	z->candidate = z->candidate_tip = 0;
}
