/* pool.c - the slots of all verifiers.
 * Runs in: supervisor. Pure. Entries are few (a run per zone under
 * verification); those that wait are a list in the order of asking, those that
 * hold an array in the order of their slots. */
#include "verify/pool.h"

#include <stdlib.h>
#include <string.h>

/* How far the queue is searched for a zone that holds no slot; beyond it the
 * first in line has its turn. */
#define FAIRNESS_REACH 256

struct waiting {
	struct pool_entry entry;
	struct waiting *next;
};

struct pool {
	unsigned limit;		/* slots */
	bool is_hard;		/* a number was given */
	struct waiting *first, **last;
	unsigned waiting_count;
	struct pool_entry *holders;
	unsigned holder_count, holder_room;
};

void
pool_set_count(struct pool *p, unsigned count, unsigned cores)
{
	p->is_hard = count > 0;
	p->limit = count;
	if (!p->is_hard)
		p->limit = cores > POOL_UNSET_LEAST ? cores : POOL_UNSET_LEAST;
}

enum err
pool_create(unsigned count, unsigned cores, struct pool **p)
{
	struct pool *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return ERR_MEMORY;
	n->last = &n->first;
	pool_set_count(n, count, cores);
	*p = n;
	return OK;
}

void
pool_destroy(struct pool **p)
{
	if (*p == NULL)
		return;
	while ((*p)->first != NULL) {
		struct waiting *w = (*p)->first;
		(*p)->first = w->next;
		free(w);
	}
	free((*p)->holders);
	free(*p);
	*p = NULL;
}

enum err
pool_ask(struct pool *p, uint64_t id, uint32_t zone_id, int64_t now_ms)
{
	struct waiting *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ERR_MEMORY;
	w->entry = (struct pool_entry){ .id = id, .zone_id = zone_id,
		.since_ms = now_ms };
	*p->last = w;
	p->last = &w->next;
	p->waiting_count++;
	return OK;
}

/* Holders that count against the limit. */
static unsigned
counted_holders(const struct pool *p, int64_t now_ms)
{
	if (p->is_hard)
		return p->holder_count;
	unsigned n = 0;
	for (unsigned i = 0; i < p->holder_count; i++)
		if (now_ms - p->holders[i].since_ms < POOL_LONG_RUN_MS)
			n++;
	return n;
}

static bool
has_free_slot(const struct pool *p, int64_t now_ms)
{
	unsigned most = p->limit > POOL_UNSET_MOST ? p->limit :
	    POOL_UNSET_MOST;
	if (!p->is_hard && p->holder_count >= most)
		return false;
	return counted_holders(p, now_ms) < p->limit;
}

static bool
is_held_by_zone(const struct pool *p, uint32_t zone_id)
{
	for (unsigned i = 0; i < p->holder_count; i++)
		if (p->holders[i].zone_id == zone_id)
			return true;
	return false;
}

/* The link that leads to the one whose turn it is. */
static struct waiting **
next_in_turn(struct pool *p)
{
	struct waiting **link = &p->first;
	for (unsigned i = 0; i < FAIRNESS_REACH && *link != NULL; i++) {
		if (!is_held_by_zone(p, (*link)->entry.zone_id))
			return link;
		link = &(*link)->next;
	}
	return &p->first;
}

static struct pool_entry
take_out(struct pool *p, struct waiting **link)
{
	struct waiting *w = *link;
	struct pool_entry e = w->entry;
	*link = w->next;
	if (p->last == &w->next)
		p->last = link;
	p->waiting_count--;
	free(w);
	return e;
}

static bool
make_room(struct pool *p)
{
	if (p->holder_count < p->holder_room)
		return true;
	unsigned room = p->holder_room == 0 ? 16 : p->holder_room * 2;
	struct pool_entry *at = reallocarray(p->holders, room, sizeof(*at));
	if (at == NULL)
		return false;
	p->holders = at;
	p->holder_room = room;
	return true;
}

bool
pool_next(struct pool *p, int64_t now_ms, uint64_t *id)
{
	if (p->first == NULL || !has_free_slot(p, now_ms) || !make_room(p))
		return false;
	struct pool_entry e = take_out(p, next_in_turn(p));
	e.since_ms = now_ms;
	p->holders[p->holder_count++] = e;
	*id = e.id;
	return true;
}

bool
pool_release(struct pool *p, uint64_t id)
{
	for (unsigned i = 0; i < p->holder_count; i++) {
		if (p->holders[i].id != id)
			continue;
		p->holder_count--;
		memmove(&p->holders[i], &p->holders[i + 1],
		    (p->holder_count - i) * sizeof(p->holders[0]));
		return true;
	}
	for (struct waiting **l = &p->first; *l != NULL; l = &(*l)->next) {
		if ((*l)->entry.id != id)
			continue;
		take_out(p, l);
		return true;
	}
	return false;
}

int64_t
pool_wake_ms(const struct pool *p, int64_t now_ms)
{
	if (p->is_hard || p->first == NULL)
		return -1;
	/* In the order of their slots: the first that still counts is the
	 * first to stop counting. */
	for (unsigned i = 0; i < p->holder_count; i++) {
		int64_t at = p->holders[i].since_ms + POOL_LONG_RUN_MS;
		if (at > now_ms)
			return at;
	}
	return -1;
}

unsigned
pool_waiting_count(const struct pool *p)
{
	return p->waiting_count;
}

unsigned
pool_holder_count(const struct pool *p)
{
	return p->holder_count;
}

bool
pool_holder(const struct pool *p, unsigned i, struct pool_entry *e)
{
	if (i >= p->holder_count)
		return false;
	*e = p->holders[i];
	return true;
}

bool
pool_is_waiting(const struct pool *p, uint64_t id, unsigned *position,
    struct pool_entry *longest)
{
	unsigned n = 0;
	for (const struct waiting *w = p->first; w != NULL; w = w->next, n++) {
		if (w->entry.id != id)
			continue;
		*position = n;
		*longest = p->holder_count > 0 ? p->holders[0] :
		    (struct pool_entry){ 0 };
		return true;
	}
	return false;
}
