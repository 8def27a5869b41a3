/* slots.c - the slots of all verifiers.
 * Runs in: supervisor. Pure. Entries are few (a run per zone under
 * verification); those that wait are a list in the order of asking, those that
 * hold an array in the order of their slots. */
#include "verify/slots.h"

#include <stdlib.h>
#include <string.h>

/* How far the queue is searched for a zone that holds no slot; beyond it the
 * first in line has its turn. */
#define FAIRNESS_REACH 256

struct waiting {
	struct slot entry;
	struct waiting *next;
};

struct slots {
	unsigned limit;		/* slots */
	bool is_hard;		/* a number was given */
	struct waiting *first, **last;
	unsigned waiting_count;
	struct slot *holders;
	unsigned holder_count, holder_room;
};

void
slots_set_count(struct slots *s, unsigned count, unsigned cores)
{
	s->is_hard = count > 0;
	s->limit = count;
	if (!s->is_hard)
		s->limit = cores > SLOTS_UNSET_LEAST ? cores :
		    SLOTS_UNSET_LEAST;
}

enum err
slots_create(unsigned count, unsigned cores, struct slots **s)
{
	struct slots *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return ERR_MEMORY;
	n->last = &n->first;
	slots_set_count(n, count, cores);
	*s = n;
	return OK;
}

void
slots_destroy(struct slots **s)
{
	if (*s == NULL)
		return;
	while ((*s)->first != NULL) {
		struct waiting *w = (*s)->first;
		(*s)->first = w->next;
		free(w);
	}
	free((*s)->holders);
	free(*s);
	*s = NULL;
}

enum err
slots_ask(struct slots *s, uint64_t id, uint32_t zone_id, int64_t now_ms)
{
	struct waiting *w = calloc(1, sizeof(*w));
	if (w == NULL)
		return ERR_MEMORY;
	w->entry = (struct slot){ .id = id, .zone_id = zone_id,
		.since_ms = now_ms };
	*s->last = w;
	s->last = &w->next;
	s->waiting_count++;
	return OK;
}

/* Holders that count against the limit. */
static unsigned
counted_holders(const struct slots *s, int64_t now_ms)
{
	if (s->is_hard)
		return s->holder_count;
	unsigned n = 0;
	for (unsigned i = 0; i < s->holder_count; i++)
		if (now_ms - s->holders[i].since_ms < SLOTS_LONG_RUN_MS)
			n++;
	return n;
}

static bool
has_free_slot(const struct slots *s, int64_t now_ms)
{
	unsigned most = s->limit > SLOTS_UNSET_MOST ? s->limit :
	    SLOTS_UNSET_MOST;
	if (!s->is_hard && s->holder_count >= most)
		return false;
	return counted_holders(s, now_ms) < s->limit;
}

static bool
is_held_by_zone(const struct slots *s, uint32_t zone_id)
{
	for (unsigned i = 0; i < s->holder_count; i++)
		if (s->holders[i].zone_id == zone_id)
			return true;
	return false;
}

/* The link that leads to the one whose turn it is. */
static struct waiting **
next_in_turn(struct slots *s)
{
	struct waiting **link = &s->first;
	for (unsigned i = 0; i < FAIRNESS_REACH && *link != NULL; i++) {
		if (!is_held_by_zone(s, (*link)->entry.zone_id))
			return link;
		link = &(*link)->next;
	}
	return &s->first;
}

static struct slot
take_out(struct slots *s, struct waiting **link)
{
	struct waiting *w = *link;
	struct slot e = w->entry;
	*link = w->next;
	if (s->last == &w->next)
		s->last = link;
	s->waiting_count--;
	free(w);
	return e;
}

static bool
make_room(struct slots *s)
{
	if (s->holder_count < s->holder_room)
		return true;
	unsigned room = s->holder_room == 0 ? 16 : s->holder_room * 2;
	struct slot *at = reallocarray(s->holders, room, sizeof(*at));
	if (at == NULL)
		return false;
	s->holders = at;
	s->holder_room = room;
	return true;
}

bool
slots_next(struct slots *s, int64_t now_ms, uint64_t *id)
{
	if (s->first == NULL || !has_free_slot(s, now_ms) || !make_room(s))
		return false;
	struct slot e = take_out(s, next_in_turn(s));
	e.since_ms = now_ms;
	s->holders[s->holder_count++] = e;
	*id = e.id;
	return true;
}

bool
slots_release(struct slots *s, uint64_t id)
{
	for (unsigned i = 0; i < s->holder_count; i++) {
		if (s->holders[i].id != id)
			continue;
		s->holder_count--;
		memmove(&s->holders[i], &s->holders[i + 1],
		    (s->holder_count - i) * sizeof(s->holders[0]));
		return true;
	}
	for (struct waiting **l = &s->first; *l != NULL; l = &(*l)->next) {
		if ((*l)->entry.id != id)
			continue;
		take_out(s, l);
		return true;
	}
	return false;
}

int64_t
slots_wake_ms(const struct slots *s, int64_t now_ms)
{
	if (s->is_hard || s->first == NULL)
		return -1;
	/* In the order of their slots: the first that still counts is the
	 * first to stop counting. */
	for (unsigned i = 0; i < s->holder_count; i++) {
		int64_t at = s->holders[i].since_ms + SLOTS_LONG_RUN_MS;
		if (at > now_ms)
			return at;
	}
	return -1;
}

unsigned
slots_waiting_count(const struct slots *s)
{
	return s->waiting_count;
}

unsigned
slots_holder_count(const struct slots *s)
{
	return s->holder_count;
}

bool
slots_holder(const struct slots *s, unsigned i, struct slot *e)
{
	if (i >= s->holder_count)
		return false;
	*e = s->holders[i];
	return true;
}

bool
slots_is_waiting(const struct slots *s, uint64_t id, unsigned *position,
    struct slot *longest)
{
	unsigned n = 0;
	for (const struct waiting *w = s->first; w != NULL; w = w->next, n++) {
		if (w->entry.id != id)
			continue;
		*position = n;
		*longest = s->holder_count > 0 ? s->holders[0] :
		    (struct slot){ 0 };
		return true;
	}
	return false;
}
