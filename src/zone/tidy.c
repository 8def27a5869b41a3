/* tidy.c - rewriting zones so that dead octets go back, slice by slice.
 * Runs in: store, between events.
 *
 * A layered zone has old chunks (from a build or a whole rewrite) and young
 * ones (from patches); one too small for that has young ones only. Nothing in
 * an old chunk refers to a young one: patches copy every way down from the
 * root. So the young chunks can be emptied by walking the young arrays alone;
 * when too much of the old ones is dead the whole zone is walked. Chunks being
 * emptied are victims: what is live in them is copied into new chunks; arrays
 * in new chunks are edited in place (forked processes have their own copies of
 * the page). A victim whose last block moved goes back at once.
 *
 * A zone in shared chunks is rewritten at one go. */
#include <string.h>

#include "base/clock.h"
#include "zone/db.h"
#include "zone/node.h"

#define WHOLE_LEAST ((uint64_t)1 << 20)
#define YOUNG_LEAST ((uint64_t)4 << 20)
#define SMALL_LEAST 4096
#define SPARSE_LEAST ((uint64_t)4 << 20)
#define ROUNDS_MAX 3

struct mover {
	struct zonedb *db;
	struct mem_op op;
	struct node_writer writer;
	struct zone_version *v;
	struct zkey cursor;	/* go on after it */
	struct zkey here;
	bool has_cursor;
	unsigned leaves;
	int64_t until_us;	/* 0: to the end */
	enum err failed;
};

enum walk { WALK_ON, WALK_STOP };

static uint8_t
gen_of(const struct mover *m, uint32_t ref)
{
	return m->db->mem.chunks[region_chunk_of(ref)].gen;
}

static bool
must_move(const struct mover *m, uint32_t ref)
{
	return !mem_is_own(&m->op, ref);
}

static enum walk
fail(struct mover *m, enum err e)
{
	m->failed = e;
	return WALK_STOP;
}

static enum walk
move_leaf(struct mover *m, struct twig *t, bool on_path)
{
	const struct zone_node *n = node_at(m->v, t->ref);
	struct twig leaf;
	if (on_path) {
		version_key_of(m->v, t->ref, &m->here);
		unsigned d = key_difference(&m->here, &m->cursor);
		if (key_at(&m->here, d) <= key_at(&m->cursor, d))
			return WALK_ON;
	}
	if (must_move(m, t->ref)) {
		enum err e = node_copy(&m->writer, m->v, n, &leaf);
		if (e != OK)
			return fail(m, e);
		mem_retire(&m->op, t->ref, n->octets);
		*t = leaf;
	}
	if (m->until_us == 0 || ++m->leaves % 32 != 0 ||
	    clock_mono_us() < m->until_us)
		return WALK_ON;
	version_key_of(m->v, t->ref, &m->cursor);
	m->has_cursor = true;
	return WALK_STOP;
}

/* Depth is bounded by the length of a key. on_path: the cursor goes through
 * this twig. */
static enum walk
move_twig(struct mover *m, struct twig *t, bool on_path)
{
	if (twig_is_empty(t))
		return WALK_ON;
	if (!twig_is_branch(t))
		return move_leaf(m, t, on_path);
	if (m->op.is_tidy && gen_of(m, t->ref) == MEM_OLD)
		return WALK_ON;
	uint64_t word = twig_word(t);
	struct twig *array = trie_own_array(&m->op, t);
	if (array == NULL)
		return fail(m, ERR_FULL);
	unsigned n = branch_count(word), first = 0, path = n;
	if (on_path) {
		unsigned symbol = key_at(&m->cursor, branch_offset(word));
		first = branch_rank(word, symbol);
		path = branch_has(word, symbol) ? first : n;
	}
	for (unsigned i = first; i < n; i++)
		if (move_twig(m, array + i, i == path) == WALK_STOP)
			return WALK_STOP;
	return WALK_ON;
}

/* Copies a block if it must move; *ref is where it is then. */
static bool
move_block(struct mover *m, uint32_t *ref, size_t octets)
{
	void *at;
	if (!must_move(m, *ref))
		return true;
	uint32_t to = mem_alloc(&m->op, octets, &at);
	if (to == 0)
		return false;
	memcpy(at, mem_at(&m->db->mem, *ref), octets);
	mem_retire(&m->op, *ref, octets);
	*ref = to;
	return true;
}

static bool
move_steps(struct mover *m)
{
	struct zone_version *v = m->v;
	size_t octets = v->n_steps * sizeof(struct zone_step_row);
	if (v->n_steps == 0)
		return true;
	if (!move_block(m, &v->steps, octets) ||
	    !mem_writable(&m->db->mem, v->steps))
		return false;
	struct zone_step_row *rows = mem_at(&m->db->mem, v->steps);
	for (unsigned i = 0; i < v->n_steps; i++)
		if (!move_block(m, &rows[i].octets_ref, rows[i].len))
			return false;
	return true;
}

static bool
move_ents(struct mover *m)
{
	return m->v->n_ents == 0 || move_block(m, &m->v->ents,
	    m->v->n_ents * sizeof(uint64_t));
}

/* The version block itself, last of all. */
static bool
move_version(struct mover *m, struct zone_slot *s)
{
	uint32_t ref = version_ref(m->v);
	if (!move_steps(m) || !move_ents(m) ||
	    !move_block(m, &ref, version_octets(m->v)))
		return false;
	m->v = s->version = mem_at(&m->db->mem, ref);
	return true;
}

/* A zone in shared chunks at one go; if it has grown it gets its own. */
static void
rewrite_small(struct zonedb *db, struct zone_slot *s)
{
	struct mover m = { .db = db, .v = s->version };
	struct zone_version *old = s->version;
	bool grew = old->wire_octets >= OWN_CHUNKS_FROM;
	struct twig main = old->main, nsec3 = old->nsec3;
	if (grew) {
		if (old->wire_octets >= LAYERED_FROM)
			s->pool = pool_create(old->wire_octets);
		mem_op_start(&db->mem, &m.op, ++db->mem.last_owner, &s->open,
		    &s->pool_open, s->pool != NULL ? MEM_OLD : MEM_YOUNG);
	} else {
		slot_op_start(db, s, &m.op);
	}
	m.writer = (struct node_writer){ .op = &m.op, .pool = s->pool };
	/* The old version stays whole until all is copied. */
	bool ok = move_twig(&m, &main, false) == WALK_ON &&
	    move_twig(&m, &nsec3, false) == WALK_ON;
	struct zone_version *v = ok ? version_alloc(db, &m.op, s) : NULL;
	if (v != NULL) {
		memcpy(v, old, sizeof *v);
		v->owner = m.op.owner;
		v->main = main;
		v->nsec3 = nsec3;
		m.v = v;
		ok = move_steps(&m) && move_ents(&m) && version_finish(v);
	}
	if (v == NULL || !ok) {
		op_undo(db, &m.op);
		if (grew) {
			mem_drop_owner(&db->mem, m.op.owner);
			s->open = s->pool_open = 0;
			pool_free(&s->pool);
		}
		return;
	}
	mem_retire(&m.op, version_ref(old), version_octets(old));
	s->version = v;
	s->dead = 0;
	mem_settle(&db->mem, &m.op.dead);
	tally_free(&m.op.taken);
	if (s->pool != NULL)
		mem_close(&db->mem, &s->open);
}

static void
set_gens(struct mem *m, uint32_t owner, uint8_t from, uint8_t to)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		struct chunk *k = m->chunks + c;
		if (k->run != 0 && k->owner == owner && k->gen == from &&
		    !k->is_pool)
			k->gen = to;
	}
}

static void
set_pools(struct mem *m, uint32_t owner, uint8_t to)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		struct chunk *k = m->chunks + c;
		if (k->run != 0 && k->owner == owner && k->is_pool)
			k->gen = to;
	}
}

static bool
has_victims(const struct mem *m, uint32_t owner)
{
	for (uint32_t c = 1; c <= m->highest; c++) {
		const struct chunk *k = m->chunks + c;
		if (k->run != 0 && k->owner == owner &&
		    k->gen == MEM_VICTIM && !k->is_pool)
			return true;
	}
	return false;
}

static void
start(struct zonedb *db, struct zone_slot *s, enum tidy_kind kind)
{
	struct tidy *t = &db->tidy;
	uint32_t owner = s->version->owner;
	mem_close(&db->mem, &s->open);
	mem_drop_empty(&db->mem, owner);
	set_gens(&db->mem, owner, MEM_YOUNG, MEM_VICTIM);
	if (kind == TIDY_WHOLE) {
		set_gens(&db->mem, owner, MEM_OLD, MEM_VICTIM);
		/* All shared data is stored anew; the former goes at the end,
		 * when no node refers to it any more. */
		mem_close(&db->mem, &s->pool_open);
		set_pools(&db->mem, owner, MEM_VICTIM);
		pool_free(&s->pool);
		if (s->version->wire_octets >= LAYERED_FROM)
			s->pool = pool_create(s->version->wire_octets);
	}
	t->kind = kind;
	t->id = s->id;
	t->rounds = 0;
	t->has_cursor = t->in_nsec3 = false;
}

/* Also after a failure: what moved has moved, the rest stays where it is. */
static void
end(struct zonedb *db, struct zone_slot *s)
{
	struct mem *m = &db->mem;
	uint32_t owner = s->version->owner;
	bool is_whole = db->tidy.kind == TIDY_WHOLE;
	bool to_old = is_whole && s->pool != NULL;
	if (has_victims(m, owner)) {
		/* Young is always right for what may refer to anything. */
		set_gens(m, owner, MEM_VICTIM, to_old ? MEM_OLD : MEM_YOUNG);
		set_gens(m, owner, MEM_NEW, MEM_YOUNG);
		set_pools(m, owner, MEM_OLD);
	} else {
		if (is_whole)
			mem_drop_pools(m, owner, MEM_VICTIM);
		set_pools(m, owner, MEM_OLD);
		set_gens(m, owner, MEM_NEW, to_old ? MEM_OLD : MEM_YOUNG);
	}
	if (to_old)
		mem_close(m, &s->open);
	db->tidy.kind = TIDY_NONE;
}

/* The zone's maps from the cursor on; true when both are done. */
static bool
move_maps(struct mover *m, struct tidy *t)
{
	if (!t->in_nsec3) {
		if (move_twig(m, &m->v->main, m->has_cursor) == WALK_STOP)
			return false;
		t->in_nsec3 = true;
		m->has_cursor = false;
	}
	return move_twig(m, &m->v->nsec3, m->has_cursor) == WALK_ON;
}

static void
slice(struct zonedb *db, struct zone_slot *s, int64_t until_us)
{
	struct tidy *t = &db->tidy;
	struct mover m = { .db = db, .v = s->version, .until_us = until_us,
		.has_cursor = t->has_cursor };
	if (!mem_writable(&db->mem, version_ref(m.v))) {
		end(db, s);
		return;
	}
	slot_op_start(db, s, &m.op);
	m.op.is_tidy = true;
	m.writer = (struct node_writer){ .op = &m.op, .pool = s->pool };
	if (t->has_cursor)
		m.cursor = t->cursor;
	bool done = move_maps(&m, t);
	if (done && !move_version(&m, s))
		m.failed = ERR_FULL;
	ASSERT(version_finish(m.v));
	t->has_cursor = m.has_cursor;
	if (m.has_cursor)
		t->cursor = m.cursor;
	tally_free(&m.op.taken);
	if (m.failed != OK) {
		end(db, s);
	} else if (done && has_victims(&db->mem, s->version->owner) &&
	    ++t->rounds < ROUNDS_MAX) {
		/* Patches between the slices moved the ground under the
		 * cursor: once more from the start. */
		t->has_cursor = t->in_nsec3 = false;
	} else if (done) {
		end(db, s);
	}
}

static enum tidy_kind
what_helps(const struct zonedb *db, const struct zone_slot *s)
{
	struct mem_sums sum;
	mem_sums(&db->mem, s->version->owner, &sum);
	uint64_t dead = sum.used - sum.live;
	uint64_t young = sum.young_used - sum.young_live;
	if (dead > WHOLE_LEAST && dead > sum.live / 4)
		return TIDY_WHOLE;
	if (young > YOUNG_LEAST && young > sum.young_live)
		return TIDY_YOUNG;
	return TIDY_NONE;
}

static bool
is_worth_rewriting(const struct zone_slot *s)
{
	uint64_t octets = s->version->wire_octets;
	return octets >= OWN_CHUNKS_FROM ||
	    s->dead > SMALL_LEAST + octets / 4;
}

/* Most of what the zone's chunk holds is dead, though the zone is not to
 * blame: others were removed. */
static bool
is_in_ruins(const struct zonedb *db, const struct zone_slot *s)
{
	const struct chunk *k = db->mem.chunks +
	    region_chunk_of(version_ref(s->version));
	return !k->is_open && k->live < k->fill / 2;
}

static void
look_at_zone(struct zonedb *db, uint32_t id)
{
	struct zone_slot *s = slot_of(db, id);
	if (s == NULL)
		return;
	s->is_touched = false;
	if (s->version == NULL)
		return;
	if (s->version->owner == 0) {
		if (is_worth_rewriting(s))
			rewrite_small(db, s);
		return;
	}
	enum tidy_kind kind = what_helps(db, s);
	if (kind != TIDY_NONE)
		start(db, s, kind);
}

/* Part of a sweep over all small zones. */
static void
sweep(struct zonedb *db, int64_t until_us)
{
	struct tidy *t = &db->tidy;
	const struct slot_table *zones = &db->by_id;
	while (t->look_at <= zones->mask) {
		struct zone_slot *s = zones->rows[t->look_at++];
		if (s == NULL || s->version == NULL ||
		    s->version->owner != 0 || !is_in_ruins(db, s))
			continue;
		rewrite_small(db, s);
		if (clock_mono_us() >= until_us)
			return;
	}
	t->in_sweep = false;
}

static bool
shared_is_sparse(const struct zonedb *db)
{
	struct mem_sums sum;
	mem_sums(&db->mem, 0, &sum);
	uint64_t dead = sum.used - sum.live;
	return dead > SPARSE_LEAST && dead > sum.live;
}

bool
zonedb_tidy(struct zonedb *db, int64_t budget_us)
{
	struct tidy *t = &db->tidy;
	/* The rest is for what a slice does at its end. */
	int64_t until_us = clock_mono_us() + budget_us * 3 / 4;
	if (t->kind != TIDY_NONE) {
		slice(db, slot_of(db, t->id), until_us);
	} else if (db->n_touched > 0) {
		look_at_zone(db, db->touched[--db->n_touched]);
	} else if (t->in_sweep) {
		sweep(db, until_us);
	} else if (db->shared_changed) {
		db->shared_changed = false;
		t->in_sweep = shared_is_sparse(db);
		t->look_at = 0;
	}
	return t->kind != TIDY_NONE || db->n_touched > 0 || t->in_sweep ||
	    db->shared_changed;
}
