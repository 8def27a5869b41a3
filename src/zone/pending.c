/* pending.c - versions that are made but not yet current: kept, put in place,
 * given up.
 * Runs in: store and candidate. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dns/name.h"
#include "dns/rrtype.h"
#include "zone/db.h"
#include "zone/node.h"

void
slot_op_start(struct zonedb *db, struct zone_slot *s, struct mem_op *op)
{
	uint32_t owner = s->version == NULL ? 0 : s->version->owner;
	bool in_tidy = db->tidy.kind != TIDY_NONE && db->tidy.id == s->id;
	if (owner == 0)
		mem_op_start(&db->mem, op, 0, &db->mem.shared_open, NULL,
		    MEM_OLD);
	else
		mem_op_start(&db->mem, op, owner, &s->open, &s->pool_open,
		    in_tidy ? MEM_NEW : MEM_YOUNG);
}

void
slot_touch(struct zonedb *db, struct zone_slot *s)
{
	if (s->version->owner == 0)
		db->shared_changed = true;
	if (s->is_touched)
		return;
	if (db->n_touched == db->touched_room) {
		uint32_t room = db->touched_room ? db->touched_room * 2 : 16;
		uint32_t *more = realloc(db->touched, room * sizeof *more);
		if (more == NULL)
			return;
		db->touched = more;
		db->touched_room = room;
	}
	db->touched[db->n_touched++] = s->id;
	s->is_touched = true;
}

void
op_undo(struct zonedb *db, struct mem_op *op)
{
	mem_undo(&db->mem, &op->taken);
	tally_free(&op->dead);
}

enum err
pending_add(struct zonedb *db, struct mem_op *op, struct zone_version *v,
    struct pending *from)
{
	struct pending *p = malloc(sizeof *p);
	if (p == NULL)
		return ERR_MEMORY;
	*p = *from;
	p->version = v;
	p->taken = op->taken;
	p->dead = op->dead;
	p->next = db->pendings;
	db->pendings = p;
	return OK;
}

struct zone_version *
version_alloc(struct zonedb *db, struct mem_op *op, const struct zone_slot *s)
{
	struct zone_version *v;
	if (mem_alloc(op, sizeof *v + s->apex_len, &v) == 0)
		return NULL;
	memset(v, 0, sizeof *v);
	v->base = db->mem.region.base;
	v->id = s->id;
	v->owner = op->owner;
	v->apex_labels = s->apex_labels;
	v->apex_len = s->apex_len;
	memcpy(v->apex, s->apex, s->apex_len);
	return v;
}

bool
version_finish(struct zone_version *v)
{
	const struct twig *t = &v->main;
	if (twig_is_empty(t))
		return false;
	while (twig_is_branch(t))
		t = twig_array(v->base, t->ref);
	/* The apex comes before all names below it. */
	const struct zone_node *n = node_at(v, t->ref);
	if (!name_equal(n->octet, v->apex))
		return false;
	v->apex_node = t->ref;
	v->flags &= (uint8_t)~(VERSION_SIGNED | VERSION_NSEC);
	v->flags |= (uint8_t)((n->facts & NODE_DNSKEY ? VERSION_SIGNED : 0) |
	    (n->facts & NODE_NSEC ? VERSION_NSEC : 0));
	return true;
}

static struct pending *
pending_take(struct zonedb *db, const struct zone_version *v)
{
	for (struct pending **p = &db->pendings; *p != NULL; p = &(*p)->next)
		if ((*p)->version == v) {
			struct pending *found = *p;
			*p = found->next;
			return found;
		}
	return NULL;
}

static void
pending_undo(struct zonedb *db, struct pending *p)
{
	tally_free(&p->dead);
	if (p->is_build && p->version->owner != 0) {
		tally_free(&p->taken);
		mem_drop_owner(&db->mem, p->version->owner);
	} else {
		mem_undo(&db->mem, &p->taken);
	}
	pool_free(&p->pool);
	free(p);
}

void
zonedb_discard(struct zonedb *db, struct zone_version *v)
{
	struct pending *p = pending_take(db, v);
	if (p != NULL)
		pending_undo(db, p);
}

/* What was made for a zone on top of what is no longer current. */
static void
discard_others(struct zonedb *db, uint32_t id)
{
	struct pending *p = db->pendings, *next;
	for (; p != NULL; p = next) {
		next = p->next;
		if (p->version->id == id)
			zonedb_discard(db, p->version);
	}
}

static void
tidy_forget(struct zonedb *db, uint32_t id)
{
	if (db->tidy.kind == TIDY_NONE || db->tidy.id != id)
		return;
	db->tidy.kind = TIDY_NONE;
}

/* The slot moves to the chunks of a build; the former ones are still there. */
static void
adopt_build(struct zonedb *db, struct zone_slot *s, struct pending *p)
{
	tidy_forget(db, s->id);
	pool_free(&s->pool);
	s->pool = p->pool;
	p->pool = NULL;
	s->pool_open = p->pool_open;
	s->dead = 0;
	/* Patches of a layered zone write into chunks of their own. */
	if (s->pool != NULL)
		mem_close(&db->mem, &p->open);
	s->open = p->open;
}

static void
drop_version(struct zonedb *db, struct zone_version *old)
{
	struct mem_op op;
	if (old == NULL)
		return;
	if (old->owner != 0) {
		mem_drop_owner(&db->mem, old->owner);
		return;
	}
	mem_op_start(&db->mem, &op, 0, &db->mem.shared_open, NULL, MEM_OLD);
	version_retire(db, &op, old, true);
	mem_settle(&db->mem, &op.dead);
	tally_free(&op.taken);
}

static bool
first_serial(const uint8_t *net, size_t len, uint32_t *serial)
{
	struct buf b = buf_reading(net, len);
	struct rr rr;
	return rr_take(&b, &rr) && rr_soa_serial(&rr, serial);
}

/* History of v, out of the old version's and the net delta that led here. */
static void
commit_steps(struct zonedb *db, struct zone_slot *s, struct mem_op *op,
    struct zone_version *v, struct zone_version *old, const uint8_t *net,
    size_t net_len, enum zonedb_history h, bool is_build)
{
	uint32_t from = 0;
	v->steps = v->n_steps = 0;
	if (h == HISTORY_CLEAR || !s->keep_history || net == NULL ||
	    old == NULL || !first_serial(net, net_len, &from) ||
	    from != old->serial)
		return;
	/* Without memory the version has no history: transfers fall back to
	 * AXFR, nothing else suffers. */
	if (!steps_write(db, op, s, v, old, net, net_len, from, is_build))
		v->steps = v->n_steps = 0;
}

void
zonedb_commit(struct zonedb *db, uint32_t id, struct zone_version *v,
    const uint8_t *net, size_t net_len, enum zonedb_history h)
{
	struct zone_slot *s = slot_of(db, id);
	struct pending *p = pending_take(db, v);
	struct zone_version *old;
	struct mem_op op;
	ASSERT(s != NULL && p != NULL && v->id == id);
	old = s->version;
	if (p->is_build)
		adopt_build(db, s, p);
	s->version = v;
	slot_op_start(db, s, &op);
	if (mem_writable(&db->mem, version_ref(v)))
		commit_steps(db, s, &op, v, old, net, net_len, h,
		    p->is_build);
	if (p->is_build) {
		drop_version(db, old);
	} else if (old != NULL) {
		steps_retire(db, &op, old, v->n_steps > 0 ?
		    v->n_steps - 1 : 0);
		mem_retire(&op, version_ref(old), version_octets(old));
		s->dead += p->dead.octets + op.dead.octets;
		mem_settle(&db->mem, &p->dead);
	}
	mem_settle(&db->mem, &op.dead);
	tally_free(&op.taken);
	tally_free(&p->taken);
	tally_free(&p->dead);
	pool_free(&p->pool);
	free(p);
	discard_others(db, id);
	slot_touch(db, s);
	mem_seal_full(&db->mem);
}

void
zonedb_clear(struct zonedb *db, uint32_t id)
{
	struct zone_slot *s = slot_of(db, id);
	if (s == NULL)
		return;
	discard_others(db, id);
	tidy_forget(db, id);
	drop_version(db, s->version);
	db->shared_changed = true;
	s->version = NULL;
	s->open = s->pool_open = 0;
	s->dead = 0;
	pool_free(&s->pool);
}
